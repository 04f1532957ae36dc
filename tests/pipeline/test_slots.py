"""The slots are compared with a reading of the whole clock, minute by minute."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import takewhile
from time import perf_counter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pipeline.cron import parse
from pipeline.slots import Cron, Expression
from tests.pipeline.written_crons import Part, crons

MINUTE = timedelta(minutes=1)
# Start of each window: two days before the clock changes, a leap day, and the turn of a year.
WINDOWS = [
    (ZoneInfo("Europe/Berlin"), datetime(2026, 3, 28, tzinfo=UTC)),
    (ZoneInfo("Europe/Berlin"), datetime(2026, 10, 24, tzinfo=UTC)),
    (ZoneInfo("America/New_York"), datetime(2026, 3, 7, tzinfo=UTC)),
    (ZoneInfo("America/New_York"), datetime(2026, 10, 31, tzinfo=UTC)),
    (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 4, 3, tzinfo=UTC)),
    (ZoneInfo("Australia/Lord_Howe"), datetime(2026, 10, 2, tzinfo=UTC)),
    (ZoneInfo("America/Havana"), datetime(2026, 10, 31, tzinfo=UTC)),  # repeats 00:00 to 00:59
    (ZoneInfo("America/St_Johns"), datetime(2009, 10, 31, tzinfo=UTC)),  # 00:01 back to 23:01
    (ZoneInfo("UTC"), datetime(2028, 2, 28, tzinfo=UTC)),
    (ZoneInfo("UTC"), datetime(2026, 12, 30, tzinfo=UTC)),
]
WINDOW = timedelta(days=3)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@cache
def clock(zone: ZoneInfo, start: datetime) -> list[tuple[datetime, datetime]]:
    """Return (instant, local time) of each minute whose local time is shown for the first time."""
    shown: set[datetime] = set()
    minutes: list[tuple[datetime, datetime]] = []
    for number in range(-1440, WINDOW // MINUTE):
        instant = start + number * MINUTE
        local = instant.astimezone(zone).replace(tzinfo=None)
        if local not in shown and number >= 0:
            minutes.append((instant, local))
        shown.add(local)
    return minutes


def read(parts: list[Part], zone: ZoneInfo, start: datetime) -> list[datetime]:
    """Return the minutes of the window for which every part holds."""
    minutes = clock(zone, start)
    days = {local.date(): local.replace(hour=0, minute=0) for _, local in minutes}
    chosen = {day for day, local in days.items() if all(part.holds(local) for part in parts[2:])}
    return [
        instant
        for instant, local in minutes
        if local.date() in chosen and all(part.holds(local) for part in parts[:2])
    ]


def skipped(expression: str, zone: ZoneInfo, year: int = 2026) -> list[datetime]:
    parsed = parse(expression)
    assert isinstance(parsed, Cron)
    return list(parsed.skipped(date(year, 1, 1), date(year + 1, 1, 1), zone))


def ascending(expression: Expression, zone: ZoneInfo, start: datetime) -> Iterator[datetime]:
    slot = expression.next(start - MINUTE, zone)
    while slot is not None:
        yield slot
        slot = expression.next(slot, zone)


def descending(expression: Expression, zone: ZoneInfo, end: datetime) -> Iterator[datetime]:
    slot = expression.previous(end, zone)
    while slot is not None:
        yield slot
        slot = expression.previous(slot, zone)


def never_fires(text: str) -> bool:
    """Return whether the expression is refused for having no date at all, such as 30 February."""
    try:
        parse(text)
    except ValueError as refusal:
        return "never fires" in str(refusal)
    return False


class TestSlotsAgreeWithReadingTheClockMinuteByMinute:
    @given(cron=crons(), window=st.sampled_from(WINDOWS))
    def test_every_written_form_in_every_zone(
        self, cron: tuple[str, list[Part]], window: tuple[ZoneInfo, datetime]
    ) -> None:
        (text, parts), (zone, start) = cron, window
        wanted = read(parts, zone, start)
        assume(len(wanted) < 100)
        if not wanted and never_fires(text):
            return
        expression = parse(text)
        end = start + WINDOW
        assert list(takewhile(lambda t: t < end, ascending(expression, zone, start))) == wanted
        back = list(takewhile(lambda t: t >= start, descending(expression, zone, end)))
        assert back == wanted[::-1]

    @given(cron=crons(), window=st.sampled_from(WINDOWS), seconds=st.integers(0, 3 * 86400))
    def test_next_and_previous_undo_each_other(
        self, cron: tuple[str, list[Part]], window: tuple[ZoneInfo, datetime], seconds: int
    ) -> None:
        zone, start = window
        moment = start + timedelta(seconds=seconds)
        assume(not never_fires(cron[0]))
        expression = parse(cron[0])
        before = expression.previous(moment, zone)
        assume(before is not None)
        assert before is not None
        assert before < moment
        following = expression.next(before, zone)
        assert following is None or following >= moment
        at_it = expression.next(before - timedelta(seconds=1), zone)
        assert at_it == before


class TestClockChanges:
    berlin = ZoneInfo("Europe/Berlin")
    lord_howe = ZoneInfo("Australia/Lord_Howe")

    def test_a_local_time_that_does_not_exist_is_skipped(self) -> None:
        slot = parse("cron(30 2 * * ? *)").next(datetime(2026, 3, 28, 2, tzinfo=UTC), self.berlin)
        assert slot == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)

    def test_a_repeated_local_time_fires_the_first_time_only(self) -> None:
        first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
        daily = parse("cron(30 2 * * ? *)")
        assert daily.next(first - MINUTE, self.berlin) == first
        assert daily.next(first, self.berlin) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)

    def test_within_the_repeated_hour_the_previous_slot_may_show_a_later_local_time(self) -> None:
        daily = parse("cron(30 2 * * ? *)")
        second_0210 = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
        assert daily.previous(second_0210, self.berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_an_hour_repeated_across_midnight_does_not_hide_the_new_date(self) -> None:
        """In 2009 St. John's turned the clock from 00:01 on 1 November back to 23:01."""
        daily = parse("cron(0 0 * * ? *)")
        second_2330 = datetime(2009, 11, 1, 3, 0, tzinfo=UTC)
        assert daily.previous(second_2330, ZoneInfo("America/St_Johns")) == datetime(
            2009, 11, 1, 2, 30, tzinfo=UTC
        )

    def test_rate_counts_elapsed_time_through_a_clock_change(self) -> None:
        slot = parse("rate(1 day)").next(datetime(2026, 10, 25, tzinfo=UTC), self.berlin)
        assert slot == datetime(2026, 10, 26, tzinfo=UTC)

    def test_the_skipped_local_times_of_a_year_are_listed(self) -> None:
        lost = [local("2026-03-29T02:00"), local("2026-03-29T02:30")]
        assert skipped("cron(0/30 2 * * ? *)", self.berlin) == lost
        assert skipped("cron(0/30 2 * * ? *)", self.lord_howe) == [local("2026-10-04T02:00")]
        assert skipped("cron(0/30 2 * * ? *)", ZoneInfo("UTC")) == []

    def test_the_local_times_of_a_year_that_the_clock_shows_twice_are_listed(self) -> None:
        def repeated(expression: str, zone: ZoneInfo) -> list[datetime]:
            parsed = parse(expression)
            assert isinstance(parsed, Cron)
            return list(parsed.repeated(date(2026, 1, 1), date(2027, 1, 1), zone))

        twice = [local("2026-10-25T02:00"), local("2026-10-25T02:30")]
        assert repeated("cron(0/30 1-3 * * ? *)", self.berlin) == twice
        assert repeated("cron(0/30 1-2 * * ? *)", self.lord_howe) == [local("2026-04-05T01:30")]
        assert repeated("cron(0 0 * * ? *)", ZoneInfo("America/Havana")) == [local("2026-11-01")]
        assert repeated("cron(0/30 * * * ? *)", ZoneInfo("UTC")) == []

    def test_only_what_the_expression_would_have_run_is_skipped(self) -> None:
        assert skipped("cron(30 2 ? * MON-FRI *)", self.berlin) == []
        assert skipped("cron(30 2 * * ? 2027-2030)", self.berlin) == []

    def test_a_day_that_a_zone_never_had_is_skipped(self) -> None:
        noons = skipped("cron(0 12 30 12 ? *)", ZoneInfo("Pacific/Apia"), 2011)
        assert noons == [local("2011-12-30T12:00")]

    def test_a_single_time_that_does_not_exist_never_fires_and_is_listed(self) -> None:
        once = parse("at(2026-03-29T02:30:00)")
        assert once.next(datetime(2026, 1, 1, tzinfo=UTC), self.berlin) is None
        assert skipped("at(2026-03-29T02:30:00)", self.berlin) == [local("2026-03-29T02:30")]
        assert skipped("at(2026-03-29T02:30:00)", self.berlin, 2027) == []


