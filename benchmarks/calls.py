"""Count AWS's calls from an event to CreateProcessingJob, and from a job's end to its marker.

Usage: python -m benchmarks.calls [--latency 0.05]

The functions' own code runs on the tests' stand-in for AWS, where each call takes the latency.
Prints the calls, and the seconds in which at least one was waited for: those of a function that is
warm and whose processor takes no time.
"""

import argparse
import io
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from functools import partial
from typing import Any
from unittest.mock import Mock

from moto import mock_aws

from benchmarks import table
from tests.lambda_world import NAME, SETTINGS, World

MANY = 3000
_SIZES: list[dict[str, Any]] = [
    {"up_to_gb": 10, "instance_type": "ml.m5.large", "volume_gb": "auto"},
    {"up_to_gb": 100, "instance_type": "ml.m5.xlarge", "volume_gb": "auto"},
]
RUNS: dict[str, tuple[int, dict[str, Any], dict[str, Any]]] = {
    "plain": (1, {}, {}),
    "three instances": (3, {"instance_count": 3}, {}),
    "overlap: Forbid": (1, {}, {"overlap": "Forbid"}),
    "sized": (1, {"sizes": _SIZES}, {}),
    f"sized, {MANY:,} objects": (MANY, {"sizes": _SIZES}, {}),
}
"""Title -> objects that the slot reads and writes, and what its job and its schedule set."""


class SlowWorld(World):
    """A deployed stack of which each call takes a while."""

    def __init__(self, latency: float, **settings: Any) -> None:
        self.calls: list[tuple[float, float, str]] = []
        """When each began and ended, and which it was."""
        self._latency = 0.0
        super().__init__(Mock(), **settings)
        self._latency = latency

    def before_call(self, service: str, operation: str) -> Any:
        """Answer a request in AWS's place, or let it go on, after the latency."""
        begin = time.monotonic()
        time.sleep(self._latency)
        self.calls.append((begin, begin + self._latency, operation))
        return super().before_call(service, operation)

    def prepare(self, put: Callable[[str], None], key: str, objects: int) -> None:
        """Put so many objects, at once; in the input is one already."""
        latency, self._latency = self._latency, 0.0
        for number in range(objects):
            put(key.format(number))
        self._latency = latency


def rows(latency: float) -> Iterator[list[str]]:
    """Yield a line for each function of each run."""
    daily = SETTINGS["schedules"]["daily"]
    for title, (objects, job, schedule) in RUNS.items():
        with mock_aws(), redirect_stdout(io.StringIO()):
            parts = {"job": {**SETTINGS["job"], **job}, "schedules": {"daily": daily | schedule}}
            world = SlowWorld(latency, **parts)
            world.prepare(world.upload, "input/2026/01/05/{:05}.csv", objects - 1)
            launched = _measured(world, world.launch, "CreateProcessingJob")
            world.now += timedelta(minutes=11)
            world.prepare(world.write, "output/daily/2026/01/05/020000/{:05}.csv", objects)
            event = world.sagemaker.end(NAME, "Completed")
            observed = _measured(world, partial(world.observe, event), "PutObject")
        yield [title, "event to job", *launched]
        yield [title, "end to marker", *observed]


def _measured(world: SlowWorld, work: Callable[[], object], last: str) -> list[str]:
    world.calls.clear()
    work()
    kinds = [operation for _, _, operation in world.calls]
    counts = Counter(kinds[: kinds.index(last) + 1])
    told = ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in counts.items())
    waited = until = 0.0
    for begin, end, _ in sorted(world.calls[: counts.total()]):
        waited += max(0.0, end - max(begin, until))
        until = max(until, end)
    return [str(counts.total()), f"{waited:.2f}", told]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Count the calls of both functions.")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds of each call")
    latency: float = parser.parse_args().latency
    logging.disable()
    table.show(["run", "from", "calls", "seconds", "which"], rows(latency))


if __name__ == "__main__":
    main()
