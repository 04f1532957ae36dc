"""Measure what a slot's success marker takes, by the number of its objects.

Usage: python -m benchmarks.success_marker [--objects 1000 1000000]

Prints for each number of objects, as input and as output, the processor's seconds, how many times
those of an ordinary client that only turns the pages, and the peak memory of a process of its own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import boto3

from benchmarks import fake_s3, table
from benchmarks.fake_s3 import PAGE, Query
from observer import success_marker
from pipeline import sdk
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from pipeline.prefix import Prefix
from tests import lambda_models

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)


class Bucket:
    """So many objects under every prefix."""

    def __init__(self, objects: int) -> None:
        self.objects, self.seconds = objects, 0.0

    def answer(self, query: Query) -> str:
        """Answer ListObjectsV2 and PutObject; the time that this takes is the bench's own."""
        begin = time.process_time()
        text = self._page(query) if "list-type" in query else ""
        self.seconds += time.process_time() - begin
        return text

    def _page(self, query: Query) -> str:
        first, prefix = int(query.get("continuation-token", "0")), query["prefix"]
        last = min(first + PAGE, self.objects)
        keys = (f"{prefix}year=2026/part-{n:08}.snappy.parquet" for n in range(first, last))
        return fake_s3.page(keys, last if last < self.objects else None)


def settle(s3: S3Client) -> None:
    """Write a marker."""
    config = Mock(prefix="p", kms_key_arn="key")
    config.input_of.return_value = Prefix("in", "in/")
    config.reference_of.return_value = None
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


def measure(what: str, objects: int, root: Path) -> None:
    """Say the processor's seconds of this process."""
    session = sdk.session(root) if what == "settle" else boto3.Session()
    bucket = Bucket(objects)
    s3 = fake_s3.client(session, bucket.answer)
    begin = time.process_time()
    {"settle": settle, "turn_pages": turn_pages}[what](s3)
    fake_s3.say(time.process_time() - begin - bucket.seconds)


def rows(counts: list[int], root: str) -> Iterator[list[str]]:
    """Yield a line for each number of objects; the observer's models are at `root`."""
    for objects in counts:
        floor, _ = fake_s3.alone("success_marker", "turn_pages", objects=objects, root=root)
        seconds, peak = fake_s3.alone("success_marker", "settle", objects=objects, root=root)
        yield [f"{objects:,}", f"{seconds:.2f}", f"{seconds / floor:.1f}", f"{peak:.0f}"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure the success marker.")
    parser.add_argument("--objects", type=int, nargs="+", default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--only", choices=["settle", "turn_pages"], help=argparse.SUPPRESS)
    parser.add_argument("--root", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.objects[0], options.root)
        return
    with tempfile.TemporaryDirectory() as root:
        lambda_models.write(lambda_models.operations("observer"), Path(root))
        heads = ["objects", "cpu-seconds", "x turning the pages", "peak MB"]
        table.show(heads, rows(options.objects, root))


if __name__ == "__main__":
    main()
