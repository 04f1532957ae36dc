"""What a stack's file may name of the slot, and what would let two slots share an output."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import shared_places
from pipeline import cron
from pipeline.slots import Cron
from tests.components.settings.test_rules import problem, problems
from tests.examples import share

BERLIN = "Europe/Berlin"


def _output(prefix: str, expression: str, timezone: str = BERLIN) -> list[str]:
    daily = {"expression": expression, "timezone": timezone}
    return problems(output__prefix=prefix, schedules={"daily": daily})


class TestOutputs:
    @pytest.mark.parametrize(
        ("prefix", "expression", "first", "second"),
        [
            # The clock shows the hour twice.
            ("out/{local:%Y%m%d%H}/", "rate(1 hour)", "2026-10-25T00:00", "2026-10-25T01:00"),
            # Its day has 25 hours, and two of them are one in UTC.
            ("out/{local:%F}/{slot:%H}/", "cron(0 * * * ? *)", "2026-10-24T22", "2026-10-25T22"),
            # AWS does not tell when a rate begins: it may be at 00:00 in summer.
            ("out/{local:%Y%m%d}/", "rate(1 day)", "2026-10-24T22", "2026-10-25T22"),
            ("out/{local:%G-%V}/", "rate(7 days)", "2026-10-18T22", "2026-10-25T22"),
            # 01:00 is on the day itself in UTC until the clock changes, and then on the day before.
            ("out/{slot:%Y/%m/%d}/", "cron(0 1 * * ? *)", "2026-03-29T00", "2026-03-29T23"),
            ("out/{previous:%Y%m%d}/", "cron(0 1 * * ? *)", "2026-03-29T23", "2026-03-30T23"),
            ("out/{slot:%m%d}/", "cron(0 4 * * ? *)", "2026-01-01T03", "2027-01-01T03"),
            # The last days of a year can be in week 1 of the next.
            ("out/{slot:%Y-%V}/", "cron(0 4 ? * MON *)", "2029-01-01T03", "2029-12-31T03"),
            ("out/{slot:%m%d%H%M}/", "rate(1 minute)", "2026-01-01T01:00", "2027-01-01T01:00"),
            ("out/{slot:%Y-%V}/", "rate(7 days)", "2028-01-01T00", "2028-12-30T00"),
            ("out/{slot:%Y%m}/", "rate(30 days)", "2027-07-01T00", "2027-07-31T00"),
            ("out/{slot:%V-%Y-%a%H%M}/", "cron(* * * * ? *)", "2028-01-01T23", "2028-12-30T23"),
            # 01:00 of this Monday and of the one before, which was on Monday in UTC, too.
            ("out/{slot:%V-%Y}{local:%a%H%M}/", "cron(* * * * ? *)", "2026-03-23", "2026-03-29"),
            ("out/{slot:%F-%H}/", "cron(0,59 4 * * ? *)", "2026-01-01T03:00", "2026-01-01T03:59"),
        ],
    )
    def test_that_two_slots_share_are_refused_with_the_two_and_a_way_out(
        self, prefix: str, expression: str, first: str, second: str
    ) -> None:
        [found] = _output(prefix, expression)
        assert found.startswith(f"output.prefix {prefix} puts several slots of daily into the same")
        assert f" such as {first}" in found
        assert f" and {second}" in found
        assert "name the slot finer and in UTC, as in {slot:%Y/%m/%d/%H%M%S}/" in found

    @pytest.mark.parametrize(
        ("prefix", "expression", "timezone"),
        [
            ("out/{slot:%Y/%m/%d/%H%M%S}/", "rate(1 minute)", BERLIN),
            ("out/{local:%Y/%m/%d/%H%M%S%z}/", "rate(1 hour)", BERLIN),
            ("out/{local:%Y/%m/%d/%H}/", "rate(1 hour)", "Asia/Tokyo"),
            ("out/{local:%Y/%m/%d/%H}/", "cron(0 * * * ? *)", BERLIN),  # it runs once in autumn
            ("out/{local:%Y/%m/%d}/", "cron(0 1 * * ? *)", BERLIN),
            ("out/{previous_local:%Y/%m/%d}/", "cron(0 1 * * ? *)", BERLIN),
            ("out/{previous_local:%Y%m%d}-{slot:%d}/", "cron(0 1 * * ? *)", BERLIN),
            ("out/{slot:%Y/%m/%d}/", "cron(0 4 * * ? *)", BERLIN),
            ("out/{slot:%G-%V}/", "cron(0 4 ? * MON *)", BERLIN),
            ("out/{local:%Y-%m}/", "cron(0 0 1 * ? *)", BERLIN),
            ("20{slot:%y/%m/%d}/", "cron(0 4 * * ? *)", BERLIN),
            ("out/", "at(2030-01-31T02:00:00)", BERLIN),
        ],
    )
    def test_of_their_own_for_each_slot_are_accepted(
        self, prefix: str, expression: str, timezone: str
    ) -> None:
        assert _output(prefix, expression, timezone) == []


_FIELDS = [
    *("{slot:%Y%m%d}", "{slot:%H}", "{slot:%M}", "{slot:%j}", "{slot:%G-%V}", "{slot:%Y}"),
    *("{local:%Y%m%d}", "{local:%H}", "{local:%M}", "{local:%Y}", "{local:%I%p}", "{local:%z}"),
    *("{previous:%Y%m%d%H}", "{previous:%M}", "{previous_local:%Y%m%d}", "{previous_local:%H}"),
]
_START = datetime(2031, 6, 1, tzinfo=UTC)  # years that the code under test does not begin with
_END = _START + timedelta(days=731)
_NAMES = {"previous_local": "{3:%", "previous": "{2:%", "local": "{1:%", "slot": "{0:%"}


@st.composite
def _crons(draw: st.DrawFn) -> str:
    minutes = draw(st.sampled_from(["0", "30", "0,30", "10,45"]))
    hours = draw(st.sampled_from(["*", "0", "1", "2", "23", "4,16", "1-3", "0/6"]))
    days = draw(
        st.sampled_from(["* * ?", "1 * ?", "L * ?", "? * MON", "? * SAT,SUN", "25-31 10 ?"])
    )
    return f"cron({minutes} {hours} {days} *)"


@hypothesis.settings(max_examples=share(1 / 4))
@given(
    fields=st.lists(st.sampled_from(_FIELDS), min_size=1, max_size=4),
    expression=_crons(),
    timezone=st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_of_any_accepted_prefix_no_two_slots_of_two_years_share_an_output(
    fields: list[str], expression: str, timezone: str
) -> None:
    prefix, zone = f"out/{'-'.join(fields)}/", ZoneInfo(timezone)
    if shared_places.found(prefix, expression, timezone):
        return
    for name, position in _NAMES.items():
        prefix = prefix.replace(f"{{{name}:%", position)
    schedule = cron.parse(expression)
    assert isinstance(schedule, Cron)
    slots = list(takewhile(lambda slot: slot < _END, schedule.following(_START, zone)))
    places = {
        prefix.format(slot, slot.astimezone(zone), before, before.astimezone(zone))
        for before, slot in pairwise(slots)
    }
    assert len(places) == len(slots) - 1


class TestTheSlotBefore:
    @pytest.mark.parametrize("expression", ["at(2130-01-31T02:00:00)", "cron(0 4 * * ? 2020-2130)"])
    def test_is_not_named_where_the_first_has_none(self, expression: str) -> None:
        name = "{previous:%Y}"
        daily = {"expression": expression, "arguments": [name], "environment": {"A": name}}
        found = problems(schedules={"daily": daily}, job__environment={"B": name})
        keys = ("job.environment.B", "schedules.daily.arguments", "schedules.daily.environment.A")
        assert [line.partition(" ")[0] for line in found] == [*keys]
        assert all("names the slot before" in line and "begin with 1970" in line for line in found)

    def test_is_named_by_a_cron_whose_years_began_long_ago(self) -> None:
        daily = {"expression": "cron(0 4 * * ? 1970-2130)", "arguments": ["{previous:%Y}"]}
        assert problems(schedules={"daily": daily}) == []


class TestLengths:
    def test_are_those_of_the_longest_that_any_slot_gives(self) -> None:
        fits = "x" * 238 + "{slot:%A%B}"  # WednesdaySeptember
        assert problems(job__environment={"DAY": fits}) == []
        found = problem(job__environment={"DAY": f"x{fits}"})
        assert found.startswith("job.environment.DAY xxx")
        assert "has 257 characters, must be from 0 to 256 when daily has filled in its f" in found

    def test_do_not_count_how_a_field_is_written(self) -> None:
        text = "x" * 246 + "{previous_local:%Y-%m-%d}"
        assert problems(job__arguments=[text]) == []
        assert "257 characters" in problem(job__arguments=[f"x{text}"])

    def test_are_those_of_the_schedules_own_clock(self) -> None:
        fits = "x" * 252 + "{local:%Z}"
        daily = {"expression": "rate(1 day)", "timezone": BERLIN, "arguments": [fits]}
        assert problems(schedules={"daily": daily}) == []  # CET, CEST
        daily["timezone"] = "Asia/Kathmandu"  # +0545
        assert "257 characters" in problem(schedules={"daily": daily})
