"""Measure container/scripts/process_data.sh beside `cat | wc -l` on the same synthetic files.

Usage: python benchmarks/process_data.py [--megabytes 200] [--folder DIR] [SHAPE ...]

Prints for each shape: MB/s of uncompressed CSV, MB per second of processor time (which a busy
machine changes less), how many times the time of the floor and of DuckDB's own CSV reader it took,
and the peak memory of the largest process. The data are made in a temporary folder and deleted.
"""

import argparse
import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CONTAINER = Path(__file__).resolve().parents[1] / "container"
PATH = f"{Path(sys.executable).parent}:{CONTAINER}/bin:/usr/local/bin:/usr/bin:/bin"
CHUNK = 20_000
"""Records per made piece; the pieces differ only in their numbers."""


def weather(number: int) -> str:
    """Return an hourly observation: fifteen short columns."""
    hour, tenth = number % 24, number % 97 / 10
    return (
        f"EWR,2013,{number % 12 + 1},{number % 28 + 1},{hour},{39 + tenth:.2f},{26 + tenth:.2f},"
        f"{50 + tenth:.2f},{number % 36 * 10},{tenth * 1.15078:.5f},NA,0,{1000 + tenth:.1f},10,"
        f"2013-01-01T{hour:02}:00:00Z\n"
    )


def orders(number: int) -> str:
    """Return an order: five columns, one quoted with a comma in it."""
    return f'{number},2026-01-05,"Smith, A. {number % 9973}",{number * 7 % 99_991 / 100:.2f},EUR\n'


def notes(number: int) -> str:
    """Return a note: a quoted text with quotes and a line break in it."""
    text = 'said ""yes"",\nthen nothing for a long while ' * 4
    return f'{number},"{text}{number}"\n'


def one_field(number: int) -> str:
    """Return a part of one quoted field that never ends, behind a good record."""
    return ("" if number else '1,2\n1,"') + "x" * 99 + "\n"


SHAPES: dict[str, tuple[Callable[[int], str], int]] = {
    "weather": (weather, 15),
    "orders": (orders, 5),
    "notes": (notes, 2),
    "one-field": (one_field, 2),
}
"""Shape -> (record maker, number of columns)."""


@dataclass(frozen=True)
class Run:
    """What one command took."""

    seconds: float
    processor_seconds: float
    peak_mb: float


def make(path: Path, shape: str, size: int) -> int:
    """Write at least `size` bytes of CSV, compressed if the name says so; return how many."""
    record, width = SHAPES[shape]
    with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
        written = file.write((",".join(f"c{n}" for n in range(width)) + "\n").encode())
        first = 0
        while written < size:
            numbers = range(first, first + CHUNK)
            piece = "".join(map(record, numbers)).encode()
            first += CHUNK
            written += file.write(piece)
    return written


def measured(command: list[str], environment: dict[str, str]) -> Run:
    """Run a command to its end.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    elapsed = time.perf_counter() - start
    return Run(elapsed, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def compare(shape: str, suffix: str, size: int, folder: Path) -> str:
    """Return one line of the result table."""
    source, target = folder / "in", folder / "out"
    source.mkdir()
    target.mkdir()
    file = source / f"data.csv{suffix}"
    megabytes = make(file, shape, size) / 1e6
    read = f"{'gzip -dc' if suffix else 'cat'} '{file}' | wc -l"
    floor = measured(["bash", "-c", read], {"PATH": PATH})
    peer = _duckdb_alone(file, folder / "peer.parquet")
    job = {"INPUT_PATH": str(source), "OUTPUT_PATH": str(target), "STACK": "x", "SCHEDULE": "x"}
    run = measured([str(CONTAINER / "scripts" / "process_data.sh")], {"PATH": PATH, **job})
    compared = f"{run.seconds / peer.seconds:.1f} x" if peer else "failed:"
    return (
        f"{shape + suffix:14} {megabytes:7.0f} MB {megabytes / run.seconds:5.0f} MB/s"
        f" {megabytes / run.processor_seconds:5.0f} MB/cpu-s"
        f" {run.seconds / floor.seconds:6.1f} x floor, {compared:>7} DuckDB alone,"
        f" {run.peak_mb:6.0f} MB peak"
    )


def _duckdb_alone(source: Path, target: Path) -> Run | None:
    """Return what DuckDB takes with its own reader, which is less exact; None if it fails."""
    columns = "all_varchar = true, header = true, delim = ','"
    sql = f"COPY (FROM read_csv('{source}', {columns})) TO '{target}' (FORMAT parquet)"
    environment = {"PATH": PATH, "HOME": str(target.parent)}
    try:
        return measured(["duckdb", "-c", sql], environment)
    except subprocess.CalledProcessError:
        return None


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure process_data.sh beside `cat | wc -l`.")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="where the data are made for the time being")
    parser.add_argument("shapes", nargs="*", choices=[[], *SHAPES], help="all if none is named")
    options = parser.parse_args()
    for shape in options.shapes or SHAPES:
        for suffix in ("", ".gz"):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                print(compare(shape, suffix, options.megabytes * 1_000_000, Path(folder)))


if __name__ == "__main__":
    main()
