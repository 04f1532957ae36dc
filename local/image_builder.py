"""Builds the program's image on this machine, with the engine that was asked for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.engines.choice import Choice, EngineName, choose

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCRIPT = "process_data.sh"
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
            note: told why it is not the engine that comes closest to SageMaker.
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
        context = Path(build["context"])
        dockerfile = Path(build["dockerfile"]).relative_to(context).as_posix()
        if self._script:
            context = self._with_script(context, self._script)
        arguments: dict[str, str] = build.get("args", {})
        images = self._work / "images"
        self.choice = choose(self._engine, context, dockerfile, arguments, images)
        if self.choice.reason:
            self._note(f"engine process, not docker: {self.choice.reason}")
        return self.choice.engine.build(context, dockerfile, arguments)

    def _with_script(self, context: Path, script: Path) -> Path:
        copy = self._work / "context"
        shutil.copytree(context, copy)
        shutil.copyfile(script, copy / SCRIPT)
        (copy / SCRIPT).chmod(0o755)
        return copy
