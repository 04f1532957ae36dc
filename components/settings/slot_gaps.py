"""How far the slots of a schedule are apart."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

from pipeline.slots import Expression, Rate

_START = datetime(2025, 1, 1, tzinfo=UTC)
"""Fixed: counted from today, a gap would change by itself, and with it the deployed alarm."""
_SLOTS = 10_000
"""More than a year of hours, and 27 years of days: the calendar repeats itself after 28."""


@cache
def longest(expression: Expression, zone: ZoneInfo) -> timedelta | None:
    """Return the longest time between two slots, or None for a single slot.

    The slots of one hour count as its first, which makes the gap up to 59 minutes longer.
    """
    if isinstance(expression, Rate):
        return expression.interval
    hourly = replace(expression, minutes=expression.minutes[:1])
    slots = islice(hourly.following(_START, zone), _SLOTS)
    return max((later - slot for slot, later in pairwise(slots)), default=None)
