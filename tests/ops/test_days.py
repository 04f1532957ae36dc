from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from components.settings.schedule import ScheduleSettings
from ops.days import Day, Period, Result, State, of_schedule, of_slot
from pipeline.outcome import Outcome
from tests.ops import month

NOW = month.NOW
DAILY = ScheduleSettings(expression="cron(0 4 * * ? *)", timezone="Europe/Berlin")
AT = datetime(2026, 4, 2, 2, tzinfo=UTC)


def result(*ends: dict[str, Any], at: datetime = AT, minutes: float = 6) -> Result:
    [attempts] = month.slot("daily", at, *ends, minutes=minutes).values()
    return of_slot(attempts, NOW)


def days(schedule: ScheduleSettings, *slots: datetime, now: datetime = NOW) -> list[Day]:
    return of_schedule(schedule, [result(at=at) for at in slots], now, 30)


def unrecorded(found: list[Day]) -> dict[int, int]:
    """Return day of the month -> slots without a record, where there are any."""
    return {day.date.day: day.unrecorded for day in found if day.unrecorded}


class TestStateOfASlot:
    def test_is_healed_if_it_completed_after_an_attempt_that_did_not(self) -> None:
        failed = {"outcome": "capacity", "reason": "no room"}
        healed = result(failed, {})
        assert healed.state is State.HEALED
        assert (healed.outcome, healed.reason) == ("capacity", "no room")

    def test_is_completed_if_it_was_only_replayed(self) -> None:
        assert result({}, {}).state is State.COMPLETED

    @pytest.mark.parametrize("outcome", list(Outcome))
    def test_is_a_failure_if_the_outcome_is_not_known_to_be_none(self, outcome: Outcome) -> None:
        others = {
            "completed": State.COMPLETED,
            "skipped": State.SKIPPED,
            "stopped": State.STOPPED,
            "replaced": State.STOPPED,
            "missed": State.MISSED,
        }
        assert result({"outcome": outcome}).state is others.get(outcome, State.FAILED)

    @pytest.mark.parametrize("end", [{"outcome": None}, {"next_attempt_at": NOW}])
    def test_is_in_progress_until_its_last_attempt_has_ended(self, end: dict[str, Any]) -> None:
        assert result({"outcome": "capacity", **end}).state is State.IN_PROGRESS

    def test_is_in_progress_while_it_waits_and_says_for_what(self) -> None:
        waits = {"outcome": None, "concluded_at": None, "created": None, "started": None}
        told = result({**waits, "ended": None, "waiting_for": "object under s3://a/b/"})
        assert told.state is State.IN_PROGRESS
        assert told.reason == "waits for object under s3://a/b/"

    def test_the_scripts_own_words_come_before_sagemakers(self) -> None:
        told = result({"outcome": "script_failed", "reason": "code 1", "exit_message": "row 7"})
        assert told.reason == "row 7"


class TestDays:
    def test_are_the_last_by_the_schedules_own_clock(self) -> None:
        late = datetime(2026, 4, 7, 22, 30, tzinfo=UTC)
        found = days(DAILY, now=late)
        assert (len(found), found[-1].date) == (30, date(2026, 4, 8))

    def test_a_slot_is_of_its_local_date(self) -> None:
        found = days(DAILY, datetime(2026, 4, 2, 22, 30, tzinfo=UTC))
        assert [day.date.day for day in found if day.results] == [3]

    def test_what_is_before_them_is_left_out(self) -> None:
        assert not any(day.results for day in days(DAILY, NOW - timedelta(days=30)))

    def test_a_day_on_which_nothing_was_due_is_none_without_a_record(self) -> None:
        weekly = ScheduleSettings(expression="cron(0 4 ? * MON *)")
        found = days(weekly, datetime(2026, 3, 16, 4, tzinfo=UTC))
        assert unrecorded(found) == {23: 1, 30: 1, 6: 1}
        assert [day.worst for day in found if day.date.day == 24] == [None]


class TestNoRecord:
    def test_counts_what_was_due_after_the_first_known_slot(self) -> None:
        known = [datetime(2026, 4, day, 2, tzinfo=UTC) for day in (1, 3, 6)]
        assert unrecorded(days(DAILY, *known)) == {2: 1, 4: 1, 5: 1, 7: 1}

    def test_needs_some_record(self) -> None:
        assert unrecorded(days(DAILY)) == {}

    def test_is_not_said_of_what_the_watch_may_still_note(self) -> None:
        known, now = datetime(2026, 4, 6, 2, tzinfo=UTC), datetime(2026, 4, 7, 3, tzinfo=UTC)
        assert unrecorded(days(DAILY, known, now=now)) == {}

    def test_is_not_said_of_a_suspended_schedule(self) -> None:
        suspended = DAILY.model_copy(update={"suspend": True})
        assert unrecorded(days(suspended, datetime(2026, 4, 1, 2, tzinfo=UTC))) == {}

    def test_a_local_time_that_the_clock_skips_was_not_due(self) -> None:
        skipped = DAILY.model_copy(update={"expression": "cron(30 2 * * ? *)"})
        known = [datetime(2026, 3, day, 1, 30, tzinfo=UTC) for day in (27, 28)]
        known += [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
        assert 29 not in unrecorded(days(skipped, *known))

    def test_of_a_rate_is_told_by_whole_days(self) -> None:
        hourly = ScheduleSettings(expression="rate(1 hour)")
        found = days(hourly, AT, AT + timedelta(days=3))
        assert unrecorded(found) == {3: 24, 4: 24, 6: 24}

    def test_of_a_rate_beyond_a_day_is_not_known(self) -> None:
        assert unrecorded(days(ScheduleSettings(expression="rate(3 days)"), AT)) == {}


class TestPeriod:
    def test_counts_begin_with_the_worst(self) -> None:
        results = [result(), result({"outcome": "missed"}), result()]
        period = Period(results=results, unrecorded=4)
        assert list(period.counts.items()) == [
            (State.MISSED, 1),
            (State.NO_RECORD, 4),
            (State.COMPLETED, 2),
        ]
        assert period.worst is State.MISSED

    def test_durations_are_of_what_ran(self) -> None:
        results = [result(minutes=minutes) for minutes in (1, 9, 2)]
        period = Period(results=[*results, result({"outcome": "skipped"})])
        assert period.median_s == 3 * 60
        assert [slot.run_s for slot in period.ran] == [600, 180, 120]
        assert period.longest_wait_s == 75 + 10 * AT.day

    def test_a_cost_that_is_not_known_is_counted(self) -> None:
        period = Period(results=[result({"cost_usd": 0.5}), result({"cost_usd": None})])
        assert (period.cost_usd, period.unpriced) == (0.5, 1)

    def test_the_largest_input_is_of_those_that_were_counted(self) -> None:
        counted = [result({"input_bytes": size}) for size in (5, 9, 0)]
        largest = Period(results=[result(), *counted]).largest_input
        assert largest is counted[1].slot
        assert Period(results=[result()]).largest_input is None

    def test_a_machine_that_was_only_planned_is_none(self) -> None:
        refused = {"outcome": "quota", "instance_type": "ml.m5.large", "created": None}
        assert Period(results=[result(refused)]).machines == []

    def test_machines_are_named_once(self) -> None:
        large = result({"instance_type": "ml.m5.large", "instance_count": 2})
        period = Period(results=[large, result(), result(), result({"outcome": "skipped"})])
        assert period.machines == ["2 x ml.m5.large", "ml.m5.xlarge"]
