"""How an attempt ended, and the status of one that never began."""

from enum import StrEnum


class State(StrEnum):
    """The status of an attempt that has no job; of one that has, it is SageMaker's word."""

    REFUSED = "Refused"
    """The launcher or SageMaker does not start it."""
    SKIPPED = "Skipped"
    """It is not to be started, which is no failure."""
    MISSED = "Missed"
    """Nobody asked for it in time."""


STANDBY = "Standby"
"""Begins the reason of what is skipped because the other region runs the schedules."""
SUCCESSFUL = "Successful"
"""Begins the reason of what is skipped because its slot has a marker, maybe the other region's."""


class Outcome(StrEnum):
    """The class of an attempt's end; docs/runbook.md says what to do about each."""

    COMPLETED = "completed"
    SCRIPT_FAILED = "script_failed"
    TIMED_OUT = "timed_out"
    STOPPED = "stopped"
    """By an operator."""
    REPLACED = "replaced"
    """Stopped by the launcher, to make way for a later slot."""
    CAPACITY = "capacity"
    QUOTA = "quota"
    """All that the limit allows is in use."""
    QUOTA_TOO_LOW = "quota_too_low"
    """One job asks for more than the limit allows, even while nothing else runs."""
    NO_ADDRESSES = "no_addresses"
    SPOT_NEVER_CAME = "spot_never_came"
    """There was no spot instance within job.max_wait_seconds."""
    SPOT_RECLAIMED = "spot_reclaimed"
    """AWS took the spot instance back, and gave none again within job.max_wait_seconds."""
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    NO_NETWORK = "no_network"
    """The script wanted one, and its job has none."""
    BAD_IMAGE = "bad_image"
    EMPTY_INPUT = "empty_input"
    EMPTY_REFERENCE = "empty_reference"
    INPUT_NOT_READY = "input_not_ready"
    """The object that `input.ready` names is missing."""
    PREDECESSOR_LATE = "predecessor_late"
    """The schedule that it follows has not been successful in time, and nobody knows why not."""
    INPUT_TOO_LARGE = "input_too_large"
    """For the largest of job.sizes, or for the volumes that there are."""
    ARCHIVED_INPUT = "archived_input"
    EMPTY_OUTPUT = "empty_output"
    MISSING_BUCKET = "missing_bucket"
    KEY_UNUSABLE = "key_unusable"
    ACCESS_DENIED = "access_denied"
    REFUSED = "refused"
    MISSED = "missed"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


NO_FAILURE = frozenset({Outcome.COMPLETED, Outcome.SKIPPED, Outcome.STOPPED, Outcome.REPLACED})
"""Ends that no alarm is for: as intended, or as somebody decided."""
