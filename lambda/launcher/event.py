"""The event: which slot of which schedule is to run, and for which time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_ATTEMPT = 99
"""Two digits of the job's name."""

_KEYS = ("schedule", "slot", "attempt")
_SLOT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_EXAMPLE = '{"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "attempt": 1}'


class EventError(Exception):
    """An event that asks for no run; the message lists everything that is wrong with it."""


@dataclass(frozen=True)
class Run:
    """One attempt at one slot of one schedule."""

    schedule: str
    slot: datetime
    """The scheduled time: an instant in UTC, in whole seconds."""
    attempt: int


def parse(event: object, schedules: Collection[str], now: datetime) -> Run:
    """Return the run that `event` asks for.

    `slot` defaults to `now`, `attempt` to 1, and `schedule` to the only one there is.

    Args:
        event: as delivered by EventBridge Scheduler, or typed by a person.
        schedules: the names of the stack's schedules.
        now: the current time, in UTC.

    Raises:
        EventError: names every problem, what is allowed and an example.
    """
    if not isinstance(event, dict):
        raise EventError(f"the event must be a JSON object such as {_EXAMPLE}, not {event!r:.200}")
    fields = cast("dict[str, Any]", event)
    schedule = fields.get("schedule", _only(schedules))
    slot = fields.get("slot")
    attempt = fields.get("attempt", 1)
    problems = [
        f"{key!r:.100} is no key of the event; allowed: {', '.join(_KEYS)}"
        for key in fields
        if key not in _KEYS
    ]
    if schedule not in schedules:
        problems.append(f"schedule {schedule!r:.100} must be one of: {', '.join(schedules)}")
    if slot is not None and _instant(slot) is None:
        problems.append(f"slot {slot!r:.100} must be a UTC time such as 2026-01-05T02:00:00Z")
    if type(attempt) is not int or not 1 <= attempt <= MAX_ATTEMPT:
        problems.append(f"attempt {attempt!r:.100} must be a number from 1 to {MAX_ATTEMPT}")
    if problems:
        raise EventError(f"{'; '.join(problems)}. Example: {_EXAMPLE}")
    return Run(schedule, _instant(slot) or now.replace(microsecond=0), attempt)


def _only(schedules: Collection[str]) -> str | None:
    return next(iter(schedules)) if len(schedules) == 1 else None


def _instant(slot: object) -> datetime | None:
    """Return the instant that `slot` spells, or None where it spells none."""
    if not isinstance(slot, str) or not _SLOT.fullmatch(slot):
        return None
    try:
        return datetime.strptime(slot, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
