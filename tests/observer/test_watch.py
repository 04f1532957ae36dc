from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from observer.watch import EVENT_GRACE, LAUNCH_GRACE, WatchError
from pipeline.attempt import Attempt, job_name
from pipeline.journal import LEASE
from tests.lambda_world import ATTEMPT, NAME, NOW, PREFIX, RATE_1H, SLOT, World

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def name_of(slot: datetime, schedule: str = "daily") -> str:
    return job_name(PREFIX, Attempt(schedule, slot, 1))


def only(world: World, expression: str, zone: str = "UTC", **known: Any) -> None:
    """Let one schedule be all that the stack has."""
    world.configure(schedules={"daily": {"expression": expression, "timezone": zone}})
    world.schedule(**known)


def missed(world: World) -> list[str]:
    """Let the watch have its turn; return the names of the slots that it misses."""
    return [name for name, outcome in world.reconcile().items() if outcome == "missed"]


class TestLostEvent:
    def test_is_made_good_after_two_minutes_and_not_before(self, world: World) -> None:
        world.schedule()
        world.fail()
        world.now += EVENT_GRACE
        assert world.reconcile() == {}
        world.now += timedelta(seconds=1)
        assert world.reconcile() == {NAME: "script_failed"}
        assert world.reconcile() == {}
        assert len(world.messages()) == 1

    def test_of_a_refusal_is_made_good(self, world: World) -> None:
        world.schedule()
        world.errors["CreateProcessingJob"] = [("AccessDeniedException", "no")]
        world.launch()
        assert world.reconcile() == {NAME: "access_denied"}
        assert world.deliver() == ["concluded before"]
        ((_, text),) = world.messages()
        assert "Reason: AccessDeniedException: no" in text

    def test_of_one_job_is_found_on_whatever_page_it_is(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        names = {name_of(SLOT + n * MINUTE) for n in range(5)}
        for n in range(5):
            world.run(Attempt("daily", SLOT + n * MINUTE, 1))
        world.now += 3 * MINUTE
        assert world.reconcile().keys() == names

    def test_of_another_stack_is_not_looked_at(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        other = job_name("another-" + PREFIX, ATTEMPT)
        world.sagemaker.add(other)
        world.sagemaker.end(other, "Failed")
        world.now += HOUR
        assert world.reconcile() == {}


class TestLostSlot:
    @pytest.mark.parametrize(
        ("expression", "zone", "slot"),
        [
            ("cron(0 4 * * ? *)", "Europe/Berlin", SLOT + HOUR),
            ("at(2026-01-05T04:00:00)", "Europe/Berlin", SLOT + HOUR),
            ("rate(1 hour)", "UTC", SLOT + HOUR),
            ("rate(1 day)", "UTC", SLOT + DAY),
            ("rate(7 days)", "UTC", SLOT + 7 * DAY),
        ],
    )
    def test_is_told_once_after_75_minutes(
        self, world: World, expression: str, zone: str, slot: datetime
    ) -> None:
        only(world, expression, zone)
        world.observe(world.run())
        world.now = slot + LAUNCH_GRACE
        assert missed(world) == []
        world.now += timedelta(seconds=1)
        assert missed(world) == [name_of(slot)]
        world.now += 5 * MINUTE
        assert missed(world) == []
        ((subject, text),) = world.messages()
        assert "failed: missed" in subject
        assert f"Missed: due {slot:%Y-%m-%dT%H:%M:%SZ}, no job since" in text
        assert world.failing_since() == slot

    def test_that_is_lost_again_is_told_again(self, world: World) -> None:
        only(world, "rate(1 hour)")
        world.observe(world.run())
        found: list[str] = []
        for minutes in range(60, 300, 5):
            world.now = SLOT + minutes * MINUTE
            found += missed(world)
        assert found == [name_of(SLOT + hours * HOUR) for hours in (1, 2, 3)]

    def test_is_told_whatever_later_slot_there_is(self, world: World) -> None:
        only(world, "rate(1 hour)")
        world.observe(world.run())
        # Of a deployment that did not refuse it.
        world.observe(world.run(Attempt("daily", SLOT + 36500 * DAY, 1)))
        world.now = SLOT + 3 * HOUR
        assert missed(world) == [name_of(SLOT + HOUR)]

    def test_of_before_the_schedules_last_change_is_none(self, world: World) -> None:
        for changed in (SLOT, SLOT + HOUR):
            only(world, "cron(0 2 * * ? *)", changed=changed)
            world.now = SLOT + 2 * HOUR
            assert missed(world) == []
            world.client("scheduler").delete_schedule(GroupName=PREFIX, Name="daily")
        only(world, "cron(0 2 * * ? *)", changed=SLOT - MINUTE)
        assert missed(world) == [name_of(SLOT)]

    def test_of_a_rate_counts_from_its_last_change(self, world: World) -> None:
        only(world, "rate(1 hour)", changed=SLOT)
        world.now = SLOT + 2 * HOUR
        assert missed(world) == []
        world.now = SLOT + 2 * HOUR + 16 * MINUTE
        assert missed(world) == [name_of(SLOT + HOUR)]

    def test_is_none_while_the_schedule_is_suspended(self, world: World) -> None:
        only(world, "cron(0 2 * * ? *)", State="DISABLED")
        world.now = SLOT + 2 * HOUR
        assert world.reconcile() == {}

    def test_is_none_where_a_job_runs_however_long(self, world: World) -> None:
        only(world, "cron(0 2 * * ? *)")
        world.sagemaker.add(NAME)
        world.now = SLOT + 2 * HOUR
        assert missed(world) == []

    def test_that_arrives_late_is_not_started_after_all(self, world: World) -> None:
        only(world, "cron(0 2 * * ? *)")
        world.now = SLOT + 2 * HOUR
        missed(world)
        assert world.launch()["status"] == "Missed"
        assert (world.sagemaker.jobs, world.notices(), len(world.messages())) == ({}, [], 1)

    def test_whose_report_broke_off_is_told_as_missed_by_the_late_delivery(
        self, world: World
    ) -> None:
        only(world, "cron(0 2 * * ? *)")
        world.now = SLOT + 2 * HOUR
        world.crash_after = "UpdateItem"
        with pytest.raises(WatchError):
            world.reconcile()
        world.launch()
        assert world.deliver() == ["missed"]
        assert missed(world) == []

    def test_is_looked_for_among_the_latest_only(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("observer.watch.MOST_SLOTS", 2)
        only(world, "cron(* * * * ? *)", changed=SLOT)
        world.now = SLOT + LAUNCH_GRACE + 9 * MINUTE
        assert missed(world) == [name_of(SLOT + minutes * MINUTE) for minutes in (8, 7)]
        world.now += MINUTE
        assert missed(world) == [name_of(SLOT + 9 * MINUTE)]


class TestPlannedAttempt:
    def test_that_never_came_is_told(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        world.observe(world.fail(reason="CapacityError: no"))
        ((name, at),) = world.planned().items()
        world.now = at + LAUNCH_GRACE
        assert world.reconcile() == {}
        world.now += MINUTE
        assert world.reconcile() == {name: "missed"}
        ((_, text),) = world.messages()
        assert f"Missed: planned for {at:%Y-%m-%dT%H:%M:%SZ}, no job since" in text
        assert world.fire()["result"] == "refused"

    def test_that_runs_is_not_missed_however_long(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        world.observe(world.fail(reason="CapacityError: no"))
        world.fire()
        world.now += 5 * HOUR
        assert world.reconcile() == {}

    def test_whose_launch_was_given_up_is_missed_once(self, world: World) -> None:
        world.schedule()
        world.journal.claim_launch(ATTEMPT, NAME, "one", NOW)
        world.now += LEASE + LAUNCH_GRACE
        assert missed(world) == []
        world.now += MINUTE
        assert missed(world) == [NAME]
        assert missed(world) == []


class TestGauges:
    def _gauges(self, world: World) -> dict[str, float]:
        world.reconcile()
        return {k: v for k, v in world.metrics()[-1].items() if k.startswith("Seconds")}

    def test_count_from_the_last_change_before_the_first_success(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)", changed=NOW - HOUR)
        assert self._gauges(world) == {"SecondsRunning": 0, "SecondsSinceSuccess": 3600}

    def test_count_from_the_first_slot_since_a_change(self, world: World) -> None:
        only(world, "cron(0 4 * * ? 2030-2031)", changed=NOW - 30 * DAY)
        assert self._gauges(world)["SecondsSinceSuccess"] == 0
        world.now = datetime(2030, 1, 1, 5, tzinfo=UTC)
        assert self._gauges(world)["SecondsSinceSuccess"] == 3600

    def test_count_from_the_last_success(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        world.observe(world.run())
        world.now += 90 * MINUTE
        assert self._gauges(world)["SecondsSinceSuccess"] == 5400

    def test_give_a_changed_schedule_its_whole_time_again(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)", changed=NOW + HOUR)
        world.observe(world.run())
        world.now = NOW + 2 * HOUR
        assert self._gauges(world)["SecondsSinceSuccess"] == 3600

    def test_tell_the_longest_of_the_jobs_that_run_or_are_stopping(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        world.sagemaker.add(NAME, ProcessingJobStatus="Stopping")
        world.now += 2 * DAY
        world.sagemaker.add(name_of(SLOT + MINUTE))
        assert self._gauges(world)["SecondsRunning"] == 2 * 86_400

    def test_are_each_schedules_own(self, world: World) -> None:
        daily = {"expression": "at(2020-01-01T00:00:00)", "timezone": "UTC"}
        world.configure(schedules={"daily": daily, **RATE_1H})
        world.schedule("daily")
        world.schedule("hourly", changed=NOW)
        world.sagemaker.add(name_of(SLOT, "hourly"))
        world.now += 10 * MINUTE
        world.reconcile()
        running = {each["schedule"]: each["SecondsRunning"] for each in world.metrics()}
        assert running == {"daily": 0, "hourly": 600}


class TestOneBadThing:
    def test_job_does_not_hide_the_others(self, world: World) -> None:
        only(world, "at(2020-01-01T00:00:00)")
        for hours in (0, 1):
            world.fail(Attempt("daily", SLOT + hours * HOUR, 1))
        world.now += HOUR
        world.errors["DescribeProcessingJob"] = [("ThrottlingException", "Rate exceeded")]
        with pytest.raises(WatchError, match=f"^{NAME}: .*ThrottlingException"):
            world.reconcile()
        assert len(world.messages()) == 1
        assert world.reconcile() == {NAME: "script_failed"}

    def test_schedule_does_not_hide_the_others(self, world: World) -> None:
        daily = {"expression": "at(2020-01-01T00:00:00)", "timezone": "UTC"}
        world.configure(schedules={"daily": daily, **RATE_1H})
        world.schedule("hourly", changed=NOW)
        world.fail(Attempt("hourly", SLOT, 1))
        world.now += 3 * MINUTE
        world.errors["GetSchedule"] = [("InternalServerException", "x")]
        with pytest.raises(WatchError, match=r"^daily: .*InternalServerException"):
            world.reconcile()
        assert len(world.messages()) == 1

    def test_schedule_that_was_deleted_by_hand_is_passed_over(self, world: World) -> None:
        assert world.reconcile() == {}
