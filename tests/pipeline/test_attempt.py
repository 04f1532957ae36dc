from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components import names
from pipeline.attempt import MAX_ATTEMPT, Attempt, job_name, parse_job_name, parse_slot, slot_text
from tests.launcher import strategies

SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
PREFIXES = strategies.names_up_to(names.MAX_PREFIX)
SCHEDULES = strategies.names_up_to(names.max_schedule_name("p" * names.MAX_PREFIX))
RUNS = st.builds(Attempt, SCHEDULES, strategies.slots, strategies.attempts)


class TestJobName:
    @given(PREFIXES, RUNS)
    def test_tells_the_run_that_it_is_for(self, prefix: str, attempt: Attempt) -> None:
        assert parse_job_name(prefix, job_name(prefix, attempt)) == attempt

    @given(PREFIXES, PREFIXES, RUNS)
    def test_of_another_stack_is_no_run_of_this_one(
        self, prefix: str, other: str, attempt: Attempt
    ) -> None:
        assume(prefix != other)
        assert parse_job_name(prefix, job_name(other, attempt)) is None

    @pytest.mark.parametrize(
        "name",
        [
            "",
            "p",
            "p--daily",
            "p-daily-20260105T020000Z-1",
            "p--20260105T020000Z-1",
            "p--daily-20260105T020000Z",
            "p--daily-20260105T020000Z-0",
            "p--daily-20260105T020000Z-01",
            "p--daily-20260105T020000Z-100",
            "p--daily-20260105T020000Z-1x",
            "p--daily-20260105T020000Z-1\n",
            "p--daily-20260230T020000Z-1",
            "p--daily-20260105T250000Z-1",
            "p--daily-2026010\u0665T020000Z-1",
            "xp--daily-20260105T020000Z-1",
            "p--Daily-20260105T020000Z-1",
            "p--da ily-20260105T020000Z-1",
            "p---daily-20260105T020000Z-1",
            "p--x--daily-20260105T020000Z-1",
            "p--daily\n-20260105T020000Z-1",
            "p--../daily-20260105T020000Z-1",
            "p--daily-00010101T000000Z-1",
            "p--daily-99991231T235959Z-1",
            f"p--{'d' * 44}-20260105T020000Z-1",
        ],
    )
    def test_that_no_run_of_this_stack_has_is_none(self, name: str) -> None:
        assert parse_job_name("p", name) is None

    @given(PREFIXES, st.text())
    def test_whatever_its_form_is_a_run_of_that_name_or_none(self, prefix: str, rest: str) -> None:
        name = f"{prefix}--{rest}"
        attempt = parse_job_name(prefix, name)
        assert attempt is None or job_name(prefix, attempt) == name


class TestRun:
    def test_is_followed_by_the_next_attempt_at_its_slot(self) -> None:
        attempt = Attempt("daily", SLOT, 1)
        assert attempt.next() == Attempt("daily", SLOT, 2)

    def test_ends_with_the_last_attempt_that_a_name_can_hold(self) -> None:
        attempt = Attempt("daily", SLOT, MAX_ATTEMPT)
        assert attempt.next() is None
        assert replace(attempt, number=MAX_ATTEMPT - 1).next() == attempt


class TestSlot:
    @given(strategies.slots)
    def test_is_read_as_it_is_written(self, slot: datetime) -> None:
        assert parse_slot(slot_text(slot)) == slot

    def test_is_written_as_eventbridge_scheduler_does(self) -> None:
        assert slot_text(SLOT) == "2026-01-05T02:00:00Z"

    @pytest.mark.parametrize("text", ["", "2026-01-05", "2026-01-05T02:00:00+00:00", "health"])
    def test_written_otherwise_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="is no slot like"):
            parse_slot(text)
