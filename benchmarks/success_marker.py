"""Measure what a slot's success marker takes, by the number of its objects.

Usage: python benchmarks/success_marker.py [--objects 1000 1000000]

S3 is played below the client: its answers are AWS's XML, 1,000 objects each, so reading them is
part of it, and the network is not. Prints for each number of objects, as input and as output, the
processor's seconds, how many times those of an ordinary client that only turns the pages, and the
peak memory of a process of its own.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "lambda")]

import boto3  # noqa: E402
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # noqa: E402
from botocore.compat import HTTPHeaders  # noqa: E402
from botocore.config import Config  # noqa: E402

from observer import success_marker  # noqa: E402
from pipeline import sdk  # noqa: E402
from pipeline.attempt import Attempt  # noqa: E402
from pipeline.journal_items import Entry  # noqa: E402
from pipeline.outcome import Outcome  # noqa: E402
from pipeline.prefix import Prefix  # noqa: E402
from tests import lambda_models  # noqa: E402

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PAGE = 1000
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
ITEM = (
    "<Contents><Key>{prefix}year=2026/part-{number:08}.snappy.parquet</Key>"
    "<LastModified>2026-01-05T02:10:00.000Z</LastModified>"
    "<ETag>&quot;d41d8cd98f00b204e9800998ecf8427e&quot;</ETag><Size>1234</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)


class Body(io.BytesIO):
    """An answer's body, as botocore reads it."""

    def stream(self, **_: object) -> Any:  # noqa: ANN401 - urllib3's form
        """Yield all of it."""
        yield self.read()


class Bucket:
    """So many objects under every prefix."""

    def __init__(self, objects: int) -> None:
        self.objects, self.seconds = objects, 0.0

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer ListObjectsV2 and PutObject; the time that this takes is the bench's own."""
        begin = time.process_time()
        query = parse_qs(urlsplit(request.url).query)
        text = self._page(query) if "list-type" in query else ""
        self.seconds += time.process_time() - begin
        return AWSResponse(request.url, 200, HTTPHeaders(), cast("Any", Body(text.encode())))

    def _page(self, query: dict[str, list[str]]) -> str:
        first, prefix = int(query.get("continuation-token", ["0"])[0]), query["prefix"][0]
        last = min(first + PAGE, self.objects)
        items = "".join(ITEM.format(prefix=prefix, number=n) for n in range(first, last))
        more = last < self.objects
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if more else ""
        return (
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{items}{token}</ListBucketResult>"
        )


def settle(s3: S3Client) -> None:
    """Write a marker."""
    config = Mock(prefix="p", kms_key_arn="key")
    config.input_of.return_value = Prefix("in", "in/")
    config.output_of.return_value = Prefix("out", "out/")
    sagemaker = Mock()
    sagemaker.get_paginator.return_value.paginate.return_value = []
    entry = Entry.of(Attempt("daily", SLOT, 1), "p--daily-20260105T020000Z-1")
    entry = replace(entry, outcome=Outcome.COMPLETED)
    job: Any = {"CreationTime": SLOT, "AppSpecification": {"ImageUri": "image"}}
    settled = success_marker.settle(s3, sagemaker, config, entry, job)
    found = settled.outcome, settled.success_marker
    assert found == (Outcome.COMPLETED, "s3://out/out/_SUCCESS")  # noqa: S101


def turn_pages(s3: S3Client) -> None:
    """Only look at both lists, and keep nothing."""
    for bucket in ("in", "out"):
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="p/"):
            page.get("Contents", [])


def measure(what: str, objects: int, root: str) -> None:
    """Print the seconds and the peak megabytes of this process."""
    config = Config(region_name="eu-central-1")
    session = sdk.session(Path(root)) if what == "settle" else boto3.Session()
    s3 = cast("S3Client", cast("Any", session).client("s3", config=config))
    bucket = Bucket(objects)
    s3.meta.events.register("before-send.s3", cast("Any", bucket.answer))
    begin = time.process_time()
    {"settle": settle, "turn_pages": turn_pages}[what](s3)
    seconds = time.process_time() - begin - bucket.seconds
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def child(what: str, objects: int, root: str) -> tuple[float, float]:
    """Return the seconds and the peak megabytes of a process of its own."""
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    command = [sys.executable, __file__, "--only", what, "--objects", str(objects), "--root", root]
    done = subprocess.run(command, env=keys, check=True, capture_output=True, text=True)
    return tuple(json.loads(done.stdout))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the success marker.")
    parser.add_argument("--objects", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--only", choices=["settle", "turn_pages"], help=argparse.SUPPRESS)
    parser.add_argument("--root", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.objects[0], options.root)
        return
    with tempfile.TemporaryDirectory() as root:
        lambda_models.write(lambda_models.operations("observer"), Path(root))
        compare(options.objects, root)


def compare(counts: list[int], root: str) -> None:
    """Print a line for each number of objects; the observer's models are at `root`."""
    for objects in counts:
        floor, _ = child("turn_pages", objects, root)
        seconds, megabytes = child("settle", objects, root)
        print(
            f"{objects:>9,} objects {seconds:6.1f} s {seconds / floor:5.2f} x turning the pages "
            f"{megabytes:5.0f} MB"
        )


if __name__ == "__main__":
    main()
