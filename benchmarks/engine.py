"""Measure preview and up of each stack under the Pulumi engine, against the tests' stand-ins.

Usage: python -m benchmarks.engine [STACK ...]

Prints for each operation seconds and the most memory that engine, program and plugins had together
(proportional set size, sampled every 50 ms). Each stack has a process of its own, in which program
and plugins run; the engine is its child. Needs the Pulumi CLI on PATH.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.engine.life import BOUNDARY, LIVES
from tests.engine.outcome import Outcome
from tests.engine.stack import Stack


def family(root: int) -> Iterator[int]:
    """Yield a process and all that it has started, however indirectly."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            parents[int(entry.name)] = int(fields[1])
    found = {root}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    yield from found


def megabytes(root: int) -> float:
    """Return the memory that a process and its descendants have together now."""
    total = 0
    for process in family(root):
        try:
            lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000


def measured(operation: Callable[[], Outcome]) -> tuple[Outcome, float, float]:
    """Return what came of an operation, its seconds and its peak of megabytes."""
    ended, peak = threading.Event(), [0.0]

    def sample() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], megabytes(os.getpid()))

    sampler = threading.Thread(target=sample)
    sampler.start()
    start = time.perf_counter()
    try:
        outcome = operation()
    finally:
        seconds = time.perf_counter() - start
        ended.set()
        sampler.join()
    return outcome, seconds, peak[0]


def measure(name: str) -> None:
    """Print one line for each operation of a stack."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), *LIVES[name]) as stack:
        stack.cloud.outside |= {BOUNDARY, "arn:aws:s3:::their-input", "arn:aws:s3:::their-output"}
        for title, operation in (
            ("first preview", stack.preview),
            ("first up", stack.up),
            ("preview without a change", stack.preview),
            ("up without a change", stack.up),
        ):
            outcome, seconds, peak = measured(operation)
            count = len({(step.kind, step.name) for step in outcome.steps})
            print(f"{name:50} {title:26} {count:4} resources {seconds:6.1f} s {peak:6.0f} MB")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure preview and up under the engine.")
    parser.add_argument("stacks", nargs="*", help=f"of {', '.join(LIVES)}; default: all")
    stacks: list[str] = parser.parse_args().stacks
    if len(stacks) == 1:
        measure(stacks[0])
        return
    for each in stacks or LIVES:
        subprocess.run([sys.executable, "-m", "benchmarks.engine", each], check=True)


if __name__ == "__main__":
    main()
