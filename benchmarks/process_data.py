"""Measure container/scripts/process_data.sh beside other readers of the same synthetic files.

Usage: python -m benchmarks.process_data [--megabytes 60] [--python EXECUTABLE] [FILE ...]

The others are DuckDB's own reader and pandas, which write the same Parquet without the check, the
rejects and the counts, and `wc -l`. `--python` names one of a virtual environment with
benchmarks/requirements.txt; without it there is no pandas. Of three rounds, in turns, the one with
the least processor time counts. The data are made in a temporary folder and deleted.
"""

import argparse
import gzip
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import process, table
from benchmarks.process import ROOT, Run

CONTAINER = ROOT / "container"
PATH = f"{Path(sys.executable).parent}:{CONTAINER}/bin:/usr/local/bin:/usr/bin:/bin"
ROUNDS = 3
CHUNK = 20_000
"""Records per made piece; the pieces differ only in their numbers."""
_PANDAS = """
import sys, pandas
read = pandas.read_csv(sys.argv[1], dtype=str, keep_default_na=False)
read.to_parquet(sys.argv[2])
"""


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
FILES = ("weather.csv", "weather.csv.gz", "orders.csv", "notes.csv", "one-field.csv")


def make(path: Path, size: int) -> int:
    """Write at least `size` bytes of CSV of the shape that the name says; return how many."""
    record, width = SHAPES[path.name.partition(".")[0]]
    with gzip.open(path, "wb", 1) if path.suffix == ".gz" else path.open("wb") as file:
        written = file.write((",".join(f"c{n}" for n in range(width)) + "\n").encode())
        first = 0
        while written < size:
            numbers = range(first, first + CHUNK)
            piece = "".join(map(record, numbers)).encode()
            first += CHUNK
            written += file.write(piece)
    return written


def commands(file: Path, target: Path, python: str | None) -> Iterator[tuple[str, list[str]]]:
    """Yield reader and command of each way to deal with a file."""
    yield "the sample", [str(CONTAINER / "scripts" / "process_data.sh")]
    columns = "all_varchar = true, header = true, delim = ','"
    sql = f"COPY (FROM read_csv('{file}', {columns})) TO '{target}/duckdb' (FORMAT parquet)"
    yield "DuckDB alone", ["duckdb", "-c", sql]
    if python:
        yield "pandas", [python, "-c", _PANDAS, str(file), f"{target}/pandas"]
    read = "gzip -dc" if file.suffix == ".gz" else "cat"
    yield "wc -l", ["bash", "-c", f"{read} '{file}' | wc -l"]


def rows(name: str, size: int, python: str | None) -> Iterator[list[str]]:
    """Yield a line of the table for each reader."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in"), Path(folder, "out")
        source.mkdir()
        target.mkdir()
        file = source / name
        megabytes = make(file, size) / 1e6
        job = {"INPUT_PATH": str(source), "OUTPUT_PATH": str(target), "STACK": "x", "SCHEDULE": "x"}
        environment = {"PATH": PATH, "HOME": folder, **job}
        found: dict[str, list[Run]] = {}
        failed: set[str] = set()
        for _ in range(ROUNDS):
            for reader, command in commands(file, target, python):
                try:
                    found.setdefault(reader, []).append(process.run(command, environment))
                except subprocess.CalledProcessError:
                    failed.add(reader)
    own = min(each.processor_seconds for each in found["the sample"])
    for reader, runs in found.items():
        if reader in failed:
            yield [name, reader, *["it fails"] * 3]
            continue
        took = min(each.processor_seconds for each in runs)
        peak = max(each.peak_mb for each in runs)
        yield [name, reader, f"{megabytes / took:.0f}", f"{own / took:.1f}", f"{peak:.0f}"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure process_data.sh beside others.")
    parser.add_argument("--megabytes", type=int, default=60)
    parser.add_argument("--python", help="one that can import pandas")
    parser.add_argument("files", nargs="*", choices=[[], *FILES], help="all if none is named")
    options = parser.parse_args()
    size, files = options.megabytes * 1_000_000, options.files or FILES
    heads = ["file", "reader", "MB per cpu-second", "x the sample", "peak MB"]
    table.show(heads, (row for name in files for row in rows(name, size, options.python)))


if __name__ == "__main__":
    main()
