"""Measure container/bin/relay.py beside `tee` and `cat`, on the same lines through a pipe.

Usage: python benchmarks/relay.py [--megabytes 500]

Prints for each kind of lines MB/s, and how many times the time of `cat`, the floor, and of `tee`
with a second copy, which only keeps the end of a stream, it took. The best of three rounds, taken
in turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[1] / "container"
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


def compare(kind: str, megabytes: int, folder: Path) -> str:
    """Return one line of the result table."""
    source, line = folder / "lines", LINES[kind]
    source.write_bytes(line * (megabytes * 1_000_000 // len(line)))
    rounds = [
        {name: seconds(command, source) for name, command in COMMANDS.items()}
        for _ in range(ROUNDS)
    ]
    cat, tee, relay = (min(each[name] for each in rounds) for name in COMMANDS)
    return (
        f"{kind:28} {megabytes / relay:6.0f} MB/s {relay / cat:6.1f} x cat {relay / tee:6.1f} x tee"
    )


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the relay beside tee and cat.")
    parser.add_argument("--megabytes", type=int, default=500)
    megabytes: int = parser.parse_args().megabytes
    print(f"{os.cpu_count()} cores, best of {ROUNDS}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in LINES:
            print(compare(kind, megabytes, Path(folder)))


if __name__ == "__main__":
    main()
