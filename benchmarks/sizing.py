"""Measure how the launcher sizes an input, beside a plain list of it, page by page.

Usage: python -m benchmarks.sizing [--objects 1000 1000000] [--latency 0.1]

S3 takes the latency for each call. The keys lie in a hundred folders, and every object has 16 MB.
Prints the calls and seconds of a plain list, of an input that is counted to its end (volume_gb:
auto), and of one whose tier is certain early (the second one begins at 10 GB), and the peak memory
of a process of its own.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from benchmarks import fake_s3, table
from benchmarks.fake_s3 import PAGE, Query
from launcher import listing, sizing
from launcher.sizing import Until
from pipeline import sdk
from pipeline.contract import GB
from pipeline.prefix import Prefix
from tests import lambda_models

PLACE = Prefix("in", "in/")
FOLDERS = 100


class Bucket:
    """So many objects, the same number in each folder."""

    def __init__(self, objects: int, latency: float) -> None:
        self.objects, self.latency, self.calls = objects, latency, 0
        self.each = max(1, objects // FOLDERS)
        self._lock = Lock()

    def answer(self, query: Query) -> str:
        """Answer ListObjectsV2, after the latency."""
        with self._lock:
            self.calls += 1
        time.sleep(self.latency)
        return self._folders(query) if "delimiter" in query else self._keys(query)

    def _keys(self, query: Query) -> str:
        token = query.get("continuation-token")
        first = int(token) if token else self._index(query.get("start-after", ""))
        last = min(first + PAGE, self.objects)
        keys = (f"in/{n // self.each:03}/part-{n:08}.parquet" for n in range(first, last))
        return fake_s3.page(keys, last if last < self.objects else None)

    def _index(self, after: str) -> int:
        """Return the number of the first key after a key or a folder."""
        folder, _, name = after.removeprefix("in/").partition("/")
        if name:
            return int(name[5:13]) + 1
        return int(folder) * self.each if folder else 0

    def _folders(self, query: Query) -> str:
        first = self._index(query.get("start-after", "")) // self.each
        count = -(-self.objects // self.each)
        inside = query["prefix"] != PLACE.key
        found = () if inside else range(first, count)
        text = (f"<CommonPrefixes><Prefix>in/{n:03}/</Prefix></CommonPrefixes>" for n in found)
        return fake_s3.answer("".join(text))


def measure(how: str, objects: int, latency: float, root: Path) -> None:
    """Say the calls and the seconds of this process."""
    bucket = Bucket(objects, latency)
    s3 = fake_s3.client(sdk.session(root), bucket.answer)
    until = Until(10 * GB if how == "early" else float("inf"), 1)
    listed = PLACE.objects(s3) if how == "plain" else listing.objects(PLACE, s3)
    begin = time.monotonic()
    counted = sizing.count(listed, until, lambda: 0.0)  # without the launcher's budget
    seconds = time.monotonic() - begin
    assert how == "early" or counted.objects == objects  # noqa: S101
    fake_s3.say(bucket.calls, seconds)


def rows(numbers: list[int], latency: float, root: str) -> Iterator[list[str]]:
    """Yield three lines for each number of objects; the launcher's models are at `root`."""
    for objects in numbers:
        plain: list[float] = []
        for how in ("plain", "whole", "early"):
            found = fake_s3.alone("sizing", how, objects=objects, latency=latency, root=root)
            plain = plain or found
            calls, seconds, peak = found
            ratios = f"{plain[0] / calls:,.1f}", f"{plain[1] / seconds:,.1f}"
            yield [f"{objects:,}", how, f"{calls:,}", f"{seconds:.2f}", *ratios, f"{peak:.0f}"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure how an input is sized.")
    parser.add_argument("--objects", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--latency", type=float, default=0.1, help="seconds of each call")
    parser.add_argument("--only", choices=["plain", "whole", "early"], help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.objects[0], options.latency, options.root)
        return
    heads = ["objects", "list", "calls", "seconds", "x fewer calls", "x less time", "peak MB"]
    with TemporaryDirectory() as root:
        lambda_models.write(lambda_models.operations("launcher"), Path(root))
        table.show(heads, rows(options.objects, options.latency, root))


if __name__ == "__main__":
    main()
