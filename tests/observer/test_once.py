"""Each end is dealt with once: whatever comes twice, at once, or breaks off half-way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pipeline.attempt import Attempt, job_name
from pipeline.journal import LEASE
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, NAME, PREFIX, SLOT, CrashError, World
from tests.quick_moto import mock_aws

Json = dict[str, Any]
End = Callable[[World], Json]

OTHER = Attempt("daily", SLOT + timedelta(days=1), 1)


def succeeds(world: World) -> Json:
    world.journal.record_failure("daily", SLOT - timedelta(days=1))
    return world.run()


def fails(world: World) -> Json:
    return world.fail()


def has_no_capacity(world: World) -> Json:
    return world.fail(reason="CapacityError: no")


def is_replaced(world: World) -> Json:
    stop = f"replaced by {job_name(PREFIX, OTHER)}"
    world.journal.write(Entry.of(ATTEMPT, NAME, stop=stop))
    return world.run(status="Stopped")


def is_refused(world: World) -> Json:
    world.errors["CreateProcessingJob"] = [("AccessDeniedException", "no")]
    world.launch()
    (notice,) = world.notices()
    return notice


ENDS: dict[End, tuple[str, list[str], int]] = {
    succeeds: ("completed", ["green again"], 0),
    fails: ("script_failed", ["failed: script failed"], 0),
    has_no_capacity: ("capacity", [], 1),
    is_replaced: ("replaced", ["was replaced"], 1),
    is_refused: ("access_denied", ["failed: access denied"], 0),
}
"""What happens -> its outcome, parts of the subjects told, and the number of launches planned."""

ends = pytest.mark.parametrize("end", ENDS)


def is_dealt_with(world: World, end: End, messages: int | None = None) -> None:
    outcome, subjects, launches = ENDS[end]
    entry = world.journal.entry(ATTEMPT)
    assert entry
    assert (entry.outcome, bool(entry.concluded_at)) == (outcome, True)
    assert len(world.planned()) == launches
    told = [subject for subject, _ in world.messages()]
    assert len(told) == (len(subjects) if messages is None else messages)
    assert all(subjects[0] in subject for subject in told)
    assert bool(world.failing_since()) == (outcome in ("script_failed", "access_denied"))


class TestTheSameEventTwice:
    @ends
    @pytest.mark.parametrize("owner", ["first", "second"])
    def test_is_one_message_one_launch_and_one_set_of_metrics(
        self, world: World, end: End, owner: str
    ) -> None:
        event = end(world)
        world.observe(event, "first")
        assert world.observe(event, owner) == "concluded before"
        is_dealt_with(world, end)
        assert len(world.metrics()) == 1

    def test_is_one_marker(self, world: World) -> None:
        event = world.run()
        for owner in ("first", "second"):
            world.observe(event, owner)
        assert len([each for each in world.asked("PutObject") if "_SUCCESS" in each["Key"]]) == 1


class TestACrash:
    @ends
    def test_at_any_step_is_made_good_by_the_retry_of_the_same_invocation(
        self, capsys: pytest.CaptureFixture[str], end: End
    ) -> None:
        """After each request: to end before the next one leaves the same behind."""
        index, done = 0, False
        while not done:
            with mock_aws():
                world = World(capsys)
                event = end(world)
                last = world.crash_after = len(world.requests) + index
                try:
                    world.observe(event, "owner")
                    done, world.crash_after = True, None
                except CrashError:
                    world.now += timedelta(minutes=1)
                    world.observe(event, "owner")
                told = not done and world.requests[last][0] == "Publish"
                is_dealt_with(world, end, 2 if told else None)
            index += 1
        assert index > 4, "it makes so many requests at least"

    @ends
    def test_keeps_others_away_until_its_lease_has_run_out(self, world: World, end: End) -> None:
        event = end(world)
        world.crash_before = len(world.requests) + 3
        with pytest.raises(CrashError):
            world.observe(event, "first")
        world.now += LEASE - timedelta(minutes=1)
        assert world.observe(event, "second") == "another invocation is at it"
        world.now += timedelta(minutes=2)
        assert world.observe(event, "second") == ENDS[end][0]
        assert world.observe(event, "first") == "concluded before"
        is_dealt_with(world, end)

    @ends
    def test_that_is_never_retried_is_made_good_by_the_watch(self, world: World, end: End) -> None:
        world.schedule()
        event = end(world)
        world.crash_before = len(world.requests) + 3
        with pytest.raises(CrashError):
            world.observe(event, "first")
        world.now += LEASE - timedelta(minutes=1)
        assert world.reconcile() == {NAME: "another invocation is at it"}
        world.now += timedelta(minutes=5)
        assert world.reconcile() == {NAME: ENDS[end][0]}
        is_dealt_with(world, end)


class TestOutOfOrder:
    def test_the_next_attempts_success_before_the_failure_is_one_success(
        self, world: World
    ) -> None:
        failed = world.fail(reason="CapacityError: no")
        succeeded = world.run(replace(ATTEMPT, number=2))
        assert world.observe(succeeded) == "completed"
        assert world.observe(failed) == "capacity"
        assert world.fire()["result"] == "already started"
        assert world.messages() == []
        assert [each.get("JobsSucceeded") for each in world.metrics()] == [1, None]

    def test_two_slots_that_succeed_at_once_are_one_recovery(self, world: World) -> None:
        world.journal.record_failure("daily", SLOT - timedelta(days=1))
        events = [world.run(), world.run(OTHER)]
        world.crash_before = "Publish"
        with pytest.raises(CrashError):
            world.observe(events[0], "first")
        world.observe(events[1])
        world.observe(events[0], "first")
        assert [subject for subject, _ in world.messages()] == ["test: daily is green again"]

    def test_a_lost_conclusion_does_not_hide_a_failure_that_came_later(self, world: World) -> None:
        world.journal.record_failure("daily", SLOT - timedelta(days=1))
        success, failure = world.run(), world.fail(OTHER)
        world.crash_before = "Publish"
        with pytest.raises(CrashError):
            world.observe(success, "first")
        world.observe(failure)
        world.observe(success, "first")
        assert world.failing_since() == OTHER.slot
