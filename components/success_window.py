"""How long a schedule may go without a success before that is alarming."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from pipeline.slots import At, Expression, Rate

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SLACK = timedelta(hours=2)
"""Time for a retry, and for a job that waits for its machine."""
_START = datetime(2025, 1, 1, tzinfo=UTC)
"""Fixed: counted from today, the window would change by itself, and with it the deployed alarm."""
_SLOTS = 10_000
"""More than a year of hours, and 27 years of days: the calendar repeats itself after 28."""


@cache
def longest_gap(expression: Expression, zone: ZoneInfo) -> timedelta | None:
    """Return the longest time between two slots, or None for a single slot.

    The slots of one hour count as its first, which makes the gap up to 59 minutes longer.
    """
    if isinstance(expression, At):
        return None
    if isinstance(expression, Rate):
        return expression.interval
    hourly = replace(expression, minutes=expression.minutes[:1])
    slots = islice(hourly.following(_START, zone), _SLOTS)
    return max((later - slot for slot, later in pairwise(slots)), default=None)


def derived(expression: Expression, zone: ZoneInfo, max_runtime: timedelta) -> timedelta | None:
    """Return the window that the expression allows, or None where no next success is due."""
    gap = longest_gap(expression, zone)
    return None if gap is None else gap + max_runtime + _SLACK
