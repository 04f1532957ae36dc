"""A slot that is due while another one's run has not ended."""

from dataclasses import replace
from datetime import timedelta

import pytest

from pipeline.attempt import Attempt, job_name
from tests.lambda_world import PREFIX, SLOT, CrashError, World

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
FIRST, SECOND, THIRD = (Attempt("daily", SLOT + slot * 50 * MINUTE, 1) for slot in range(3))
A, B, C = (job_name(PREFIX, attempt) for attempt in (FIRST, SECOND, THIRD))
CAPACITY = "CapacityError: no"


def overlap(world: World, overlap: str) -> None:
    schedule = {"expression": "rate(1 hour)", "timezone": "UTC", "overlap": overlap}
    other = {"expression": "rate(1 hour)", "timezone": "UTC"}
    world.configure(
        schedules={"daily": schedule, "daily-2": other}, input={"prefix": "input/2026/"}
    )


def outcome(world: World, attempt: Attempt) -> str | None:
    entry = world.journal.entry(attempt)
    return entry.outcome if entry else None


class TestAllow:
    def test_starts_beside_the_other_and_asks_nobody(self, world: World) -> None:
        world.launch(FIRST)
        assert world.launch(SECOND)["result"] == "started"
        assert world.asked("ListProcessingJobs") == []


class TestForbid:
    @pytest.fixture(autouse=True)
    def forbid(self, world: World) -> None:
        overlap(world, "Forbid")

    @pytest.mark.parametrize("status", ["InProgress", "Stopping"])
    def test_skips_a_slot_while_another_runs_and_tells(self, world: World, status: str) -> None:
        world.launch(FIRST)
        world.sagemaker.jobs[A]["ProcessingJobStatus"] = status
        answer = world.launch(SECOND)
        assert (answer["result"], answer["status"]) == ("skipped", "Skipped")
        assert answer["reason"] == f"Overlap: {A} has not ended, and overlap is Forbid"
        assert world.deliver() == ["skipped"]
        assert len(world.messages()) == 1

    def test_starts_once_the_other_has_ended(self, world: World) -> None:
        world.observe(world.run(FIRST))
        assert world.launch(SECOND)["result"] == "started"

    def test_sees_an_attempt_that_is_still_to_come(self, world: World) -> None:
        world.observe(world.fail(FIRST, CAPACITY))
        assert f"{A[:-1]}2" in world.launch(SECOND)["reason"]

    def test_names_a_planned_attempt_once_when_it_runs(self, world: World) -> None:
        world.observe(world.fail(FIRST, CAPACITY))
        world.fire()
        assert world.launch(SECOND)["reason"].count(f"{A[:-1]}2") == 1

    def test_no_longer_waits_for_an_attempt_that_never_came(self, world: World) -> None:
        world.observe(world.fail(FIRST, CAPACITY))
        world.now += 2 * HOUR
        assert world.launch(SECOND)["result"] == "started"

    def test_does_not_take_the_next_attempt_of_its_own_slot_for_another(self, world: World) -> None:
        world.observe(world.fail(FIRST, CAPACITY))
        assert world.fire()["result"] == "started"

    def test_does_not_look_at_other_schedules_and_stacks(self, world: World) -> None:
        world.sagemaker.add(job_name(PREFIX, replace(FIRST, schedule="daily-2")))
        world.sagemaker.add(job_name(f"another-{PREFIX}", FIRST))
        assert world.launch(SECOND)["result"] == "started"

    def test_sees_a_job_on_whatever_page_of_the_list_it_is(self, world: World) -> None:
        for minute in range(5):
            world.sagemaker.add(job_name(PREFIX, Attempt("daily-2", SLOT + minute * MINUTE, 1)))
        world.sagemaker.add(A)
        assert world.launch(SECOND)["result"] == "skipped"

    @pytest.mark.parametrize("policy", ["Forbid", "Replace"])
    def test_does_not_stand_in_an_operators_way_and_asks_nobody(
        self, world: World, policy: str
    ) -> None:
        overlap(world, policy)
        world.launch(FIRST)
        asked = len(world.asked("ListProcessingJobs"))
        assert world.launch(SECOND, "operator")["result"] == "started"
        assert len(world.asked("ListProcessingJobs")) == asked


