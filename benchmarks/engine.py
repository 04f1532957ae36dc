"""Measure preview and up of each stack under the Pulumi engine, against the tests' stand-ins.

Usage: python -m benchmarks.engine [STACK ...]

Prints for each operation seconds, the processor's seconds, and the most memory that engine, program
and plugins had together (proportional set size, sampled every 50 ms). Each stack has a process of
its own, in which program and plugins run; the engine is its child. Needs the Pulumi CLI on PATH.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks import table
from tests.engine.life import BOUNDARY, LIVES
from tests.engine.outcome import Outcome
from tests.engine.stack import Stack

_GROWING = {
    "sizes": [
        {"up_to_gb": 10, "instance_type": "ml.m5.large", "volume_gb": "auto"},
        {"instance_type": "ml.m5.4xlarge", "volume_gb": "auto"},
    ]
}
_OVERRIDES: tuple[dict[str, Any], ...] = (
    {},
    {"script": "to_parquet", "environment": {"TABLE": "orders"}},
    {"overlap": "Forbid", "job": _GROWING},
    {
        "job": {"instance_type": "ml.r5.large", "volume_gb": 200},
        "retries": {"fallback_instance_types": ["ml.r6i.large"]},
    },
)
"""What schedules set, in turns."""
STACKS: dict[str, tuple[str, dict[str, Any]]] = {
    "dev": ("dev", {}),
    **LIVES,
    "a hundred schedules": (
        "prod",
        {
            "schedules": {
                "daily": ...,
                **{
                    f"team-{number:03}": {
                        "expression": "cron(0 4 * * ? *)",
                        "timezone": "Europe/Berlin",
                        **_OVERRIDES[number % len(_OVERRIDES)],
                    }
                    for number in range(100)
                },
            }
        },
    ),
}


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


def measured(operation: Callable[[], Outcome]) -> tuple[Outcome, float, float, float]:
    """Return what came of an operation, its seconds, the processor's and its peak of megabytes."""
    ended, peak, own = threading.Event(), [0.0], [0.0]

    def sample() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], megabytes(os.getpid()))
        own[0] = time.thread_time()

    sampler = threading.Thread(target=sample)
    sampler.start()
    start, used = time.perf_counter(), _processor_seconds()
    try:
        outcome = operation()
    finally:
        seconds = time.perf_counter() - start
        ended.set()
        sampler.join()
    return outcome, seconds, _processor_seconds() - used - own[0], peak[0]


def _processor_seconds() -> float:
    """Return those of this process and of all children that have ended."""
    kinds = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in kinds)


def rows(name: str) -> Iterator[list[str]]:
    """Yield one line for each operation of a stack."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), *STACKS[name]) as stack:
        stack.cloud.outside |= {BOUNDARY, "arn:aws:s3:::their-input", "arn:aws:s3:::their-output"}
        for title, operation in (
            ("first preview", stack.preview),
            ("first up", stack.up),
            ("preview, nothing changed", stack.preview),
            ("up, nothing changed", stack.up),
        ):
            outcome, *figures, peak = measured(operation)
            count = len({(step.kind, step.name) for step in outcome.steps})
            yield [name, title, str(count), *(f"{each:.1f}" for each in figures), f"{peak:.0f}"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure preview and up under the engine.")
    parser.add_argument("--only", choices=STACKS, help=argparse.SUPPRESS)
    parser.add_argument("stacks", nargs="*", choices=[[], *STACKS], help="all if none is named")
    options = parser.parse_args()
    if options.only:
        print(json.dumps([*rows(options.only)]))
        return
    heads = ["stack", "operation", "resources", "seconds", "cpu-seconds", "peak MB"]
    table.show(heads, (row for each in options.stacks or STACKS for row in _alone(each)))


def _alone(stack: str) -> list[list[str]]:
    """Return the lines of a stack, from a process of its own."""
    command = [sys.executable, "-m", "benchmarks.engine", "--only", stack]
    return json.loads(subprocess.check_output(command))


if __name__ == "__main__":
    main()
