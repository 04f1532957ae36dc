"""The success marker: a slot's `_SUCCESS`, written after Completed and never by the container.

What was there before the attempt's job was created is an earlier attempt's: stale, and no part of
the result. The clocks of S3 and SageMaker need not agree to the second for it: an earlier job has
ended before, and this one uploads when its containers have come, run and gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from observer import spot_output
from pipeline import replica
from pipeline.attempt import Attempt, slot_text
from pipeline.config import ObserverConfig
from pipeline.jobs import Job, Jobs
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef, ObjectVersionTypeDef

LISTED = 10_000
"""Objects that a marker lists, the first in the order of their keys."""
STALE_NAMED = 100
"""Stale keys that are named."""


def settle(s3: S3Client, jobs: Jobs, config: ObserverConfig, entry: Entry, job: Job) -> Entry:
    """Write the marker of an attempt that completed, or see that there is none; return its entry.

    That has the marker's URI, or a failure where a job completed and wrote nothing. A second time
    gives the same again. Where a later job has followed, the place is left to that.
    """
    place, created = config.output_of(entry.attempt), job.created
    document: dict[str, Any] | None = None
    if entry.outcome == Outcome.COMPLETED and job.kind is Kind.TRAINING:
        if _is_followed(jobs, entry.attempt, created):
            return entry
        entry = _with_output(s3, config, entry, job)
    if entry.outcome == Outcome.COMPLETED:
        of_versions = config.recovery_region is not None
        objects = replica.current(place, s3) if of_versions else place.objects(s3)
        written = _written(objects, created, of_versions=of_versions)
        if written["object_count"] or config.schedule(entry.schedule).output.when_empty == "allow":
            document = _about(entry, job) | _read(s3, config, entry.attempt, created) | written
        else:
            reason = f"EmptyOutput: the job wrote no object under {place.uri}"
            entry = replace(entry, outcome=Outcome.EMPTY_OUTPUT, reason=reason)
    if _is_followed(jobs, entry.attempt, created):
        return entry
    if document is None:  # after a failure it is no marker, whoever put it there
        place.withdraw_marker(s3)
        return entry
    s3.put_object(
        Bucket=place.bucket,
        Key=place.marker,
        Body=json.dumps(document, indent=2).encode(),
        ContentType="application/json",
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=config.kms_key_arn,
    )
    return replace(entry, success_marker=f"s3://{place.bucket}/{place.marker}")


def _is_followed(jobs: Jobs, attempt: Attempt, created: datetime) -> bool:
    """Return whether the slot has a later job than the attempt's, which was `created` then."""
    # By the time and not by the number: a person may start the attempts in any order.
    others = jobs.listed(attempt.schedule, attempt.slot)
    return any(other.created > created for _, other in others)


def _with_output(s3: S3Client, config: ObserverConfig, entry: Entry, job: Job) -> Entry:
    """Bring what a spot job wrote to its place, and return its entry with the job's message."""
    place, ended = config.output_of(entry.attempt), job.ended or job.changed
    try:
        said = spot_output.take(s3, job.artifacts, place, ended, config.kms_key_arn)
    except spot_output.UnfinishedError as error:
        reason = f"EmptyOutput: the job completed, but {error}"
        return replace(entry, outcome=Outcome.EMPTY_OUTPUT, reason=reason)
    return replace(entry, exit_message=said)


def _read(
    s3: S3Client, config: ObserverConfig, attempt: Attempt, created: datetime
) -> dict[str, Any]:
    sources = {"input": config.input_of(attempt), "reference": config.reference_of(attempt)}
    return {name: _fingerprint(source, s3, created) for name, source in sources.items() if source}


def _about(entry: Entry, job: Job) -> dict[str, Any]:
    return {
        "job_name": entry.job_name,
        "schedule": entry.schedule,
        "slot": slot_text(entry.slot),
        "attempt": entry.number,
        "image": job.image,
        "created": _text(entry.created),
        "started": _text(entry.started),
        "ended": _text(entry.ended),
    }


def _fingerprint(source: Prefix, s3: S3Client, created: datetime) -> dict[str, Any]:
    """Return the fingerprint of what was there to read when the job was created.

    The hash is over key, size and ETag of every object that was there. `changed_since` counts
    those that came or were overwritten later: the job may have read them, or not.
    """
    digest, count, changed = hashlib.sha256(), 0, 0
    for item in source.objects(s3):
        if item.get("LastModified", created) > created:
            changed += 1
            continue
        count += 1
        digest.update(f"{item.get('Key')}\0{item.get('Size')}\0{item.get('ETag')}\n".encode())
    return {
        "prefix": source.uri,
        "objects": count,
        "listing_sha256": digest.hexdigest(),
        "changed_since": changed,
    }


def _written(
    objects: Iterable[ObjectTypeDef | ObjectVersionTypeDef],
    created: datetime,
    *,
    of_versions: bool = False,
) -> dict[str, Any]:
    """Return what a marker says of the objects at its place, for a job that was `created` then.

    `of_versions`: also of which versions of them it is, by which another region knows its replicas.

    A million take no more memory than LISTED. Who needs the rest lists the place: what is not older
    than `created`, in whole seconds, is the attempt's own.
    """
    since = created.replace(microsecond=0)  # S3 cuts its times off to whole seconds
    listed: list[dict[str, Any]] = []
    stale_keys: list[str] = []
    versions = replica.Versions()
    count = size = stale = 0
    for item in objects:
        if item.get("LastModified", since) < since:
            stale += 1
            if stale <= STALE_NAMED:
                stale_keys.append(item.get("Key", ""))
            continue
        count += 1
        size += item.get("Size", 0)
        key, version = item.get("Key", ""), item.get("VersionId")
        if version:
            versions.add(key, version)
        if count <= LISTED:
            etag = item.get("ETag", "").strip('"')
            told = {"key": key, "size": item.get("Size"), "etag": etag}
            listed.append(told | ({"version": version} if version else {}))
    return {
        "object_count": count,
        "total_size": size,
        "objects": listed,
        "truncated": count > LISTED,
        **({"versions_sha256": versions.sha256()} if of_versions else {}),
        "stale": {"count": stale, "keys": stale_keys},
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
