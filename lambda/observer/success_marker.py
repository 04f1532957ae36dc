"""The success marker: a slot's `_SUCCESS`, written after Completed and never by the container."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from observer import written_objects
from observer.config import ObserverConfig
from observer.job_result import JobResult
from observer.written_objects import Written
from pipeline import jobs
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.contract import MARKER_PARTS
from pipeline.outcome import Outcome
from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


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
        found = written_objects.look(self.place.objects(self.s3), self.created, self._put_part)
        if not found.object_count and self.config.when_no_output == "fail":
            self._withdraw()
            reason = f"EmptyOutput: the job wrote no object under {self.place.uri}"
            return Outcome.EMPTY_OUTPUT, replace(self.result, reason=reason), None
        document = self._document(found)
        if self._followed():
            return outcome, self.result, None
        self._put(self.place.marker, json.dumps(document, indent=2), "application/json")
        return outcome, self.result, f"s3://{self.place.bucket}/{self.place.marker}"

    def _document(self, found: Written) -> dict[str, Any]:
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
            "object_count": found.object_count,
            "objects": found.objects,
            **({"parts": found.parts} if found.parts else {}),
            "stale": {"count": found.stale_count, "keys": found.stale_keys},
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

    def _put_part(self, number: int, text: str) -> str:
        key = f"{self.place.key}{MARKER_PARTS}{self.attempt.number}-{number:05}.jsonl"
        self._put(key, text, "application/jsonl")
        return key

    def _put(self, key: str, text: str, content_type: str) -> None:
        self.s3.put_object(
            Bucket=self.place.bucket,
            Key=key,
            Body=text.encode(),
            ContentType=content_type,
            ServerSideEncryption="aws:kms",
            SSEKMSKeyId=self.config.deployed.kms_key_arn,
        )


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
