"""Runs scripts in a container of an engine and keeps what they print."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from local.engines import ContainerRun, Engine


class Container:
    """Runs scripts and keeps what they print."""

    def __init__(self, engine: Engine, image: str, ml: Path) -> None:
        self.engine, self.image, self.ml = engine, image, ml
        self.lines: list[str] = []
        self.stop = threading.Event()

    def run(self, script: str, *, on_line: Callable[[str], None] | None = None, **spec: Any) -> int:
        run = ContainerRun(
            entrypoint=["/bin/bash", "-c", script], ml=self.ml, hostname="algo-1", stop_grace_s=10
        )

        def receive(line: str) -> None:
            self.lines.append(line)
            if line == "ready":
                self.stop.set()

        return self.engine.run(self.image, replace(run, **spec), on_line or receive, self.stop)