class TestTheEndsOfASchedule:
    utc = ZoneInfo("UTC")

    def test_at_fires_once_in_its_zone(self) -> None:
        once = parse("at(2026-07-01T02:00:09)")
        slot = datetime(2026, 7, 1, 0, 0, 9, tzinfo=UTC)
        second = timedelta(seconds=1)
        zone = ZoneInfo("Europe/Berlin")
        assert once.next(slot - second, zone) == slot == once.previous(slot + second, zone)
        assert once.next(slot, zone) is None
        assert once.previous(slot, zone) is None

    @pytest.mark.parametrize("unit", ["minute", "hour", "day"])
    def test_rate_fires_at_the_multiples_since_1970_on_both_sides(self, unit: str) -> None:
        expression = parse(f"rate(7 {unit}s)")
        interval = 7 * timedelta(**{f"{unit}s": 1})
        slot = datetime(1970, 1, 1, tzinfo=UTC) + 2000 * interval
        assert expression.next(slot, self.utc) == slot + interval
        assert expression.previous(slot, self.utc) == slot - interval
        assert expression.next(slot - timedelta(seconds=1), self.utc) == slot
        assert expression.previous(slot + timedelta(seconds=1), self.utc) == slot

    def test_a_bounded_schedule_has_no_slot_outside_its_years(self) -> None:
        expression = parse("cron(15 10 ? * 6L 2022-2023)")
        first, last = (
            datetime(2022, 1, 28, 10, 15, tzinfo=UTC),
            datetime(2023, 12, 29, 10, 15, tzinfo=UTC),
        )
        assert expression.next(datetime(1990, 1, 1, tzinfo=UTC), self.utc) == first
        assert expression.previous(first, self.utc) is None
        assert expression.previous(datetime(2100, 1, 1, tzinfo=UTC), self.utc) == last
        assert expression.next(last, self.utc) is None

    def test_the_29th_of_february_is_found_across_a_century_without_leap_year(self) -> None:
        expression = parse("cron(0 0 29 2 ? *)")
        assert expression.next(datetime(2096, 3, 1, tzinfo=UTC), self.utc) == datetime(
            2104, 2, 29, tzinfo=UTC
        )

    def test_a_year_of_daily_slots_takes_milliseconds(self) -> None:
        expression = parse("cron(0 2 * * ? *)")
        began = perf_counter()
        slots = list(
            takewhile(
                lambda slot: slot.year == 2026,
                ascending(expression, ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC)),
            )
        )
        assert len(slots) == 364, "one a day, without the skipped 29 March"
        assert perf_counter() - began < 0.5, "measured 0.01 s; the margin is for a busy machine"
