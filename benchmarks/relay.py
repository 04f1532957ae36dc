"""Measure container/bin/relay.py beside `tee` and `cat`, on the same lines through a pipe.

Usage: python -m benchmarks.relay [--megabytes 500]

Prints for each kind of lines MB/s, and how many times the time of `cat`, the floor, and of `tee`
with a second copy, which only keeps the end of a stream, it took. The best of three rounds, taken
in turns.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import table
from benchmarks.process import ROOT

CONTAINER = ROOT / "container"
PATH = f"{Path(sys.executable).parent}:{CONTAINER}/bin:/usr/local/bin:/usr/bin:/bin"
ROUNDS = 3
RELAY = f"""
import os, sys
sys.path.insert(0, "{CONTAINER}/bin")
from relay import Relay
Relay(sys.stdin.buffer, sys.stdout.buffer, os.environ).run()
"""
LINES = {
    "text": b"2026-01-05 02:00:00 INFO 1234 records of JFK read, none rejected\n",
    "JSON": b'{"level":"INFO","message":"1234 records read","airport":"JFK","rejected":0}\n',
    "metrics of another namespace": (
        b'{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["a"]],'
        b'"Metrics":[{"Name":"M"}]}]},"a":"b","M":1}\n'
    ),
}
COMMANDS = {
    "cat": "cat",
    "tee": "tee >(tail -c 65536 >/dev/null)",
    "relay": f"python3 -ESBc '{RELAY}'",
}


def seconds(command: str, source: Path) -> float:
    """Return how long a command takes to hand a file's lines on through pipes.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    start = time.perf_counter()
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"cat '{source}' | {command} | cat >/dev/null"],
        check=True,
        env={"PATH": PATH, "STACK": "x", "SCHEDULE": "x"},
    )
    return time.perf_counter() - start


def row(kind: str, megabytes: int, folder: Path) -> list[str]:
    """Return one line of the table."""
    source, line = folder / "lines", LINES[kind]
    source.write_bytes(line * (megabytes * 1_000_000 // len(line)))
    rounds = [
        {name: seconds(command, source) for name, command in COMMANDS.items()}
        for _ in range(ROUNDS)
    ]
    cat, tee, relay = (min(each[name] for each in rounds) for name in COMMANDS)
    return [kind, f"{megabytes / relay:.0f}", f"{relay / cat:.1f}", f"{relay / tee:.1f}"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the relay beside tee and cat.")
    parser.add_argument("--megabytes", type=int, default=500)
    megabytes: int = parser.parse_args().megabytes
    with tempfile.TemporaryDirectory() as folder:
        rows = (row(kind, megabytes, Path(folder)) for kind in LINES)
        table.show(["lines", "MB/s", "x cat", "x tee"], rows)


if __name__ == "__main__":
    main()
