"""Builds the program's image with the engine that comes closest to SageMaker on this machine."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from components import build_context
from local.engines import Engine, EngineError
from local.engines.docker import DockerEngine
from local.engines.process import ProcessEngine

EngineName = Literal["auto", "docker", "process"]


def build_image(
    build: Mapping[str, Any],
    asked_for: EngineName,
    work: Path,
    *,
    replaced: tuple[str, Path] | None = None,
    note: Callable[[str], None] = lambda _: None,
) -> tuple[Engine, str]:
    """Build docker.Image's `build`; return the engine that did, and its handle on the image.

    `replaced` is a path in the context, and the file or folder that takes its place; `work` is for
    copies.
    `note` is told why it is not Docker, where that was tried first, and the engine's caveat.

    Raises:
        EngineError: the engine asked for, or with `auto` both, cannot work here, and why.
    """
    context = work / "context"
    build_context.copy(Path(build["context"]), context)
    if replaced:
        _replace(context / replaced[0], replaced[1])
    engines: list[Engine] = [DockerEngine(), ProcessEngine(work / "images")]
    problems: list[str] = []
    for engine in engines:
        if asked_for not in ("auto", engine.name):
            continue
        if reason := engine.available():
            problems.append(f"the {engine.name} engine cannot be used: {reason}")
            continue
        try:
            image = engine.build(context, build["args"])
        except EngineError as error:
            problems.append(str(error))
            continue
        for text in filter(None, (*problems, engine.caveat)):
            note(f"engine {engine.name}: {text}")
        return engine, image
    if asked_for != "auto":
        raise EngineError(problems[0])
    raise EngineError(
        "nothing here can run the container; install Docker with its buildx plug-in, "
        f"or on Linux util-linux ({'; '.join(problems)})"
    )


def _replace(place: Path, stand_in: Path) -> None:
    if stand_in.is_dir():
        shutil.rmtree(place, ignore_errors=True)
        build_context.copy(stand_in, place)
    else:
        shutil.copyfile(stand_in, place)
