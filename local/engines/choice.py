"""Build an image with the engine that comes closest to SageMaker on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from local.engines.docker import DockerEngine
from local.engines.engine import Engine, EngineError
from local.engines.process import ProcessEngine

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

EngineName = Literal["auto", "docker", "process"]


@dataclass(frozen=True)
class Built:
    """An image, and the engine that it is for."""

    engine: Engine
    image: str
    """The engine's handle on it."""
    reason: str
    """Why it is not Docker's, where that would have been tried first."""


def build(
    name: EngineName, context: Path, dockerfile: str, args: Mapping[str, str], snapshots: Path
) -> Built:
    """Build a context; `auto` is Docker if it can, else process.

    Args:
        name: what the person asked for.
        context: the build context.
        dockerfile: its Dockerfile, relative to the context.
        args: the build arguments.
        snapshots: directory for the process engine's copies of contexts.

    Raises:
        EngineError: the engine asked for, or with `auto` both, cannot work here, and why.
    """
    docker, process = DockerEngine(), ProcessEngine(snapshots)
    tried = {"auto": [docker, process], "docker": [docker], "process": [process]}[name]
    problems: list[str] = []
    for engine in tried:
        try:
            image = _image(engine, context, dockerfile, args)
        except EngineError as error:
            problems.append(str(error))
        else:
            return Built(engine, image, "".join(problems))
    if name != "auto":
        raise EngineError(problems[0])
    raise EngineError(
        "nothing here can run the container; install Docker with its buildx plug-in, "
        f"or on Linux util-linux ({'; '.join(problems)})"
    )


def _image(engine: Engine, context: Path, dockerfile: str, args: Mapping[str, str]) -> str:
    if reason := engine.available():
        raise EngineError(f"the {engine.name} engine cannot be used: {reason}")
    return engine.build(context, dockerfile, args)
