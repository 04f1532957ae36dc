"""The success marker: a slot's `_SUCCESS`, written after Completed and never by the container.

What was there before the attempt's job was created is an earlier attempt's: stale, and no part of
the result. The clocks of S3 and SageMaker need not agree to the second for it: an earlier job has
ended before, and this one uploads when its containers have come, run and gone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from observer.job_result import JobResult
from pipeline import jobs
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import ObserverConfig
from pipeline.outcome import Outcome
from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef
    from mypy_boto3_sagemaker import SageMakerClient

LISTED = 10_000
"""Objects that a marker lists, the first in the order of their keys."""
STALE_NAMED = 100
"""Stale keys that are named."""


@dataclass(frozen=True)
class SuccessMarker:
    """The marker of an attempt that had a job: written, withdrawn, or left to a later one."""

    s3: S3Client
    sagemaker: SageMakerClient
    config: ObserverConfig
    attempt: Attempt
    result: JobResult
    created: datetime
    """When the job was created: what is older is not its own."""

    @property
    def place(self) -> Prefix:
        """Where the attempt writes."""
        return self.config.output_of(self.attempt)

    def settle(self, outcome: Outcome) -> tuple[Outcome, JobResult, str | None]:
        """Write the marker of a success, or see that there is none.

        Returns:
            The outcome, which is another one where a job completed and wrote nothing, the result
            with the reason for that, and the marker's URI. A second time gives the same again.
        """
        if outcome != Outcome.COMPLETED:
            self._withdraw()
            return outcome, self.result, None
        written = describe_objects(self.place.objects(self.s3), self.created)
        if not written["object_count"] and self.config.when_no_output == "fail":
            self._withdraw()
            reason = f"EmptyOutput: the job wrote no object under {self.place.uri}"
            return Outcome.EMPTY_OUTPUT, replace(self.result, reason=reason), None
        document = self._document(written)
        if self._followed():
            return outcome, self.result, None
        self.s3.put_object(
            Bucket=self.place.bucket,
            Key=self.place.marker,
            Body=json.dumps(document, indent=2).encode(),
            ContentType="application/json",
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.config.kms_key_arn,
        )
        return outcome, self.result, f"s3://{self.place.bucket}/{self.place.marker}"

    def _document(self, written: dict[str, Any]) -> dict[str, Any]:
        return {
            "job_name": job_name(self.config.prefix, self.attempt),
            "schedule": self.attempt.schedule,
            "slot": slot_text(self.attempt.slot),
            "attempt": self.attempt.number,
            "image": self.result.image_uri,
            "created": _text(self.created),
            "started": _text(self.result.started),
            "ended": _text(self.result.ended),
            "input": self._input(),
            **written,
        }

    def _withdraw(self) -> None:
        """Take away what stands as a marker: after a failure it is none, whoever put it there."""
        if not self._followed():
            self.place.withdraw_marker(self.s3)

    def _followed(self) -> bool:
        """Return whether another attempt at the slot has a later job, which overwrites all this.

        By the time and not by the number: a person may start the attempts in any order.
        """
        slot = self.attempt.schedule, self.attempt.slot
        others = jobs.listed(self.sagemaker, self.config.prefix, *slot)
        return any(job["CreationTime"] > self.created for _, job in others)

    def _input(self) -> dict[str, Any]:
        """Return the fingerprint of the input as it was when the job was created.

        The hash is over key, size and ETag of every object that was there. `changed_since` counts
        those that came or were overwritten later: the job may have read them, or not.
        """
        source = self.config.input_of(self.attempt)
        digest, count, changed = hashlib.sha256(), 0, 0
        for item in source.objects(self.s3):
            if item.get("LastModified", self.created) > self.created:
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


def describe_objects(objects: Iterable[ObjectTypeDef], created: datetime) -> dict[str, Any]:
    """Return what a marker says of the objects at its place, for a job that was `created` then.

    A million take no more memory than LISTED. Who needs the rest lists the place: what is not older
    than `created`, in whole seconds, is the attempt's own.
    """
    since = created.replace(microsecond=0)  # S3 cuts its times off to whole seconds
    listed: list[dict[str, Any]] = []
    stale_keys: list[str] = []
    count = size = stale = 0
    for item in objects:
        if item.get("LastModified", since) < since:
            stale += 1
            if stale <= STALE_NAMED:
                stale_keys.append(item.get("Key", ""))
            continue
        count += 1
        size += item.get("Size", 0)
        if count <= LISTED:
            etag = item.get("ETag", "").strip('"')
            listed.append({"key": item.get("Key"), "size": item.get("Size"), "etag": etag})
    return {
        "object_count": count,
        "total_size": size,
        "objects": listed,
        "truncated": count > LISTED,
        "stale": {"count": stale, "keys": stale_keys},
    }


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
