"""Slots of a schedule that would write to the same place, over the years and the clock changes."""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from pipeline import cron, slot_fields
from pipeline.slots import EPOCH, Cron, Expression, Rate

_START = datetime(2026, 1, 1, tzinfo=UTC)
"""Fixed, so that settings which are accepted today are accepted tomorrow."""
_END = datetime(2100, 1, 1, tzinfo=UTC)
"""A century in which two digits of the year are enough."""
_SLOTS = 10_000
"""A week of minutes, more than a year of hours, 27 years of days: the calendar repeats after 28."""
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_MINUTES = {*"YmdHM"}
"""Codes that tell all slots apart on a clock that repeats no time: no two lie in one minute."""

Pair = tuple[datetime, datetime]


@cache
def found(prefix: str, expression: str, timezone: str) -> Pair | None:
    """Return two slots that an output prefix does not tell apart, or None.

    Different slots have different slots before them, so it is enough if either those or the slots
    themselves are told apart.
    """
    of_slot = slot_fields.FIELD.sub(lambda field: "" if _is_previous(field) else field[0], prefix)
    pair = _mixed(of_slot, expression, timezone)
    if pair is None or of_slot == prefix:
        return pair
    before = slot_fields.FIELD.sub(lambda field: field[0] if _is_previous(field) else "", prefix)
    shifted = before.replace("{previous:", "{slot:").replace("{previous_local:", "{local:")
    pair = _mixed(shifted, expression, timezone)
    return pair and (_next(pair[0], expression, timezone), _next(pair[1], expression, timezone))


def _next(slot: datetime, expression: str, timezone: str) -> datetime:
    schedule = cron.parse(expression)
    if isinstance(schedule, Rate):
        return slot + schedule.interval
    return schedule.next(slot, ZoneInfo(timezone)) or slot


def _is_previous(field: re.Match[str]) -> bool:
    return field[1].startswith("previous")


def _mixed(prefix: str, expression: str, timezone: str) -> Pair | None:
    schedule, zone = cron.parse(expression), ZoneInfo(timezone)
    if _is_plain(prefix, schedule):
        return None
    for slots in _samples(schedule, zone):
        seen: dict[tuple[timedelta | None, str], datetime] = {}
        for slot in slots:
            phase = (slot - EPOCH) % schedule.interval if isinstance(schedule, Rate) else None
            place = slot_fields.render(prefix, slot, expression, timezone)
            if (earlier := seen.setdefault((phase, place), slot)) != slot:
                return earlier, slot
    return None


def _is_plain(prefix: str, schedule: Expression) -> bool:
    """Return whether a prefix names all that tells slots apart, so that no search is needed."""
    codes = {"slot": set[str](), "local": set[str]()}
    for field in slot_fields.FIELD.finditer(prefix):
        codes[field[1]].update(re.findall("%(.)", field[2]))
    if codes["slot"] >= _MINUTES:
        return True
    if isinstance(schedule, Rate):  # in autumn it has slots of one local time, a cron never has
        return False
    hours, minutes = len(schedule.hours) > 1, len(schedule.minutes) > 1
    return codes["local"] >= {*"Ymd"} | {*"H" * hours} | {*"M" * minutes}


def _samples(schedule: Expression, zone: ZoneInfo) -> Iterator[Iterable[datetime]]:
    """Yield series of slots: if two slots share a place, so do two of one series.

    Where two differ in the day, two of the same time do; in the hour, two of the same minute; and
    what a clock change mixes lies around it. AWS does not tell when a rate begins: of one they are
    instants, slots with all others of the same phase.
    """
    if isinstance(schedule, Cron):
        hourly = replace(schedule, minutes=schedule.minutes[:1])
        series: list[Expression] = [schedule, hourly, replace(hourly, hours=hourly.hours[:1])]
        finest, reach = schedule, _DAY
    else:
        reach = schedule.interval
        steps = [reach * math.ceil(each / reach) for each in (_MINUTE, _HOUR, _DAY)]
        series = [Rate(step) for step in (*steps, _common(reach, _DAY))]
        finest = Rate(_common(reach, 15 * _MINUTE))
    for each in dict.fromkeys(series):
        yield islice(_slots(each, _START, _END, zone), _SLOTS)
    for first in islice(_slots(schedule, _START, _END, zone), 1):
        for change in _changes(first, zone):
            near = _slots(finest, change - reach - _DAY, change + 3 * _DAY, zone)
            yield islice(near, _SLOTS)


def _common(one: timedelta, other: timedelta) -> timedelta:
    return math.gcd(one // _MINUTE, other // _MINUTE) * _MINUTE


def _slots(
    schedule: Expression, after: datetime, end: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    if isinstance(schedule, Cron):
        yield from takewhile(lambda slot: slot < end, schedule.following(after, zone))
        return
    slot = schedule.next(after, zone)
    while slot < end:
        yield slot
        slot += schedule.interval


def _changes(start: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Yield each moment of a year, to a day, after which the zone's clock changes."""
    days = (start + number * _DAY for number in range(367))
    for day, later in pairwise(days):
        if day.astimezone(zone).utcoffset() != later.astimezone(zone).utcoffset():
            yield day
