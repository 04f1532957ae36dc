"""What a spot job wrote: taken from its scratch place to where a processing job would have put it.

SageMaker uploads a training job's artifacts to a place of its own choice. Each start of the
container has a folder there, named by its time, of which only the last counts: an upload that a
reclaim cut off leaves parts of an earlier one. ADR 38 says why it is done so.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

from boto3.s3.transfer import TransferConfig, create_transfer_manager

from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_s3 import S3Client

_COPY = TransferConfig(multipart_threshold=2**28, multipart_chunksize=2**28)
"""S3 copies within itself; in parts what is larger than 256 MB, so that no call takes long."""
_START = re.compile(r"\d{8}T\d{6}\.\d+Z/")
"""What container/bin/places.py names a start's folder, among others that a script may make."""
_BATCH = 1000
"""Copies under way together, and keys of one DeleteObjects (its API reference)."""
_LONGEST_MESSAGE = 1024
"""Bytes, as of a processing job's exit message."""


class UnfinishedError(Exception):
    """The last start of the container did not say that it was done."""


class NotClearedError(Exception):
    """S3 did not delete what nobody needs any more; the slot's end has been dealt with."""


def take(
    s3: S3Client, artifacts: str | None, place: Prefix, ended: datetime, key_id: str
) -> str | None:
    """Copy the output of a job that completed to its place; return the message that it left.

    `artifacts` is the S3 URI of what it uploaded, `ended` when it had: what is at the place since
    then has been copied by an earlier call, and is not again.

    Raises:
        UnfinishedError: there is nothing whole to take.
    """
    if not artifacts:
        raise UnfinishedError("SageMaker names no artifacts of it")
    bucket, _, key = artifacts.removeprefix("s3://").partition("/")
    start = _last_start(s3, Prefix(bucket, f"{key.rstrip('/')}/"))
    body = s3.get_object(Bucket=bucket, Key=f"{start.key}message")["Body"]
    message = body.read(_LONGEST_MESSAGE).decode(errors="replace")
    source = Prefix(bucket, f"{start.key}output/")
    since = ended.replace(microsecond=0)  # S3 cuts its times off to whole seconds
    done = {
        item.get("Key", "")[len(place.key) :]
        for item in place.objects(s3)
        if item.get("LastModified", ended) >= since
    }
    names = (item.get("Key", "")[len(source.key) :] for item in source.objects(s3))
    coming = (name for name in names if name not in done)
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id}
    with create_transfer_manager(s3, _COPY) as manager:
        while batch := [*islice(coming, _BATCH)]:
            copies = [
                manager.copy(
                    {"Bucket": bucket, "Key": source.key + name},
                    place.bucket,
                    place.key + name,
                    extra_args=encrypted,
                )
                for name in batch
            ]
            for copy in copies:
                copy.result()
    return message or None


def clear(s3: S3Client, scratch: Prefix) -> None:
    """Delete what the spot jobs of a slot kept, which nobody needs after its end.

    Raises:
        NotClearedError: S3 refuses an object.
    """
    keys = (item.get("Key", "") for item in scratch.objects(s3))
    while batch := [*islice(keys, _BATCH)]:
        answer = s3.delete_objects(
            Bucket=scratch.bucket,
            Delete={"Objects": [{"Key": key} for key in batch], "Quiet": True},
        )
        if refused := answer.get("Errors"):
            raise NotClearedError(f"{scratch.uri}: delete what is below it by hand: {refused[0]}")


def _last_start(s3: S3Client, artifacts: Prefix) -> Prefix:
    """Return the folder of the container's last start."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=artifacts.bucket, Prefix=artifacts.key, Delimiter="/"
    )
    found = (each.get("Prefix", "") for page in pages for each in page.get("CommonPrefixes", []))
    starts = (key for key in found if _START.fullmatch(key, len(artifacts.key)))
    start = Prefix(artifacts.bucket, max(starts, default=artifacts.key))
    if not start.has("message", s3):
        raise UnfinishedError(f"its last start left nothing whole under {artifacts.uri}")
    return start
