"""Measure a cold start of launcher and observer beside two bare boto3 clients.

Usage: python -m benchmarks.cold_start [--rounds 15] [--python EXECUTABLE]

Each start is a process with what Lambda's Python has beside the function's own archive, and lasts
until all clients are made. All kinds take turns; printed are the median of the processor's seconds
and the peak memory, each also as a ratio to two bare clients. `--python` names another Python, of a
virtual environment with `sagemaker` in it, whose import is measured too.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks import table
from components import function_archive
from local.aws.functions.runtime import link_packages
from tests.components.settings.test_settings import settings
from tests.components.test_functions import unpack
from tests.lambda_world import ENVIRONMENT, REGION

FUNCTIONS = ("launcher", "observer")
_BARE = "import boto3; boto3.client('sagemaker'); boto3.client('s3')"
_SDKS_OWN = "import boto3; from pipeline import sdk; sdk.session = lambda root: boto3.Session(); "
"""What has a function take the models of Lambda's SDK instead of its own."""
_PEAK = "; print(*(line for line in open('/proc/self/status') if line.startswith('VmHWM:')))"
"""What has a process print its peak memory; its parent's is in what the kernel tells others."""

Start = tuple[list[str], Path, dict[str, str]]
"""Command, working directory and environment."""


def starts(folder: Path, python: str | None) -> Iterator[tuple[str, Start]]:
    """Yield title and process of each kind of start; `folder` is filled with what they need."""
    packages = folder / "packages"
    link_packages(packages)
    environment = {
        **dict.fromkeys(("AWS_REGION", "AWS_DEFAULT_REGION"), REGION),
        **dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "x"),
        **dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), "/dev/null"),
        # An archive has no bytecode and is read-only, the runtime has its own.
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(packages),
    }

    def start(code: str, place: Path, more: Mapping[str, str]) -> Start:
        return [sys.executable, "-S", "-c", code + _PEAK], place, {**environment, **more}

    yield "two bare clients", start(_BARE, folder, {})
    for name in FUNCTIONS:
        assets: dict[str, Any] = function_archive.build(name, settings()).assets
        unpack(assets, folder / name)
        code = f"from {name} import handler; handler._{name}()"
        yield name, start(code, folder / name, ENVIRONMENT)
        yield f"{name}, the SDK's models", start(_SDKS_OWN + code, folder / name, ENVIRONMENT)
    if python:
        command = [python, "-c", "import sagemaker" + _PEAK]
        quiet = {"HOME": str(folder), "SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
        yield "import sagemaker", (command, folder, quiet)


def measured(start: Start) -> tuple[float, float]:
    """Return a process's seconds of processor time and its peak of megabytes."""
    command, place, environment = start
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, cwd=place, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(done.stdout.split()[-2]) / 1024


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure cold starts.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--python", help="one that can import sagemaker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kinds = dict(starts(Path(folder), options.python))
        found: dict[str, list[tuple[float, float]]] = {title: [] for title in kinds}
        for _ in range(options.rounds):
            for title, start in kinds.items():
                found[title].append(measured(start))
    rows = {
        title: (statistics.median(s for s, _ in each), max(mb for _, mb in each))
        for title, each in found.items()
    }
    bare_s, bare_mb = rows["two bare clients"]
    heads = ["start of", "cpu-seconds", "x two bare clients", "peak MB", "x their memory"]
    table.show(
        heads,
        (
            [title, f"{seconds:.2f}", f"{seconds / bare_s:.2f}", f"{mb:.0f}", f"{mb / bare_mb:.2f}"]
            for title, (seconds, mb) in rows.items()
        ),
    )


if __name__ == "__main__":
    main()
