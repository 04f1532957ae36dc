"""The success marker: a slot's `_SUCCESS`, written after Completed and never by the container."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from observer import written
from observer.listing import PARTS, Prefix
from pipeline import marker
from pipeline.attempt import Attempt, slot_text
from pipeline.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_s3 import S3Client

    from observer.config import ObserverConfig
    from observer.ending import Ending
    from observer.written import Written


@dataclass(frozen=True)
class Output:
    """What an attempt that had a job leaves under its slot's output prefix."""

    s3: S3Client
    config: ObserverConfig
    attempt: Attempt
    job_name: str
    followed: Callable[[], bool]
    """Whether a later attempt has a job already, which overwrites what lies there."""

    @property
    def place(self) -> Prefix:
        """Where the attempt writes."""
        return self._prefix(self.config.deployed.output_bucket, self.config.output_prefix)

    def settle(self, outcome: Outcome, ending: Ending) -> tuple[Outcome, Ending, str | None]:
        """Write the marker of a success, or see that there is none.

        Returns:
            The outcome, which is another one where a job completed and wrote nothing, the ending
            with the reason for that, and the marker's URI. A second time gives the same again.
        """
        if outcome != Outcome.COMPLETED:
            self._withdraw()
            return outcome, ending, None
        found = written.look(self.place.objects(self.s3), _created(ending), self._put_part)
        if not found.object_count and self.config.when_no_output == "fail":
            self._withdraw()
            reason = f"EmptyOutput: the job wrote no object under {self.place.uri}"
            return Outcome.EMPTY_OUTPUT, replace(ending, reason=reason), None
        return outcome, ending, self._mark(ending, found)

    def _mark(self, ending: Ending, found: Written) -> str | None:
        document = {
            "job_name": self.job_name,
            "schedule": self.attempt.schedule,
            "slot": slot_text(self.attempt.slot),
            "attempt": self.attempt.number,
            "image": ending.image_uri,
            "created": _text(ending.created),
            "started": _text(ending.started),
            "ended": _text(ending.ended),
            "input": self._input(ending),
            "object_count": found.object_count,
            "objects": found.objects,
            **({"parts": found.parts} if found.parts else {}),
            "stale": {"count": found.stale_count, "keys": found.stale_keys},
        }
        if self.followed():
            return None
        self._put(self.place.marker, json.dumps(document, indent=2), "application/json")
        return f"s3://{self.place.bucket}/{self.place.marker}"

    def _withdraw(self) -> None:
        """Take away what stands as a marker: after a failure it is none, whoever put it there."""
        if not self.followed():
            marker.withdraw(self.s3, self.place.bucket, self.place.key)

    def _input(self, ending: Ending) -> dict[str, Any]:
        """Return the fingerprint of the input as it was when the job was created.

        The hash is over key, size and ETag of every object that was there. `changed_since` counts
        those that came or were overwritten later: the job may have read them, or not.
        """
        source = self._prefix(self.config.deployed.input_bucket, self.config.input_prefix)
        created, digest, count, changed = _created(ending), hashlib.sha256(), 0, 0
        for item in source.objects(self.s3):
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

    def _put_part(self, number: int, text: str) -> str:
        key = f"{self.place.key}{PARTS}{self.attempt.number}-{number:05}.jsonl"
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

    def _prefix(self, bucket: str, pattern: str) -> Prefix:
        return Prefix(
            bucket, pattern.format(schedule=self.attempt.schedule, slot=self.attempt.slot)
        )


def _created(ending: Ending) -> datetime:
    """Return when the job was created, which every job tells."""
    return ending.created or datetime.min.replace(tzinfo=UTC)


def _text(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None
