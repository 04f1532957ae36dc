"""How far the slots of a schedule are apart."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import slot_gaps
from pipeline import cron
from tests.examples import share

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


class TestTheLongestGap:
    @pytest.mark.parametrize(
        ("expression", "hours"),
        [
            ("cron(0 4 * * ? *)", 25),
            ("cron(0 4 ? * MON-FRI *)", 73),
            ("cron(30 2 * * ? *)", 47),  # the clock skips 02:30 once a year
            ("cron(0 0 1 * ? *)", 31 * 24 + 1),
            ("cron(0 0 1 1 ? *)", 366 * 24),
            ("cron(0 0 29 2 ? *)", (8 * 365 + 1) * 24),  # 2100 is no leap year
            ("cron(0 6 ? * 2#5 *)", 17 * 7 * 24 - 1),  # the fifth Monday of a month
            ("cron(0/5 * * * ? *)", 2),  # the hour that the clock shows twice runs once
            ("rate(90 minutes)", 1.5),
            ("cron(0 0 1 1 ? 2030-2031)", 365 * 24),
        ],
    )
    def test_is_that_of_any_year_to_come(self, expression: str, hours: float) -> None:
        gap = slot_gaps.longest(cron.parse(expression), BERLIN)
        assert gap == timedelta(hours=hours)

    def test_of_a_schedule_that_runs_once_there_is_none(self) -> None:
        assert slot_gaps.longest(cron.parse("at(2030-01-31T02:00:00)"), BERLIN) is None

    def test_of_a_schedule_that_is_over_there_is_none(self) -> None:
        over = cron.parse("cron(0 4 * * ? 2020)")
        assert slot_gaps.longest(over, BERLIN) is None

    @hypothesis.settings(max_examples=share(1 / 4))
    @given(
        minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
        weekdays=st.sets(st.integers(1, 7), min_size=1, max_size=7),
    )
    def test_is_never_shorter_than_any_between_two_slots_and_hardly_longer(
        self, minutes: set[int], hours: set[int], weekdays: set[int]
    ) -> None:
        fields = [",".join(map(str, sorted(values))) for values in (minutes, hours, weekdays)]
        expression = cron.parse(f"cron({fields[0]} {fields[1]} ? * {fields[2]} *)")
        slots = [expression.previous(NOW, BERLIN) or NOW]
        while slots[-1] < NOW + timedelta(days=366):
            following = expression.next(slots[-1], BERLIN)
            assert following
            slots.append(following)
        longest = max(later - slot for slot, later in pairwise(slots))
        gap = slot_gaps.longest(expression, BERLIN)
        assert gap is not None
        assert longest <= gap < longest + timedelta(hours=1)
