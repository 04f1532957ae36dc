"""The class of an attempt's end, by what SageMaker, the launcher or the container says of it."""

import re

from observer import account_limit
from pipeline.jobs import Job
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.outcome import Outcome, State

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
    (Outcome.INPUT_NOT_READY, r"^InputNotReady"),
    (Outcome.PREDECESSOR_LATE, r"^PredecessorLate"),
    (Outcome.EMPTY_REFERENCE, r"^EmptyReference"),
    (Outcome.INPUT_TOO_LARGE, r"^InputTooLarge"),
    (Outcome.REFUSED, r"is not available in this region"),
    (Outcome.EMPTY_INPUT, r"^EmptyInput|No S3 objects found under S3 URL|inputs had no data"),
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
# container/bin/entrypoint.py tells in these words.
_SCRIPT = [
    (Outcome.OUT_OF_MEMORY, r"the kernel killed \d+ of its processes for lack of memory"),
    (Outcome.DISK_FULL, r"No space left on device|Errno 28\b|Disk quota exceeded"),
    (Outcome.BAD_IMAGE, r"exec format error|exec .* failed: No such file or directory"),
]

# In the exit message of a job without a network: how clients name hosts, credentials and addresses
# that they cannot reach.
_NO_NETWORK = re.compile(
    r"(not|n't|unable to) (resolve|translate) host|failure (in name resolution|resolving)"
    r"|NameResolutionError"
    r"|name or service not known|name does not resolve|getaddrinfo|no such host|unknown ?host"
    r"|unable to (locate|load) (aws )?credentials|NoCredentials|169\.254\.\d+\.\d+|EC2 IMDS role"
    r"|network is (unreachable|down)|ENETUNREACH|no route to host|EHOSTUNREACH"
    r"|could not connect to the endpoint URL|connect timeout on endpoint"
    r"|failed to establish a new connection|connection (attempt )?timed out",
    re.IGNORECASE,
)


def classify(entry: Entry, job: Job | None = None) -> Outcome:
    """Return the class of the end of an attempt, and of its job, if there is one."""
    match entry.status:
        case "Completed":
            return Outcome.COMPLETED
        case State.SKIPPED:
            return Outcome.SKIPPED
        case State.MISSED:
            return Outcome.MISSED
        case "Stopped":
            return _stopped(entry, job)
        case _:
            return _failed(entry, job)


def _stopped(entry: Entry, job: Job | None) -> Outcome:
    if entry.stop:
        return Outcome.REPLACED if entry.stop.startswith(REPLACED_BY) else Outcome.STOPPED
    match job.detail if job else None:
        case "MaxRuntimeExceeded":
            return Outcome.TIMED_OUT
        case "MaxWaitTimeExceeded":
            return Outcome.SPOT_RECLAIMED if entry.started else Outcome.SPOT_NEVER_CAME
        case str():  # of a training job, which says what ended it
            return Outcome.STOPPED
        case None:
            limit = job.max_runtime_s if job else None
            full = limit is not None and (entry.run_s or 0) >= FULL_RUN * limit
            return Outcome.TIMED_OUT if full else Outcome.STOPPED


def _failed(entry: Entry, job: Job | None) -> Outcome:
    reason, code = entry.reason or "", _EXIT_CODE.search(entry.reason or "")
    if reason.startswith("AlgorithmError") or code:
        isolated = bool(job and job.isolated)
        return _of_script(int(code[1]) if code else None, entry.exit_message or "", isolated)
    found = _first(_PLATFORM, reason) or Outcome.UNKNOWN
    stated = account_limit.read(reason) if found == Outcome.QUOTA else None
    return Outcome.QUOTA_TOO_LOW if stated and stated.never_fits else found


def _of_script(exit_code: int | None, message: str, isolated: bool) -> Outcome:
    if not message and exit_code == _KILLED:
        return Outcome.OUT_OF_MEMORY
    if not message and exit_code in _NO_COMMAND:
        return Outcome.BAD_IMAGE
    if found := _first(_SCRIPT, message):
        return found
    no_network = isolated and _NO_NETWORK.search(message)
    return Outcome.NO_NETWORK if no_network else Outcome.SCRIPT_FAILED


def _first(rules: list[tuple[Outcome, str]], text: str) -> Outcome | None:
    found = (outcome for outcome, words in rules if re.search(words, text, re.IGNORECASE))
    return next(found, None)
