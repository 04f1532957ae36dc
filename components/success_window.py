"""How long a schedule may go without a success before that is alarming."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from components.slots import At, Expression, Rate

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

_SLACK = timedelta(hours=2)
"""Time for a retry, and for a job that waits for its machine."""
_YEAR = timedelta(days=366)


@cache
def longest_gap(expression: Expression, zone: ZoneInfo, now: datetime) -> timedelta | None:
    """Return the longest time between two slots of the coming year, or None for a single slot.

    The slots of one hour count as its first, which makes the gap up to 59 minutes longer.
    """
    if isinstance(expression, At):
        return None
    if isinstance(expression, Rate):
        return expression.interval
    hourly = replace(expression, minutes=expression.minutes[:1])
    slots = [hourly.previous(now, zone) or now]
    while slots[-1] < now + _YEAR and (slot := hourly.next(slots[-1], zone)):
        slots.append(slot)
    return max((later - slot for slot, later in pairwise(slots)), default=None)


def derived(
    expression: Expression, zone: ZoneInfo, now: datetime, max_runtime: timedelta
) -> timedelta | None:
    """Return the window that the expression allows, or None where no next success is due."""
    gap = longest_gap(expression, zone, now)
    return None if gap is None else gap + max_runtime + _SLACK
