"""Runs scripts in a container of an engine and keeps what they print."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from local.engines import ContainerRun, Engine

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Container:
    """Runs scripts and keeps what they print."""

    def __init__(self, engine: Engine, image: str, ml: Path) -> None:
        self.engine, self.image, self.ml = engine, image, ml
        self.lines: list[str] = []
        self.stop = threading.Event()

    def run(self, script: str, *, on_line: Callable[[str], None] | None = None, **spec: Any) -> int:
        run = ContainerRun(
            entrypoint=["/bin/bash", "-c", script],
            arguments=[],
            environment={},
            ml=self.ml,
            hostname="algo-1",
            network=False,
            stop_grace_s=10,
        )

        def receive(line: str) -> None:
            self.lines.append(line)
            if line == "ready":
                self.stop.set()

        return self.engine.run(self.image, replace(run, **spec), on_line or receive, self.stop)
