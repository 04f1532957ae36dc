"""Builds the program's image on this machine, with the engine that was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from components import build_context
from local.engines.choice import Choice, EngineName, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
        self.choice: Choice | None = None
        """The engine that was chosen at the first build."""

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
        arguments: dict[str, str] = build["args"]
        images = self._work / "images"
        self.choice = choose(self._engine, context, dockerfile, arguments, images)
        if self.choice.reason:
            self._note(f"engine process, not docker: {self.choice.reason}")
        if caveat := self.choice.engine.caveat:
            self._note(caveat)
        return self.choice.engine.build(context, dockerfile, arguments)
