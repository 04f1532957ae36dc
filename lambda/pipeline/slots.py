"""When a schedule is due: the slots of a parsed schedule expression, as UTC instants.

EventBridge Scheduler evaluates cron() and at() on the local clock of the schedule's time zone: a
local time that the clock skips in spring never fires, and one that it shows twice in autumn fires
the first time only. rate() counts elapsed time and knows no clock change.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import operator
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from itertools import takewhile
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class DayRule(Enum):
    """How the numbers of a day field choose days of a month."""

    DATES = auto()
    """These dates, where the month has them."""
    LAST_DATE = auto()
    """The month's last date."""
    NEAREST_WORKDAY = auto()
    """The Monday to Friday closest to the date, without leaving the month."""
    WEEKDAYS = auto()
    """Every one of these weekdays, Sunday being 1."""
    NTH_WEEKDAY = auto()
    """The nth of the one weekday given, where the month has it."""
    LAST_WEEKDAY = auto()
    """The last of the one weekday given."""


@dataclass(frozen=True)
class Days:
    """The days of a month on which a cron expression fires."""

    rule: DayRule
    numbers: tuple[int, ...] = ()
    nth: int = 0

    def of(self, year: int, month: int) -> list[int]:
        """Return the dates in this month, ascending; empty where the month has none."""
        first, length = monthrange(year, month)
        if self.rule is DayRule.DATES:
            return [day for day in self.numbers if day <= length]
        if self.rule is DayRule.LAST_DATE:
            return [length]
        if self.rule is DayRule.NEAREST_WORKDAY:
            return [_nearest_workday(self.numbers[0], first, length)]
        named = [day for day in range(1, length + 1) if _weekday(day, first) in self.numbers]
        if self.rule is DayRule.NTH_WEEKDAY:
            return named[self.nth - 1 : self.nth]
        return named[-1:] if self.rule is DayRule.LAST_WEEKDAY else named


def _weekday(day: int, first: int) -> int:
    """Return AWS's number of a date, Sunday being 1; `first` is day 1's, Monday being 0."""
    return (first + day) % 7 + 1


def _nearest_workday(day: int, first: int, length: int) -> int:
    match _weekday(day, first):
        case 7:
            return day - 1 if day > 1 else day + 2
        case 1:
            return day + 1 if day < length else day - 2
        case _:
            return day


@dataclass(frozen=True)
class Cron:
    """A recurring local time; all fields ascending."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first slot later than `after` in UTC, or None if there is none any more."""
        return next(self.following(after, zone), None)

    def following(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the slots later than `after` in UTC, ascending."""
        start = after.astimezone(zone).date()
        moments = (moment for day in self.dates(start) for moment in self._times(day))
        slots = (_instant(moment, zone) for moment in moments)
        return (slot for slot in slots if slot and slot > after)

    def previous(self, before: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last slot earlier than `before` in UTC, or None if there was none yet."""
        # A day ahead: while the clock repeats an hour, an earlier slot can have a later local time.
        start = before.astimezone(zone).date() + timedelta(days=1)
        days = self.dates(start, backwards=True)
        slots = (_instant(moment, zone) for day in days for moment in self._times(day)[::-1])
        return next((slot for slot in slots if slot and slot < before), None)

    def dst_gaps(self, zone: ZoneInfo, year: int) -> list[datetime]:
        """Return the local times (without zone) of this year that the clock skips, so never run."""
        days = takewhile(lambda day: day.year == year, self.dates(date(year, 1, 1)))
        changing = (day for day in days if _clock_changes(day, zone))
        moments = (moment for day in changing for moment in self._times(day))
        return [moment for moment in moments if _instant(moment, zone) is None]

    def dates(self, start: date = date.min, *, backwards: bool = False) -> Iterator[date]:
        """Yield the local dates that the expression chooses, from `start` on, or back from it."""
        step, before_start = (-1, operator.gt) if backwards else (1, operator.lt)
        for year in self.years[::step]:
            if before_start(year, start.year):
                continue
            for month in self.months[::step]:
                for day in self.days.of(year, month)[::step]:
                    on = date(year, month, day)
                    if not before_start(on, start):
                        yield on

    def _times(self, day: date) -> list[datetime]:
        times = (time(hour, minute) for hour in self.hours for minute in self.minutes)
        return [datetime.combine(day, moment) for moment in times]


@dataclass(frozen=True)
class At:
    """One local time, once."""

    moment: datetime
    """Without zone: the schedule's zone gives it one."""

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the slot in UTC if it is later than `after`."""
        slot = _instant(self.moment, zone)
        return slot if slot and slot > after else None

    def previous(self, before: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the slot in UTC if it is earlier than `before`."""
        slot = _instant(self.moment, zone)
        return slot if slot and slot < before else None

    def dst_gaps(self, zone: ZoneInfo, year: int) -> list[datetime]:
        """Return the local time if it is in this year and the clock skips it."""
        lost = self.moment.year == year and _instant(self.moment, zone) is None
        return [self.moment] if lost else []


@dataclass(frozen=True)
class Rate:
    """A fixed interval of elapsed time.

    AWS counts it from the schedule's StartDate or creation, which nobody knows beforehand; here the
    slots are the multiples since 1970-01-01T00:00Z, so that any two computations agree.
    """

    interval: timedelta

    def next(self, after: datetime, _zone: ZoneInfo) -> datetime:
        """Return the first multiple of the interval later than `after`, in UTC."""
        return EPOCH + ((after - EPOCH) // self.interval + 1) * self.interval

    def previous(self, before: datetime, _zone: ZoneInfo) -> datetime:
        """Return the last multiple of the interval earlier than `before`, in UTC."""
        return EPOCH - ((EPOCH - before) // self.interval + 1) * self.interval

    def dst_gaps(self, _zone: ZoneInfo, _year: int) -> list[datetime]:
        """Return nothing: elapsed time has no gaps."""
        return []


Expression = Cron | At | Rate


def _instant(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the UTC instant at which the zone's clock first shows `moment`, or None if never."""
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == moment else None


def _clock_changes(day: date, zone: ZoneInfo) -> bool:
    """Return whether the offset changes on this local date."""
    start = datetime.combine(day, time(), tzinfo=zone)
    end = datetime.combine(day + timedelta(days=1), time(), tzinfo=zone)
    return start.utcoffset() != end.utcoffset()
