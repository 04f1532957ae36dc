import json
from datetime import timedelta
from typing import Any

import pytest

from tests.ops.clock import NOW
from tests.ops.world import NAME, SLOT, World

BY_HAND = "2026-01-05T03:17:05Z"
SECOND = NAME[:-1] + "2"
STARTED: dict[str, Any] = {
    "created": NOW,
    "started": NOW + timedelta(seconds=124),
    "ended": NOW + timedelta(seconds=875),
    "instance_type": "ml.m5.xlarge",
    "instance_count": 1,
}


def events(world: World) -> list[dict[str, Any]]:
    """Return what the launcher was asked for."""
    return [json.loads(params["Payload"]) for name, params in world.requests if name == "Invoke"]


class TestRun:
    def test_asks_the_launcher_for_the_slot_of_the_time_it_is(self, world: World) -> None:
        status, document = world.ops_json("run --schedule daily --no-wait")
        assert events(world) == [
            {"schedule": "daily", "slot": "2026-01-07T12:00:00Z", "attempt": 1}
        ]
        assert (status, document["result"]) == (0, "started")
        assert document["job_name"] == "processing-prod--daily-20260107T120000Z-1"

    def test_never_asks_twice_since_the_sdk_would_hide_that_it_did(self, world: World) -> None:
        world.ops("run --schedule daily --no-wait")
        [made] = [each for each in world.clients if each["service"] == "lambda"]
        assert made["config"].retries["total_max_attempts"] == 1
        assert made["config"].read_timeout > 60

    def test_waits_until_the_observer_has_concluded_and_sums_up(self, world: World) -> None:
        marker = "s3://out/output/_SUCCESS"
        world.after(30, lambda: world.end(NAME, "Completed"))
        world.after(60, lambda: world.conclude(**STARTED, cost_usd=0.194, success_marker=marker))
        status, out, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert "daily, Mon 05 Jan 04:00 Europe/Berlin: started" in out
        for text in ("completed", "12m 31s", "2m 04s", "ml.m5.xlarge", "$0.19", marker):
            assert text in out
        assert "again" not in out
        assert "daily attempt 1: waits for an instance" in err
        assert "daily attempt 1: Completed, not yet concluded by the observer" in err
        assert world.now - NOW == timedelta(seconds=60)

    def test_waits_for_the_attempt_that_follows_as_well(self, world: World) -> None:
        world.after(
            30,
            lambda: world.conclude(
                outcome="capacity",
                status="Failed",
                next_attempt_at=world.now + timedelta(seconds=300),
            ),
        )
        world.after(20, lambda: world.end(NAME, "Failed"))
        world.after(330, lambda: world.job(SECOND, ProcessingStartTime=world.now))
        world.after(400, lambda: world.conclude(2))
        status, out, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert "1 capacity → 2 completed" in out
        assert "daily attempt 2: planned for Wed 07 Jan 13:05:30" in err
        assert "daily attempt 2: InProgress" in err

    def test_on_spot_says_what_it_waits_for_and_what_it_saved(self, world: World) -> None:
        spot: dict[str, Any] = {"capacity": "spot", "cost_usd": 0.25, "on_demand_usd": 1.0}
        world.job(kind="Training")
        seen = {"TrainingStartTime": NOW, "SecondaryStatus": "Interrupted"}
        world.after(20, lambda: world.jobs[NAME].update(seen))
        world.after(40, lambda: world.jobs[NAME].update(SecondaryStatus="Training"))
        world.after(60, lambda: world.conclude(**STARTED, **spot))
        status, out, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert err.splitlines() == [
            "daily attempt 1: waits for a spot instance",
            "daily attempt 1: was reclaimed, waits for a spot instance",
            "daily attempt 1: InProgress",
        ]
        assert "ml.m5.xlarge on spot" in out
        assert "75 % less than on demand" in out

    def test_a_failure_is_status_1_and_names_what_to_type_next(self, world: World) -> None:
        world.after(
            10,
            lambda: world.conclude(
                outcome="script_failed", exit_message="bad row 7 in a.csv", created=NOW
            ),
        )
        status, out, _ = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 1
        assert "bad row 7 in a.csv" in out
        assert f"python -m ops logs {NAME} --stack prod" in out
        assert f"python -m ops replay --schedule daily --slot {SLOT} --stack prod" in out

    def test_what_is_to_be_typed_is_never_broken_into_lines(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        world.after(10, lambda: world.conclude(outcome="script_failed"))
        _, out, _ = world.ops(f"run --schedule daily --slot {SLOT}")
        assert f"python -m ops replay --schedule daily --slot {SLOT} --stack prod" in out

    def test_a_skipped_slot_is_no_failure(self, world: World) -> None:
        world.launcher = lambda event: {
            **event,
            "job_name": NAME,
            "result": "skipped",
            "status": "Skipped",
            "reason": "input is empty",
        }
        skipped: dict[str, Any] = {"status": "Skipped", "reason": "input is empty"}
        world.after(5, lambda: world.conclude(outcome="skipped", **skipped))
        status, out, _ = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert "skipped" in out
        assert out.count("input is empty") == 1

    def test_without_waiting_a_refused_slot_is_status_1(self, world: World) -> None:
        world.launcher = lambda event: {
            **event,
            "job_name": NAME,
            "result": "refused",
            "status": "Refused",
            "reason": "ResourceLimitExceeded: 0 Instances",
        }
        status, out, _ = world.ops(f"run --schedule daily --slot {SLOT} --no-wait")
        assert status == 1
        assert "0 Instances" in out

    def test_json_is_one_document_with_every_attempt(self, world: World) -> None:
        world.after(10, lambda: world.conclude(**STARTED, cost_usd=0.5))
        status, document = world.ops_json(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert document["answer"]["result"] == "started"
        assert document["outcome"] == "completed"
        [attempt] = document["attempts"]
        assert attempt["job_name"] == NAME
        assert attempt["slot"] == SLOT
        assert attempt["cost_usd"] == 0.5

    def test_a_slot_that_has_run_before_names_the_replay(self, world: World) -> None:
        world.job(status="Completed")
        world.conclude()
        status, out, _ = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 0
        assert "already started" in out
        assert f"python -m ops replay --schedule daily --slot {SLOT} --stack prod" in out

    def test_ctrl_c_ends_the_waiting_and_says_how_to_end_the_job(self, world: World) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.after(10, interrupt)
        status, _, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 130
        assert f"python -m ops stop {NAME} --stack prod" in err
        assert world.jobs[NAME]["ProcessingJobStatus"] == "InProgress"

    def test_a_dead_observer_is_not_waited_for_for_ever(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.attempts.GRACE", timedelta(minutes=2))
        world.after(30, lambda: world.end(NAME, "Completed"))
        status, _, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 1
        assert "not yet concluded by the observer" in err
        assert "processing-prod-observer" in err
        assert world.now - NOW < timedelta(minutes=3)

    def test_an_attempt_that_was_planned_and_never_came_is_not_waited_for_either(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.attempts.GRACE", timedelta(minutes=2))
        world.job(status="Failed")
        planned = NOW + timedelta(minutes=2)
        world.conclude(outcome="capacity", next_attempt_at=planned)
        status, _, err = world.ops(f"run --schedule daily --slot {SLOT}")
        assert status == 1
        assert "daily attempt 2: no job yet, for 2m 05s" in err

    def test_an_error_of_the_launcher_is_told_in_its_words(self, world: World) -> None:
        error = {"errorType": "EventError", "errorMessage": "no such thing"}
        world.launcher = lambda _: error
        status, _, err = world.ops("run --schedule daily")
        assert status == 1
        assert "processing-prod-launcher failed: EventError: no such thing" in err

    @pytest.mark.parametrize("command", ["run", "replay"])
    def test_an_unknown_schedule_is_a_wrong_call(self, world: World, command: str) -> None:
        status, _, err = world.ops(f"{command} --schedule weekly --slot {SLOT}")
        assert status == 2
        assert "--schedule weekly: stack prod has daily, hourly" in err
        assert not world.requests

    @pytest.mark.parametrize("command", ["run", "replay"])
    def test_a_slot_of_the_future_is_a_wrong_call(self, world: World, command: str) -> None:
        status, _, err = world.ops(f"{command} --schedule daily --slot 2026-01-07T12:00:01Z")
        assert status == 2
        assert "--slot 2026-01-07T12:00:01Z: lies in the future (it is 2026-01-07T12:00:00Z)" in err
        assert not world.requests

    @pytest.mark.parametrize("command", ["run", "replay"])
    def test_a_time_that_is_no_slot_starts_nothing(self, world: World, command: str) -> None:
        status, _, err = world.ops(f"{command} --schedule daily --slot 2026-01-05T03:17")
        assert status == 2
        assert (
            "--slot 2026-01-05T02:17:00Z: is no slot of cron(0 4 * * ? *) in Europe/Berlin; "
            "nearest: 2026-01-04T03:00:00Z before, 2026-01-05T03:00:00Z after"
        ) in err
        assert not events(world)

    def test_any_time_may_be_a_slot_of_a_rate(self, world: World) -> None:
        status, _, _ = world.ops("run --schedule hourly --slot 2026-01-05T03:17:05Z --no-wait")
        assert status == 0
        assert [event["slot"] for event in events(world)] == ["2026-01-05T03:17:05Z"]


class TestReplay:
    def replay(self, world: World) -> int:
        line = f"replay --schedule daily --slot {SLOT} --no-wait"
        return world.ops(line)[0]

    def test_takes_the_attempt_after_the_last(self, world: World) -> None:
        for attempt in (1, 2):
            world.conclude(attempt, outcome="script_failed")
        assert self.replay(world) == 0
        assert [event["attempt"] for event in events(world)] == [3]

    def test_takes_the_second_if_the_first_has_a_job_and_the_journal_is_lost(
        self, world: World
    ) -> None:
        world.job(status="Failed")
        assert self.replay(world) == 0
        assert [event["attempt"] for event in events(world)] == [2]

    def test_takes_the_first_if_there_was_none(self, world: World) -> None:
        assert self.replay(world) == 0
        assert [event["attempt"] for event in events(world)] == [1]

    def test_goes_on_to_the_next_where_a_number_is_taken(self, world: World) -> None:
        world.conclude(outcome="script_failed")
        world.job(SECOND, status="Failed")
        assert self.replay(world) == 0
        assert [event["attempt"] for event in events(world)] == [2, 3]

    def test_takes_the_number_of_a_planned_attempt_which_then_starts_nothing(
        self, world: World
    ) -> None:
        planned = NOW + timedelta(hours=1)
        world.conclude(outcome="capacity", next_attempt_at=planned)
        world.conclude(2, planned_for=planned, concluded_at=None, outcome=None, status=None)
        assert self.replay(world) == 0
        assert [event["attempt"] for event in events(world)] == [2]

    @pytest.mark.parametrize("status", ["InProgress", "Stopping"])
    def test_never_runs_beside_an_attempt_that_runs(self, world: World, status: str) -> None:
        world.job(status=status)
        assert self.replay(world) == 1
        assert not events(world)

    def test_never_runs_beside_one_that_began_meanwhile(self, world: World) -> None:
        world.conclude(outcome="script_failed")
        world.job(SECOND)
        assert self.replay(world) == 1
        assert [event["attempt"] for event in events(world)] == [2]

    def test_ends_where_names_have_no_more_room(self, world: World) -> None:
        world.conclude(99, outcome="script_failed")
        status, _, err = world.ops(f"replay --schedule daily --slot {SLOT}")
        assert status == 1
        assert "99 attempts" in err
        assert not events(world)

    def test_takes_a_slot_that_was_run_by_hand(self, world: World) -> None:
        world.conclude(slot=BY_HAND, outcome="script_failed")
        world.ops(f"replay --schedule daily --slot {BY_HAND} --no-wait")
        assert [event["attempt"] for event in events(world)] == [2]

    def test_takes_one_of_which_only_its_job_is_left(self, world: World) -> None:
        world.job("processing-prod--daily-20260105T031705Z-1", status="Failed")
        world.ops(f"replay --schedule daily --slot {BY_HAND} --no-wait")
        assert [event["attempt"] for event in events(world)] == [2]

    def test_takes_a_time_on_the_schedules_own_clock(self, world: World) -> None:
        world.ops("replay --schedule daily --slot 2026-01-05T04:00 --no-wait")
        assert [event["slot"] for event in events(world)] == [SLOT]
