"""The event: which attempt is to start, and who asks for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from pipeline.attempt import MAX_ATTEMPT, Attempt, parse_slot, slot_text
from pipeline.text import safe_repr

_KEYS = ("schedule", "slot", "attempt", "trigger")
_EARLY = timedelta(minutes=5)
"""A clock may be ahead by so much: EventBridge Scheduler delivers no slot before its time."""
_EXAMPLE = '{"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "attempt": 1}'


class EventError(Exception):
    """An event that asks for no attempt; the message lists everything that is wrong with it."""


class Trigger(StrEnum):
    """Who asks for an attempt."""

    SCHEDULE = "schedule"
    RETRY = "retry"
    """The observer, for a next attempt."""
    OPERATOR = "operator"
    """A person: no overlap policy and no start deadline stands in the way."""


@dataclass(frozen=True)
class Request:
    """What an event asks for."""

    attempt: Attempt
    trigger: Trigger


def parse(event: object, schedules: Collection[str], now: datetime) -> Request:
    """Return what `event` asks for.

    EventBridge Scheduler delivers it, or a person typed it. `slot` defaults to `now`, `attempt` to
    1, `trigger` to operator, and `schedule` to the only one there is.

    Raises:
        EventError: names every problem, what is allowed and an example.
    """
    if not isinstance(event, dict):
        raise EventError(
            f"the event must be a JSON object such as {_EXAMPLE}, not {safe_repr(event)}"
        )
    fields = cast("dict[str, Any]", event)
    only = next(iter(schedules)) if len(schedules) == 1 else None
    schedule, slot = fields.get("schedule", only), fields.get("slot", slot_text(now))
    number, trigger = fields.get("attempt", 1), fields.get("trigger", Trigger.OPERATOR)
    at = _instant(slot)
    problems: list[str] = []
    if unknown := sorted(fields.keys() - set(_KEYS)):
        problems.append(f"unknown keys {safe_repr(unknown)}; allowed: {', '.join(_KEYS)}")
    if not isinstance(schedule, str) or schedule not in schedules:
        problems.append(f"schedule {safe_repr(schedule)} must be one of: {', '.join(schedules)}")
    if at is None:
        form = "must be a UTC time like 2026-01-05T02:00:00Z, in 2000 to 2199"
        problems.append(f"slot {safe_repr(slot)} {form}")
    elif at > now + _EARLY:
        # What is decided now would stand when its time comes, before there is any input for it.
        late = f"must not be later than now, which is {slot_text(now)}"
        problems.append(f"slot {safe_repr(slot)} {late}")
    if type(number) is not int or not 1 <= number <= MAX_ATTEMPT:
        problems.append(f"attempt {safe_repr(number)} must be a number from 1 to {MAX_ATTEMPT}")
    if trigger not in list(Trigger):
        problems.append(f"trigger {safe_repr(trigger)} must be one of: {', '.join(Trigger)}")
    if problems or at is None:
        raise EventError(f"{'; '.join(problems)}. Example: {_EXAMPLE}")
    return Request(Attempt(cast("str", schedule), at, number), Trigger(trigger))


def _instant(slot: object) -> datetime | None:
    try:
        return parse_slot(slot) if isinstance(slot, str) else None
    except ValueError:
        return None
