from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.slot_fields import FIELD, problem, render

DAILY = "cron(0 1 * * ? *)"
BERLIN = "Europe/Berlin"
SLOT = datetime(2026, 7, 1, 23, tzinfo=UTC)  # 01:00 of July the 2nd in Berlin


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{slot:%Y/%m/%d}/", "2026/07/01/"),
        ("--day={local:%Y-%m-%d}", "--day=2026-07-02"),
        ("{previous:%d %H}", "30 23"),
        ("{previous_local:%F} to {local:%FT%T%z}", "2026-07-01 to 2026-07-02T01:00:00+0200"),
        ("{slot:year %Y, day %j}", "year 2026, day 182"),
    ],
)
def test_a_field_is_the_slot_or_the_one_before_in_utc_or_on_the_schedules_clock(
    text: str, filled: str
) -> None:
    assert problem(text) is None
    assert render(text, SLOT, DAILY, BERLIN) == filled


@pytest.mark.parametrize(
    "text",
    [
        '{"slot": "x", "at": {"local": 5}}',
        "{slot: 5, previous: [1]}",
        "{slot}",
        "{{slot}}",
        "{slot:}",
        "{schedule}",
        "{now:%Y}",
        "100 % {} }{",
    ],
)
def test_other_braces_stay_as_they_are(text: str) -> None:
    assert problem(text) is None
    assert render(text, SLOT, DAILY, BERLIN) == text


@given(st.text().filter(lambda text: not FIELD.search(text)))
def test_any_text_without_a_field_stays_as_it_is(text: str) -> None:
    assert render(text, SLOT, "at(2030-01-31T02:00:00)", "UTC") == text


def test_json_may_hold_a_field() -> None:
    text = '{"day": "{local:%F}", "range": {"from": "{previous_local:%F}"}}'
    filled = '{"day": "2026-07-02", "range": {"from": "2026-07-01"}}'
    assert render(text, SLOT, DAILY, BERLIN) == filled


@pytest.mark.parametrize("text", ["{slot:%s}", "{local:%-d}", "{slot:%Y%}", "{previous:%99999Y}"])
def test_a_format_that_machines_read_differently_is_refused(text: str) -> None:
    found = problem(f"--at={text}")
    assert found is not None
    assert f"has the field {text}, " in found
    assert ":%Y-%m-%d}" in found


class TestTheSlotBefore:
    def _before(self, slot: datetime, expression: str, timezone: str = BERLIN) -> str:
        return render("{previous:%Y-%m-%dT%H:%M}", slot, expression, timezone)

    def test_of_a_cron_is_its_own_over_weekends_and_clock_changes(self) -> None:
        monday = datetime(2026, 3, 30, 1, tzinfo=UTC)
        assert self._before(monday, "cron(0 3 ? * MON-FRI *)") == "2026-03-27T02:00"

    def test_of_a_rate_is_one_interval_earlier_whenever_that_began(self) -> None:
        slot = datetime(2026, 1, 5, 7, 13, tzinfo=UTC)
        assert self._before(slot, "rate(6 hours)") == "2026-01-05T01:13"

    def test_of_a_time_that_is_no_slot_is_the_crons_last_before_it(self) -> None:
        by_hand = datetime(2026, 7, 1, 12, 34, 56, tzinfo=UTC)
        assert self._before(by_hand, DAILY) == "2026-06-30T23:00"

    def test_of_the_only_one_there_is_none(self) -> None:
        with pytest.raises(ValueError, match=r"at\(2030-01-31T02:00:00\) has no slot before 2030"):
            self._before(datetime(2030, 1, 31, 2, tzinfo=UTC), "at(2030-01-31T02:00:00)", "UTC")
