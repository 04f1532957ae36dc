"""When a schedule is due: the slots of a parsed schedule expression, as UTC instants.

EventBridge Scheduler evaluates cron() and at() on the local clock of the schedule's time zone: a
local time that the clock skips in spring never fires, and one that it shows twice in autumn fires
the first time only. rate() counts elapsed time and knows no clock change.
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import takewhile
from typing import Literal
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Days:
    """The days on which a cron expression fires, by the form in which they are written."""

    form: Literal["1", "L", "1W", "MON", "MON#1", "MONL"]
    """These dates; a month's last; the Monday to Friday closest to a date, without leaving its
    month; these weekdays, Sunday being 1; the nth of a weekday in a month; its last.
    """
    numbers: tuple[int, ...] = ()
    nth: int = 0

    def include(self, day: date) -> bool:
        """Return whether it fires on this local date."""
        last = monthrange(day.year, day.month)[1]
        of_the_weekday = day.isoweekday() % 7 + 1 in self.numbers
        match self.form:
            case "1":
                return day.day in self.numbers
            case "L":
                return day.day == last
            case "1W":
                return day.day == _nearest_workday(day.replace(day=self.numbers[0]), last)
            case "MON":
                return of_the_weekday
            case "MON#1":
                return of_the_weekday and (day.day - 1) // 7 + 1 == self.nth
            case "MONL":
                return of_the_weekday and day.day + 7 > last


def _nearest_workday(day: date, last: int) -> int:
    match day.isoweekday():
        case 6:
            return day.day - 1 if day.day > 1 else 3
        case 7:
            return day.day + 1 if day.day < last else last - 2
        case _:
            return day.day


@dataclass(frozen=True)
class Cron:
    """A local time, recurring or, of at(), only once; all fields ascending."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]
    second: int = 0

    def next(self, after: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the first slot later than `after` in UTC, or None if there is none any more."""
        return next(self.following(after, zone), None)

    def following(self, after: datetime, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the slots later than `after` in UTC, ascending."""
        moments = self._moments(after.astimezone(zone).date())
        slots = (_instant(moment, zone) for moment in moments)
        return (slot for slot in slots if slot and slot > after)

    def previous(self, before: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the last slot earlier than `before` in UTC, or None if there was none yet."""
        # A day ahead: while the clock repeats an hour, an earlier slot can have a later local time.
        start = before.astimezone(zone).date() + timedelta(days=1)
        slots = (_instant(moment, zone) for moment in self._moments(start, backwards=True))
        return next((slot for slot in slots if slot and slot < before), None)

    def skipped(self, start: date, end: date, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the local times, without zone, before `end` that the clock skips: never slots."""
        times = self._at_changes(start, end, zone)
        return (each for each in times if _instant(each, zone) is None)

    def repeated(self, start: date, end: date, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the local times, without zone, before `end` that the clock shows twice."""
        for each in self._at_changes(start, end, zone):
            first, second = (each.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
            if _instant(each, zone) and first.utcoffset() != second.utcoffset():
                yield each

    def dates(self, start: date = date.min, *, backwards: bool = False) -> Iterator[date]:
        """Yield the local dates that the expression chooses, from `start` on, or back from it."""
        first, last = date(self.years[0], 1, 1), date(self.years[-1], 12, 31)
        years, months = set(self.years), set(self.months)
        day = min(start, last) if backwards else max(start, first)
        step = timedelta(days=-1 if backwards else 1)
        while first <= day <= last:
            if day.year in years and day.month in months and self.days.include(day):
                yield day
            day += step

    def _at_changes(self, start: date, end: date, zone: ZoneInfo) -> Iterator[datetime]:
        """Yield the local times, without zone, of the days before `end` that change the clock."""
        for day in takewhile(lambda day: day < end, self.dates(start)):
            midnight = datetime.combine(day, time(), zone)
            if midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset():
                yield from self._times(day)

    def _moments(self, start: date, *, backwards: bool = False) -> Iterator[datetime]:
        """Yield the local times, without zone, of the dates from `start` on, or back from it."""
        for day in self.dates(start, backwards=backwards):
            times = self._times(day)
            yield from reversed(times) if backwards else times

    def _times(self, day: date) -> list[datetime]:
        times = (time(hour, minute, self.second) for hour in self.hours for minute in self.minutes)
        return [datetime.combine(day, moment) for moment in times]


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


Expression = Cron | Rate


def _instant(moment: datetime, zone: ZoneInfo) -> datetime | None:
    """Return the UTC instant at which the zone's clock first shows `moment`, or None if never."""
    instant = moment.replace(tzinfo=zone).astimezone(UTC)
    return instant if instant.astimezone(zone).replace(tzinfo=None) == moment else None
