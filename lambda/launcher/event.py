"""The event: which attempt is to start, and who asks for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from pipeline.attempt import MAX_ATTEMPT, Attempt, parse_slot, slot_text
from pipeline.text import safe_repr

_EARLY = timedelta(minutes=5)
"""A clock may be ahead by so much: EventBridge Scheduler delivers no slot before its time."""
_EXAMPLE = '{"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "attempt": 1}'


class EventError(Exception):
    """An event that asks for no attempt; the message lists everything that is wrong with it."""


class Trigger(StrEnum):
    """Who asks for an attempt."""

    SCHEDULE = "schedule"
    RETRY = "retry"
    OPERATOR = "operator"
    """A person, also of what follows the attempt: no overlap policy and no deadline in the way."""


@dataclass(frozen=True)
class Request:
    """What an event asks for."""

    attempt: Attempt
    trigger: Trigger
    received: datetime
    """When the launcher got it."""


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
    only = next(iter(schedules)) if len(schedules) == 1 else None
    defaults = {"schedule": only, "slot": slot_text(now), "attempt": 1, "trigger": Trigger.OPERATOR}
    fields: dict[str, Any] = {**defaults, **cast("dict[str, Any]", event)}
    schedule, slot, number, trigger = (fields[name] for name in defaults)
    problems: list[str] = []

    def refuse(name: str, why: str) -> None:
        problems.append(f"{name} {safe_repr(fields[name])} {why}")

    if unknown := sorted(fields.keys() - defaults.keys()):
        problems.append(f"unknown keys {safe_repr(unknown)}; allowed: {', '.join(defaults)}")
    if schedule not in list(schedules):
        refuse("schedule", f"must be one of: {', '.join(schedules)}")
    try:
        at = parse_slot(slot)
    except (TypeError, ValueError):
        at = now
        refuse("slot", "must be a UTC time like 2026-01-05T02:00:00Z, in 2000 to 2199")
    if at > now + _EARLY:
        # What is decided now would stand when its time comes, before there is any input for it.
        refuse("slot", f"must not be later than now, which is {slot_text(now)}")
    if type(number) is not int or not 1 <= number <= MAX_ATTEMPT:
        refuse("attempt", f"must be a number from 1 to {MAX_ATTEMPT}")
    if trigger not in list(Trigger):
        refuse("trigger", f"must be one of: {', '.join(Trigger)}")
    if problems:
        raise EventError(f"{'; '.join(problems)}. Example: {_EXAMPLE}")
    return Request(Attempt(schedule, at, number), Trigger(trigger), now)
