"""The success marker: a slot's `_SUCCESS`, written after Completed and never by the container."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runs.identity import Run, slot_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

    from observer.config import ObserverConfig
    from observer.ending import Ending

MARKER = "_SUCCESS"


@dataclass(frozen=True)
class Prefix:
    """A place in S3."""

    bucket: str
    key: str

    def objects(self, s3: S3Client) -> Iterator[ObjectTypeDef]:
        """Yield what lies there, but for a marker, in S3's order: by key."""
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key)
        for page in pages:
            for item in page.get("Contents", []):
                if item.get("Key") != self.key + MARKER:
                    yield item


def prefixes(config: ObserverConfig, run: Run) -> tuple[Prefix, Prefix]:
    """Return where a run reads and where it writes."""
    values = {"schedule": run.schedule, "slot": run.slot}
    return (
        Prefix(config.deployed.input_bucket, config.input_prefix.format(**values)),
        Prefix(config.deployed.output_bucket, config.output_prefix.format(**values)),
    )


def write_marker(
    s3: S3Client, config: ObserverConfig, run: Run, job_name: str, ending: Ending
) -> str:
    """Write the marker and return its S3 URI; a second time writes the same again."""
    source, target = prefixes(config, run)
    document = {
        "job_name": job_name,
        "schedule": run.schedule,
        "slot": slot_text(run.slot),
        "attempt": run.attempt,
        "image": ending.image_uri,
        "created": _text(ending.created),
        "started": _text(ending.started),
        "ended": _text(ending.ended),
        "input": _listing(s3, source, ending),
        "objects": [_described(item) for item in target.objects(s3)],
    }
    s3.put_object(
        Bucket=target.bucket,
        Key=target.key + MARKER,
        Body=json.dumps(document, indent=2).encode(),
        ContentType="application/json",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=config.deployed.kms_key_arn,
    )
    return f"s3://{target.bucket}/{target.key}{MARKER}"


def _listing(s3: S3Client, source: Prefix, ending: Ending) -> dict[str, Any]:
    """Return the fingerprint of the input as it was when the job was created.

    The hash is over key, size and ETag of every object that was there. `changed_since` counts those
    that came or were overwritten later: the job may have read them, or not.
    """
    digest, count, changed = hashlib.sha256(), 0, 0
    for item in source.objects(s3):
        if ending.created and item.get("LastModified", ending.created) > ending.created:
            changed += 1
            continue
        count += 1
        digest.update(f"{item.get('Key')}\0{item.get('Size')}\0{item.get('ETag')}\n".encode())
    return {
        "prefix": f"s3://{source.bucket}/{source.key}",
        "objects": count,
        "listing_sha256": digest.hexdigest(),
        "changed_since": changed,
    }


def _described(item: ObjectTypeDef) -> dict[str, Any]:
    return {
        "key": item.get("Key"),
        "size": item.get("Size"),
        "etag": item.get("ETag", "").strip('"'),
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
