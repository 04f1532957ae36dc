"""How a backfill runs its slots, and what it makes of errors."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from pipeline.attempt import Attempt, parse_slot
from pipeline.journal_items import Entry
from tests.ops.clock import NOW
from tests.ops.nights import LINE, SHORT, SLOTS, Json, Nights, name
from tests.ops.world import World


def failed(**known: Any) -> Json:
    return {"outcome": "script_failed", "status": "Failed", "exit_message": "bad row 7", **known}


class TestRun:
    def test_runs_what_has_no_marker_the_oldest_first_and_never_more_than_n_at_once(
        self, world: World, nights: Nights
    ) -> None:
        nights.mark(SLOTS[2])
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert nights.started == [(slot, 1) for slot in (*SLOTS[:2], *SLOTS[3:])]
        assert nights.most == 2
        assert [each["outcome"] for each in document["slots"]] == ["completed"] * 3
        assert document["plan"]["done"] == [SLOTS[2]]
        assert document["cost_usd"] == 1.5

    def test_tells_each_change_of_a_slot_once_and_sums_up(
        self, world: World, nights: Nights
    ) -> None:
        status, out, err = world.ops(f"{LINE} --yes")
        assert status == 0
        begin = "Fri 02 Jan 04:00  daily attempt 1: "
        told = [line.removeprefix(begin) for line in err.splitlines() if line.startswith(begin)]
        assert told == ["started", "waits for an instance", "completed"]
        assert [line[:3] for line in out.splitlines() if " 10s " in line] == [
            *("Fri", "Sat", "Sun", "Mon")
        ]
        assert "4 completed; $2.00 (estimate)" in out
        assert nights.most == 2

    def test_a_failed_slot_is_told_and_the_others_go_on(self, world: World, nights: Nights) -> None:
        nights.ends[SLOTS[1]] = [failed()]
        status, out, _ = world.ops(f"{LINE} --yes")
        assert status == 1
        assert len(nights.started) == 4
        assert "bad row 7" in out
        assert "3 completed, 1 script_failed" in out
        assert f"python -m ops {LINE} --stack prod" in out

    def test_waits_for_the_attempt_that_the_observer_plans_and_starts_no_other_in_its_place(
        self, world: World, nights: Nights
    ) -> None:
        planned = NOW + timedelta(seconds=20)
        for slot in SLOTS[:2]:
            nights.ends[slot] = [failed(outcome="capacity", next_attempt_at=planned)]
            world.after(10, partial(self._plan, world, slot, planned))
            world.after(20, partial(nights.run, slot, 2))
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert nights.started[:4] == [(slot, number) for number in (1, 2) for slot in SLOTS[:2]]
        assert nights.most == 2
        assert [each["attempts"] for each in document["slots"]] == [2, 2, 1, 1]

    @staticmethod
    def _plan(world: World, slot: str, at: datetime) -> None:
        world.conclude(2, slot, planned_for=at, concluded_at=None, outcome=None, status=None)

    def test_a_slot_beyond_the_stacks_limit_waits_like_one_beyond_a_quota(
        self, world: World, nights: Nights
    ) -> None:
        def refuse(event: Json) -> Json:
            planned = world.now + timedelta(seconds=40)
            limit = {"outcome": "quota", "status": "Refused", "reason": "InstanceLimit: 1"}
            world.after(5, lambda: world.conclude(1, SLOTS[0], next_attempt_at=planned, **limit))
            world.after(40, lambda: nights.run(SLOTS[0], 2))
            return {**event, "job_name": name(SLOTS[0]), "result": "refused", **limit}

        nights.answers = [refuse]
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 0
        assert "daily attempt 1: refused" in err
        assert (SLOTS[0], 2) in nights.started
        assert nights.most == 1

    @pytest.mark.parametrize("seconds", [5, 15])
    def test_after_ctrl_c_the_same_command_goes_on_and_runs_nothing_twice(
        self, world: World, nights: Nights, seconds: int
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.after(seconds, interrupt)
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 130
        assert f"To continue: .venv/bin/python -m ops {LINE} --stack prod" in err
        before = len(nights.started)
        assert nights.running
        world.sleep(5)
        assert len(nights.started) == before
        assert world.ops(f"{LINE} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS]
        assert nights.most == 2

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_what_runs_or_is_planned_already_counts_and_is_not_started_again(
        self, world: World, nights: Nights, attempt: int
    ) -> None:
        if attempt == 2:
            world.conclude(1, SLOTS[2], **failed(outcome="capacity"))
        nights.run(SLOTS[2], attempt)
        planned = NOW + timedelta(seconds=40)
        self._plan(world, SLOTS[3], planned)
        world.after(40, lambda: nights.run(SLOTS[3], 2))
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert len(document["plan"]["under_way"]) == 2
        assert sorted(nights.started) == sorted(
            [*((slot, 1) for slot in SLOTS[:2]), (SLOTS[2], attempt), (SLOTS[3], 2)]
        )
        assert nights.most == 1

    def test_a_slot_that_waits_is_followed_and_not_started(
        self, world: World, nights: Nights
    ) -> None:
        waiting = Attempt("daily", parse_slot(SLOTS[0]), 1)
        known = {"planned_for": NOW, "waiting_for": "object under s3://a/b/, until 09:00"}
        world.journal.write(Entry.of(waiting, name(SLOTS[0], 1), **known))
        world.after(60, lambda: nights.run(SLOTS[0], 1))
        status, _, err = world.ops(f"{SHORT} --yes")
        assert status == 0
        assert "daily attempt 1: waits for object under s3://a/b/, until 09:00" in err
        assert sorted(nights.started) == [(SLOTS[0], 1), (SLOTS[1], 1)]

    @pytest.mark.parametrize("end", [failed(), {"outcome": "skipped", "status": "Skipped"}])
    def test_a_slot_that_ended_without_a_marker_gets_its_next_attempt(
        self, world: World, nights: Nights, end: Json
    ) -> None:
        world.conclude(1, SLOTS[0], **end)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started[0] == (SLOTS[0], 2)

    def test_a_marker_that_is_there_when_its_turn_comes_is_taken(
        self, world: World, nights: Nights
    ) -> None:
        world.after(8, lambda: nights.mark(SLOTS[3]))
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 0
        assert [slot for slot, _ in nights.started] == SLOTS[:3]
        assert "successful meanwhile" in err


class TestErrors:
    def test_a_throttled_launcher_is_asked_again_later(self, world: World, nights: Nights) -> None:
        world.errors["Invoke"] = ("TooManyRequestsException", "Rate exceeded")
        world.after(15, world.errors.clear)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]

    def test_a_throttled_look_is_taken_again_later(self, world: World, nights: Nights) -> None:
        throttled = {"DescribeProcessingJob": ("ThrottlingException", "Rate exceeded")}
        world.after(5, lambda: world.errors.update(throttled))
        world.after(15, world.errors.clear)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]
        assert nights.most == 2

    def test_what_is_throttled_for_good_is_not_waited_for_for_ever(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.backfill.GRACE", timedelta(seconds=20))
        world.errors["Invoke"] = ("TooManyRequestsException", "Rate exceeded")
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 1
        assert "TooManyRequestsException" in err
        assert timedelta(seconds=20) < world.now - NOW < timedelta(seconds=30)
        assert not nights.started

    def test_an_error_of_the_launcher_costs_its_slot_and_no_other(
        self, world: World, nights: Nights
    ) -> None:
        nights.answers = [lambda _: {"errorType": "NoticeError", "errorMessage": "no bus"}]
        status, out, _ = world.ops(f"{LINE} --yes")
        assert status == 1
        assert "processing-prod-launcher failed: NoticeError: no bus" in out
        assert nights.started == [(slot, 1) for slot in SLOTS[1:]]

    def test_a_launcher_that_died_after_it_started_the_job_is_no_reason_for_one_more(
        self, world: World, nights: Nights
    ) -> None:
        def die(event: Json) -> Json:
            nights.run(event["slot"], event["attempt"])
            return {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out"}

        nights.answers = [die]
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]
        assert nights.most == 2

    def test_a_dead_observer_costs_a_slot_its_patience_and_no_other_its_run(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.attempts.GRACE", timedelta(seconds=20))
        end = nights.end

        def lose(slot: str, attempt: int) -> None:
            if slot == SLOTS[0]:
                world.end(name(slot, attempt), "Completed")
            else:
                end(slot, attempt)

        monkeypatch.setattr(nights, "end", lose)
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 1
        first, *others = document["slots"]
        assert (first["slot"], first["outcome"]) == (SLOTS[0], None)
        assert "not yet concluded by the observer" in first["reason"]
        assert [each["outcome"] for each in others] == ["completed"] * 3
