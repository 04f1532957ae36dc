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

_SCRIPT = "scripts/process_data.sh"
"""The user's script in the build context."""


class ImageBuilder:
    """Builds from docker.Image's `build`, with another script in the place of the user's."""

    def __init__(
        self, engine: EngineName, script: Path | None, work: Path, note: Callable[[str], None]
    ) -> None:
        """Prepare to build.

        Args:
            engine: what the person asked for; `auto` is Docker if it can, else process.
            script: takes the place of process_data.sh; None leaves it.
            work: a directory for copies.
            note: told why it is not Docker, where that was tried first, and the engine's caveat.
        """
        self._asked_for: EngineName = engine
        self._script, self._work, self._note = script, work, note
        self.engine: Engine | None = None
        """The one that the image was built for."""

    def __call__(self, build: Mapping[str, Any]) -> str:
        """Build and return the engine's handle on the image.

        Raises:
            EngineError: the engine asked for, or with `auto` both, cannot work here, and why.
        """
        context = self._work / "context"
        build_context.copy(Path(build["context"]), context)
        if self._script:
            shutil.copyfile(self._script, context / _SCRIPT)
        engines: list[Engine] = [DockerEngine(), ProcessEngine(self._work / "images")]
        problems: list[str] = []
        for engine in engines:
            if self._asked_for not in ("auto", engine.name):
                continue
            try:
                image = _build(engine, context, build["args"])
            except EngineError as error:
                problems.append(str(error))
                continue
            for text in filter(None, (*problems, engine.caveat)):
                self._note(f"engine {engine.name}: {text}")
            self.engine = engine
            return image
        if self._asked_for != "auto":
            raise EngineError(problems[0])
        raise EngineError(
            "nothing here can run the container; install Docker with its buildx plug-in, "
            f"or on Linux util-linux ({'; '.join(problems)})"
        )


def _build(engine: Engine, context: Path, args: Mapping[str, str]) -> str:
    if reason := engine.available():
        raise EngineError(f"the {engine.name} engine cannot be used: {reason}")
    return engine.build(context, args)
