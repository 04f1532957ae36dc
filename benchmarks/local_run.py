"""Measure `make local` in a fresh copy of this checkout.

Usage: python -m benchmarks.local_run

The first run sets up `.venv`, from uv's cache where that has the packages. Docker finds the image's
layers as it left them (benchmarks/image.py), and what its own processes do is in the seconds only.
"""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import process, table
from benchmarks.process import ROOT

RUNS = {"first, with make setup": "process", "again": "process", "with Docker": "docker"}
"""What is said of a run -> its engine."""


def copy(target: Path) -> None:
    """Lay what Git has of this checkout there, as it is now."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT)
    pack = ["tar", "--create", "--null", "--files-from=-"]
    packed = subprocess.run(pack, cwd=ROOT, input=listed, check=True, stdout=subprocess.PIPE)
    subprocess.run(["tar", "--extract"], cwd=target, input=packed.stdout, check=True)


def rows() -> Iterator[list[str]]:
    """Yield a line for each run."""
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder))
        for title, engine in RUNS.items():
            command = ["make", "local", f"ENGINE={engine}"]
            took = process.run(command, os.environ, Path(folder))
            figures = f"{took.seconds:.1f}", f"{took.processor_seconds:.1f}"
            yield [title, *figures, f"{took.peak_mb:.0f}"]


if __name__ == "__main__":
    table.show(["make local", "seconds", "cpu-seconds", "peak MB"], rows())
