"""Measure how the launcher sizes an input, beside a plain list of it, page by page.

Usage: python benchmarks/sizing.py [--objects 1000 1000000] [--latency 0.1]

S3 is played below the client: each call takes the latency, and its answer is AWS's XML of up to
1,000 keys in a hundred folders, so that reading it counts. Every object has 16 MB. Prints the calls
and seconds of a plain list, of an input that is counted to its end (volume_gb: auto), and of one
whose tier is certain early (the second one begins at 10 GB), and the peak memory of a process of
its own.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lambda")]

from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # noqa: E402
from botocore.compat import HTTPHeaders  # noqa: E402
from botocore.config import Config  # noqa: E402

from launcher import listing, sizing  # noqa: E402
from launcher.sizing import Until  # noqa: E402
from pipeline import sdk  # noqa: E402
from pipeline.contract import GB  # noqa: E402
from pipeline.prefix import Prefix  # noqa: E402
from tests import lambda_models  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PLACE = Prefix("in", "in/")
FOLDERS, PAGE = 100, 1000
ITEM = (
    "<Contents><Key>in/{folder:03}/part-{number:08}.parquet</Key>"
    "<LastModified>2026-01-05T02:10:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>16777216</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)


class Body(io.BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, **_: object) -> Any:  # noqa: ANN401 - urllib3's form
        """Yield all of it."""
        yield self.read()


class Bucket:
    """So many objects, the same number in each folder."""

    def __init__(self, objects: int, latency: float) -> None:
        self.objects, self.latency, self.calls = objects, latency, 0
        self.each = max(1, objects // FOLDERS)
        self._lock = Lock()

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer ListObjectsV2, after the latency."""
        with self._lock:
            self.calls += 1
        query = {name: found[0] for name, found in parse_qs(urlsplit(request.url).query).items()}
        time.sleep(self.latency)
        text = self._folders(query) if "delimiter" in query else self._keys(query)
        found = f"<ListBucketResult>{text}</ListBucketResult>".encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), cast("Any", Body(found)))

    def _keys(self, query: dict[str, str]) -> str:
        token = query.get("continuation-token")
        first = int(token) if token else self._index(query.get("start-after", ""))
        last = min(first + PAGE, self.objects)
        items = (ITEM.format(folder=n // self.each, number=n) for n in range(first, last))
        more = str(last < self.objects).lower()
        token = f"<NextContinuationToken>{last}</NextContinuationToken>"
        return f"<IsTruncated>{more}</IsTruncated>{''.join(items)}{token}"

    def _index(self, after: str) -> int:
        """Return the number of the first key after a key or a folder."""
        folder, _, name = after.removeprefix("in/").partition("/")
        if name:
            return int(name[5:13]) + 1
        return int(folder) * self.each if folder else 0

    def _folders(self, query: dict[str, str]) -> str:
        first = self._index(query.get("start-after", "")) // self.each
        count = -(-self.objects // self.each)
        inside = query["prefix"] != PLACE.key
        found = () if inside else range(first, count)
        text = (f"<CommonPrefixes><Prefix>in/{n:03}/</Prefix></CommonPrefixes>" for n in found)
        return f"<IsTruncated>false</IsTruncated>{''.join(text)}"


def measure(how: str, objects: int, latency: float, root: str) -> None:
    """Print the calls, the seconds and the peak megabytes of this process."""
    config = Config(region_name="eu-central-1")
    s3 = cast("S3Client", cast("Any", sdk.session(Path(root))).client("s3", config=config))
    bucket = Bucket(objects, latency)
    s3.meta.events.register("before-send.s3", cast("Any", bucket.answer))
    until = Until(10 * GB if how == "early" else float("inf"), 1)
    listed = PLACE.objects(s3) if how == "plain" else listing.objects(PLACE, s3)
    begin = time.monotonic()
    counted = sizing.count(listed, until, lambda: 0.0)  # without the launcher's budget
    seconds = time.monotonic() - begin
    assert how == "early" or counted.objects == objects  # noqa: S101
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([bucket.calls, seconds, megabytes]))


def child(how: str, objects: int, latency: float, root: str) -> tuple[int, float, float]:
    """Return calls, seconds and peak megabytes of a process of its own."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    given = ["--objects", str(objects), "--latency", str(latency), "--root", root]
    command = [sys.executable, __file__, "--only", how, *given]
    done = subprocess.run(command, env=keys, check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure how an input is sized.")
    parser.add_argument("--objects", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--latency", type=float, default=0.1, help="seconds of each call")
    parser.add_argument("--only", choices=["plain", "whole", "early"], help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.objects[0], options.latency, options.root)
        return
    with TemporaryDirectory() as root:
        lambda_models.write(lambda_models.operations("launcher"), Path(root))
        table(options.objects, options.latency, root)


def table(numbers: list[int], latency: float, root: str) -> None:
    """Print three lines for each number of objects; the launcher's models are at `root`."""
    print("| objects | list | calls | seconds | x fewer calls | x less time | peak MB |")
    print("|---|---|---|---|---|---|---|")
    for objects in numbers:
        plain = child("plain", objects, latency, root)
        for how in ("plain", "whole", "early"):
            calls, seconds, peak = plain if how == "plain" else child(how, objects, latency, root)
            fewer, less = plain[0] / calls, plain[1] / seconds
            row = f"{objects:,} | {how} | {calls:,} | {seconds:.2f} | {fewer:.1f} | {less:.1f}"
            print(f"| {row} | {peak:.0f} |")


if __name__ == "__main__":
    main()
