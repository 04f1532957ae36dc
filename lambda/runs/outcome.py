"""How an attempt ended, in one word."""

from __future__ import annotations

from enum import StrEnum


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
    THROTTLED = "throttled"
    INTERNAL_ERROR = "internal_error"
    OUT_OF_MEMORY = "out_of_memory"
    DISK_FULL = "disk_full"
    BAD_IMAGE = "bad_image"
    EMPTY_INPUT = "empty_input"
    ACCESS_DENIED = "access_denied"
    REFUSED = "refused"
    """SageMaker does not accept the request for the job."""
    NEVER_STARTED = "never_started"
    """The slot was due, and nobody asked for its job."""
    SKIPPED = "skipped"
    """The launcher decided not to start it."""
    UNKNOWN = "unknown"


NO_FAILURE = frozenset({Outcome.COMPLETED, Outcome.SKIPPED, Outcome.STOPPED, Outcome.REPLACED})
"""Ends that no alarm is for: as intended, or as somebody decided."""
