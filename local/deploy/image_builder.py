"""Builds the program's image on this machine, with the engine that was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components import build_context
from local.engines import choice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.engines import Engine, EngineName

SCRIPT = "scripts/process_data.sh"
"""The user's script in the build context."""


class ImageBuilder:
    """Builds from docker.Image's `build`, with another script in the place of the user's."""

    def __init__(
        self, engine: EngineName, script: Path | None, work: Path, note: Callable[[str], None]
    ) -> None:
        """Prepare to build.

        Args:
            engine: what the person asked for.
            script: takes the place of process_data.sh; None leaves it.
            work: a directory for copies.
            note: told why it is not the engine that comes closest to SageMaker, and its caveat.
        """
        self._engine: EngineName = engine
        self._script, self._work, self._note = script, work, note
        self.engine: Engine | None = None
        """The one that the image was built for."""

    def __call__(self, build: Mapping[str, Any]) -> str:
        """Build and return the engine's handle on the image.

        Raises:
            EngineError: no engine works here, or the build failed.
        """
        context = self._work / "context"
        dockerfile = Path(build["dockerfile"]).relative_to(build["context"]).as_posix()
        build_context.copy(Path(build["context"]), context)
        if self._script:
            shutil.copyfile(self._script, context / SCRIPT)
        images = self._work / "images"
        built = choice.build(self._engine, context, dockerfile, build["args"], images)
        for text in filter(None, (built.reason, built.engine.caveat)):
            self._note(f"engine {built.engine.name}: {text}")
        self.engine = built.engine
        return built.image
