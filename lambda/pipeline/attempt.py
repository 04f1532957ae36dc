"""One attempt at one slot of one schedule, and the name of its job."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Self

MAX_ATTEMPT = 99
"""Two digits of the job's name."""

# Years 2000 to 2199: near the years 1 and 9999 there are no other time zones.
_SLOT = re.compile(r"2[01]\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)
_NAME = re.compile(
    r"(?P<schedule>[a-z][a-z0-9]*(-[a-z0-9]+)*)-(?P<slot>2[01]\d{6}T\d{6}Z)-(?P<attempt>[1-9]\d?)",
    re.ASCII,
)
_LONGEST_NAME = 63
"""Characters of a processing job's name."""


@dataclass(frozen=True, order=True)
class Attempt:
    """One attempt at one slot of one schedule."""

    schedule: str
    slot: datetime
    """The scheduled time: an instant in UTC, in whole seconds."""
    number: int

    @property
    def as_event(self) -> dict[str, str | int]:
        """What names it in the launcher's events and answers."""
        return {"schedule": self.schedule, "slot": slot_text(self.slot), "attempt": self.number}

    def next(self) -> Self | None:
        """Return the next attempt at the same slot, or None after the last one."""
        if self.number == MAX_ATTEMPT:
            return None
        return replace(self, number=self.number + 1)


def job_name(prefix: str, attempt: Attempt) -> str:
    """Return the name of the attempt's job, the same for every delivery of the same event.

    CreateProcessingJob takes no client token, so the name is what keeps a repeated delivery from
    starting a second paid job. The double hyphen ends the prefix: prefixes and schedules contain
    none, so no two stacks or schedules can mean the same name.
    """
    return f"{slot_jobs(prefix, attempt)}-{attempt.number}"


def slot_jobs(prefix: str, attempt: Attempt) -> str:
    """Return what the names of all jobs of an attempt's slot have before their number."""
    return f"{prefix}--{attempt.schedule}-{slot_name(attempt.slot)}"


def slot_name(slot: datetime) -> str:
    """Return a slot as the names of its jobs have it."""
    return f"{slot:%Y%m%dT%H%M%SZ}"


def parse_job_name(prefix: str, name: str) -> Attempt | None:
    """Return the attempt that a job of this stack is for, or None for any other name."""
    begin, _, rest = name.partition("--")
    found = _NAME.fullmatch(rest)
    if not found or begin != prefix or len(name) > _LONGEST_NAME:
        return None
    try:
        slot = datetime.strptime(found["slot"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Attempt(found["schedule"], slot, int(found["attempt"]))


def slot_text(slot: datetime) -> str:
    """Return a slot as EventBridge Scheduler spells it: 2026-01-05T02:00:00Z."""
    return f"{slot.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_slot(text: str) -> datetime:
    """Return the instant that `slot_text` spelled.

    Raises:
        ValueError: the text spells none of the years 2000 to 2199.
    """
    if not _SLOT.fullmatch(text):
        raise ValueError(f"{text!r:.100} is no slot like 2026-01-05T02:00:00Z")
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
