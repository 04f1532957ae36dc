"""When a stack's schedules are due after a change, and were before."""

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from zoneinfo import ZoneInfo

from ci.events import Change, Json, text
from ci.markdown import code
from pipeline import cron
from pipeline.slots import Rate
from pipeline.text import duration


def told(changes: Iterable[Change], now: datetime) -> list[str]:
    """Return a line for each schedule that is added, removed, or due at other times."""
    return [
        f"- {code(text((each.new or each.old).get('name')))}: {line}"
        for each in changes
        if each.kind == "aws:scheduler/schedule:Schedule" and (line := _of(each, now))
    ]


def _of(change: Change, now: datetime) -> str:
    before, after = _due(change.old), _due(change.new)
    if before == after:
        return ""
    if not after:
        return f"**removed**, was {before}"
    return f"{f'{before} → ' if before else '**added**, '}{after}; {_next(change.new, now)}"


def _due(inputs: Json) -> str:
    """Return a schedule's rule in words; nothing if there is none."""
    if not inputs:
        return ""
    suspended = ", **suspended**" if inputs.get("state") == "DISABLED" else ""
    return (
        f"{code(text(inputs.get('scheduleExpression')))} "
        f"{code(text(inputs.get('scheduleExpressionTimezone')) or 'UTC')}{suspended}"
    )


def _next(inputs: Json, now: datetime) -> str:
    """Return the next three slots on the schedule's own clock."""
    if inputs.get("state") == "DISABLED":
        return "next: none"
    try:
        expression = cron.parse(text(inputs.get("scheduleExpression")))
        zone = ZoneInfo(text(inputs.get("scheduleExpressionTimezone")) or "UTC")
    except (ValueError, LookupError, OSError):  # ZoneInfo has all three for what is no zone
        return "next: cannot be told"
    if isinstance(expression, Rate):
        return f"every {duration(expression.interval.total_seconds())} from the update on"
    slots = (each.astimezone(zone) for each in islice(expression.following(now, zone), 3))
    return f"next: {', '.join(f'{each:%a %d %b %Y %H:%M}' for each in slots) or 'none any more'}"