class TestReplace:
    @pytest.fixture(autouse=True)
    def replacing(self, world: World) -> None:
        overlap(world, "Replace")

    def test_marks_stops_and_starts_when_the_other_has_ended(self, world: World) -> None:
        world.launch(FIRST)
        world.now = SLOT + HOUR
        answer = world.launch(SECOND)
        assert (answer["result"], answer["status"]) == ("replacing", "Waiting")
        order = [name for name, _ in world.requests if name in ("UpdateItem", "StopProcessingJob")]
        of_first, took, marked, stopped, planned, let_go = order
        assert (stopped, {took, marked, planned, let_go}) == ("StopProcessingJob", {of_first})
        assert world.observe(world.sagemaker.end(A, "Stopped")) == "replaced"
        assert world.planned() == {B: world.now + MINUTE}
        assert world.fire()["result"] == "started"
        assert [subject for subject, _ in world.messages()] == [
            "test: daily was replaced (Mon 05 Jan 2026 02:00)"
        ]
        assert "JobsFailed" not in world.metrics()[0]

    def test_delivered_again_while_it_waits_changes_nothing(self, world: World) -> None:
        world.launch(FIRST)
        for _ in range(2):
            assert world.launch(SECOND)["result"] == "replacing"
        world.observe(world.sagemaker.end(A, "Stopped"))
        assert list(world.planned()) == [B]

    @pytest.mark.parametrize("operation", ["UpdateItem", "StopProcessingJob"])
    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_that_broke_off_is_made_good_by_the_retry(
        self, world: World, operation: str, moment: str
    ) -> None:
        world.launch(FIRST)
        setattr(world, f"crash_{moment}", operation)
        with pytest.raises(CrashError):
            world.launch(SECOND, owner="one")
        assert world.launch(SECOND, owner="one")["result"] == "replacing"
        world.observe(world.sagemaker.end(A, "Stopped"))
        assert world.fire()["result"] == "started"

    def test_starts_at_once_if_the_other_had_just_ended(self, world: World) -> None:
        world.launch(FIRST)
        world.sagemaker.stale_list = [dict(world.sagemaker.jobs[A])]
        event = world.sagemaker.end(A, "Completed")
        assert world.launch(SECOND)["result"] == "started"
        assert world.observe(event) == "completed"
        assert world.fire()["result"] == "already started"
        assert len(world.asked("CreateProcessingJob")) == 2

    def test_starts_even_if_the_other_completed_while_it_was_told_to_stop(
        self, world: World
    ) -> None:
        world.launch(FIRST)
        world.launch(SECOND)
        assert world.observe(world.sagemaker.end(A, "Completed")) == "completed"
        assert world.fire()["result"] == "started"

    def test_has_no_next_attempt_of_what_it_replaced(self, world: World) -> None:
        world.launch(FIRST)
        world.launch(SECOND)
        world.observe(world.sagemaker.end(A, "Failed", FailureReason=CAPACITY))
        assert list(world.planned()) == [B]

    def test_takes_the_place_of_an_attempt_that_is_still_to_come(self, world: World) -> None:
        world.observe(world.fail(FIRST, CAPACITY))
        assert world.launch(SECOND)["result"] == "started"
        assert world.deliver() == ["skipped"]
        assert world.fire()["result"] == "skipped"
        assert list(world.sagemaker.jobs) == [A, B]

    def test_takes_the_place_of_a_run_that_still_waits_for_its_own(self, world: World) -> None:
        world.launch(FIRST)
        world.launch(SECOND)
        assert world.launch(THIRD)["result"] == "replacing"
        assert world.deliver() == ["skipped"]
        world.observe(world.sagemaker.end(A, "Stopped"))
        assert list(world.planned()) == [C]
        assert world.fire()["result"] == "started"
        assert [outcome(world, attempt) for attempt in (FIRST, SECOND)] == ["replaced", "skipped"]

    def test_that_waits_in_vain_is_missed(self, world: World) -> None:
        world.schedule()
        world.launch(FIRST)
        world.now = SLOT + HOUR
        world.launch(SECOND)
        world.now += 76 * MINUTE
        assert world.reconcile()[B] == "missed"

    def test_a_slot_does_not_stop_an_earlier_one_while_a_later_one_runs(self, world: World) -> None:
        world.launch(FIRST, "operator")
        world.launch(THIRD, "operator")
        answer = world.launch(SECOND)
        assert answer["reason"] == f"Overlap: {A}, {C} has not ended, and overlap is Replace"
        assert world.asked("StopProcessingJob") == []

    def test_an_earlier_slots_retry_does_not_stop_a_later_slot(self, world: World) -> None:
        event = world.fail(FIRST, CAPACITY)
        world.launch(SECOND)
        world.observe(event)
        assert world.fire()["result"] == "skipped"
        assert world.sagemaker.jobs[B]["ProcessingJobStatus"] == "InProgress"


class TestOperator:
    """What a person starts is no slot that the policy is for; nor is what follows it."""

    @pytest.mark.parametrize("policy", ["Forbid", "Replace"])
    def test_starts_beside_the_others_with_all_its_attempts(
        self, world: World, policy: str
    ) -> None:
        overlap(world, policy)
        world.launch(SECOND)
        assert world.launch(FIRST, "operator")["result"] == "started"
        world.observe(world.sagemaker.end(A, "Failed", FailureReason=CAPACITY))
        assert world.fire()["result"] == "started"
        assert world.sagemaker.accepted == [B, A, f"{A[:-1]}2"]
        assert not world.asked("StopProcessingJob")

    def test_keeps_a_refused_attempts_successors_too(self, world: World) -> None:
        overlap(world, "Forbid")
        world.launch(SECOND)
        world.errors["CreateProcessingJob"] = [("ThrottlingException", "Rate exceeded")]
        assert world.launch(FIRST, "operator")["result"] == "refused"
        world.deliver()
        assert world.fire()["result"] == "started"

    def test_that_of_the_schedule_is_no_operators(self, world: World) -> None:
        overlap(world, "Forbid")
        world.launch(FIRST)
        world.observe(world.sagemaker.end(A, "Failed", FailureReason=CAPACITY))
        world.launch(SECOND, "operator")
        assert world.fire()["result"] == "skipped"
