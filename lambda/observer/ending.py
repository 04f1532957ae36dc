"""How an attempt ended, as SageMaker or the launcher tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer import limit
from pipeline import jobs
from pipeline.outcome import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_sagemaker.type_defs import DescribeProcessingJobResponseTypeDef

FULL_RUN = 0.9
"""Of its maximum runtime: a job that was stopped by nobody we know of, after less, was stopped by a
person. Not 1, since SageMaker's clock begins with the download, ProcessingStartTime maybe later."""

_EXIT_CODE = re.compile(r"exit code:?\s*(\d+)", re.IGNORECASE)
_KILLED = 137
"""128 + SIGKILL. Without a message it was the entry point itself, which nobody within a container
can kill, but the kernel for the machine's memory. With one it was a child: maybe by a timeout."""
_NO_COMMAND = {126, 127}
"""Without a message, which our entry point always leaves: it was never reached."""

# In this order: the first that is found in the platform's own words. tests/observer has the
# recorded texts that each was made from.
_PLATFORM = [
    (Outcome.REFUSED, r"is not available in this region"),
    (Outcome.EMPTY_INPUT, r"EmptyInput|No S3 objects found under S3 URL|inputs had no data"),
    (Outcome.QUOTA, r"ResourceLimitExceeded|account-level service limit|^InstanceLimit"),
    (
        Outcome.NO_ADDRESSES,
        r"Insufficient ?(Free|IP) ?Addresses|NoFreeAddresses|(enough|no) free (IP )?addresses"
        r"|addresses on subnet is 0",
    ),
    (Outcome.CAPACITY, r"CapacityError|InsufficientInstanceCapacity|ML compute capacity"),
    (Outcome.THROTTLED, r"Throttling|Rate exceeded|TooManyRequests|RequestLimitExceeded|SlowDown"),
    (Outcome.OUT_OF_MEMORY, r"type with more memory|Out of memory"),
    (Outcome.DISK_FULL, r"Insufficient disk space|No space left on device"),
    (
        Outcome.BAD_IMAGE,
        r"Cannot pull|manifest unknown|manifest media type|OCI runtime create failed"
        r"|exec format error|executable file not found|There is no image|image URI",
    ),
    (Outcome.ARCHIVED_INPUT, r"InvalidObjectState|not valid for the object's storage class"),
    (Outcome.MISSING_BUCKET, r"NoSuchBucket|specified bucket does not exist"),
    (
        Outcome.KEY_UNUSABLE,
        r"pending deletion|KMSInvalidState|InvalidKMSKey|KMS.*(disabled|not enabled)"
        r"|DisabledException",
    ),
    (
        Outcome.ACCESS_DENIED,
        r"AccessDenied|not authorized to perform|Access denied|unable to assume|not assume role"
        r"|unable to perform: sts:AssumeRole|does not grant|Forbidden|AuthFailure|KMS.*denied",
    ),
    (Outcome.TIMED_OUT, r"MaxRuntimeExceeded|exceeded the maximum runtime"),
    (
        Outcome.INTERNAL_ERROR,
        r"InternalServerError|Internal ?Server ?Error|InternalFailure|internal error"
        r"|ServiceUnavailable|^500:",
    ),
    (Outcome.REFUSED, r"^ValidationException|expected DHCP options to include keys"),
]

# In the exit message. A script's own words on memory do not count: a GPU, a Java heap or a limit
# that it set itself may be meant, and a larger machine is paid for. The kernel's count does, which
# container/entrypoint.sh tells in these words.
_SCRIPT = [
    (Outcome.OUT_OF_MEMORY, r"the kernel killed \d+ of its processes for lack of memory"),
    (Outcome.DISK_FULL, r"No space left on device|Errno 28\b|Disk quota exceeded"),
    (Outcome.BAD_IMAGE, r"exec format error|exec .* failed: No such file or directory"),
]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What is known of an attempt's end."""

    status: str
    """Completed, Failed or Stopped; NotStarted, Skipped or Missed where there was no job."""
    reason: str | None = None
    exit_message: str | None = None
    created: datetime | None = None
    started: datetime | None = None
    """None if its containers never ran."""
    ended: datetime | None = None
    instance_type: str | None = None
    instance_count: int | None = None
    volume_gb: int | None = None
    max_runtime_s: int | None = None
    image_uri: str | None = None

    @property
    def run_s(self) -> float | None:
        """Seconds from the start to the end, if it started."""
        if self.started is None or self.ended is None:
            return None
        return max(0.0, (self.ended - self.started).total_seconds())

    @property
    def queue_s(self) -> float | None:
        """Seconds from the request to the start, if it started."""
        if self.started is None or self.created is None:
            return None
        return max(0.0, (self.started - self.created).total_seconds())


def of_job(job: DescribeProcessingJobResponseTypeDef) -> Ending:
    """Return the end that DescribeProcessingJob tells of; a job that fails early has no start."""
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return Ending(
        status=job["ProcessingJobStatus"],
        reason=job.get("FailureReason"),
        exit_message=job.get("ExitMessage"),
        created=job.get("CreationTime"),
        started=job.get("ProcessingStartTime"),
        ended=job.get("ProcessingEndTime"),
        instance_type=jobs.instance_type(cluster),
        instance_count=jobs.instance_count(cluster),
        volume_gb=cluster.get("VolumeSizeInGB"),
        max_runtime_s=job.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        image_uri=job["AppSpecification"]["ImageUri"],
    )


def classify(ending: Ending, stop: str | None) -> Outcome:
    """Return the class of an end.

    Args:
        ending: what SageMaker or the launcher tells.
        stop: who asked for the job's stop, as the journal knows it.
    """
    match ending.status:
        case "Completed":
            return Outcome.COMPLETED
        case "Skipped":
            return Outcome.SKIPPED
        case "Missed":
            return Outcome.NEVER_STARTED
        case "Stopped":
            return _stopped(ending, stop)
        case _:
            return _failed(ending.reason or "", ending.exit_message or "")


def _stopped(ending: Ending, stop: str | None) -> Outcome:
    if stop:
        return Outcome.REPLACED if stop.startswith("replaced") else Outcome.STOPPED
    ran, limit = ending.run_s, ending.max_runtime_s
    full = ran is not None and limit is not None and ran >= FULL_RUN * limit
    return Outcome.TIMED_OUT if full else Outcome.STOPPED


def _failed(reason: str, exit_message: str) -> Outcome:
    code = _EXIT_CODE.search(reason)
    if reason.startswith("AlgorithmError") or code:
        if code and not exit_message and int(code[1]) == _KILLED:
            return Outcome.OUT_OF_MEMORY
        if code and not exit_message and int(code[1]) in _NO_COMMAND:
            return Outcome.BAD_IMAGE
        return _first(_SCRIPT, exit_message) or Outcome.SCRIPT_FAILED
    found = _first(_PLATFORM, reason) or Outcome.UNKNOWN
    stated = limit.read(reason) if found == Outcome.QUOTA else None
    return Outcome.QUOTA_TOO_LOW if stated and stated.never_fits else found


def _first(rules: list[tuple[Outcome, str]], text: str) -> Outcome | None:
    found = (outcome for outcome, words in rules if re.search(words, text, re.IGNORECASE))
    return next(found, None)
