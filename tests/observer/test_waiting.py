"""A slot that waits is asked for again by the watch, until it has started or its wait is over."""

from datetime import timedelta
from typing import Any

import pytest

from observer.watch import LAUNCH_GRACE
from pipeline.attempt import Attempt, job_name
from tests.lambda_world import PREFIX, SLOT, World

DAILY: dict[str, Any] = {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin"}
NEXT = Attempt("daily", SLOT + timedelta(days=1), 1)
NAME = job_name(PREFIX, NEXT)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def waiting(world: World) -> None:
    """Let a slot wait for six hours; the one before it was never due."""
    world.configure(schedules={"daily": DAILY}, input={"when_empty": "wait"})
    world.schedule(changed=SLOT + MINUTE)
    assert world.launch(NEXT)["result"] == "waiting"


class TestTheWatch:
    def test_asks_again_at_every_turn_as_a_next_attempt_is_asked_for(self, world: World) -> None:
        for _ in range(3):
            assert world.reconcile() == {NAME: "waiting"}
            assert world.planned() == {NAME: world.now.replace(microsecond=0) + MINUTE}
            assert world.fire()["result"] == "waiting"
            world.now += 4 * MINUTE
        world.upload("input/2026/01/06/a.csv")
        world.reconcile()
        assert world.fire()["result"] == "started"
        assert world.reconcile() == {}
        assert world.planned() == {}

    def test_is_not_disturbed_by_a_schedule_that_is_still_there(self, world: World) -> None:
        assert world.reconcile() == world.reconcile() == {NAME: "waiting"}
        assert world.fire()["result"] == "waiting"

    def test_goes_on_after_hours_without_a_watch(self, world: World) -> None:
        world.now += timedelta(hours=3)
        assert world.reconcile() == {NAME: "waiting"}

    def test_calls_a_slot_missed_that_nobody_asked_for_until_after_its_wait(
        self, world: World
    ) -> None:
        world.now = NEXT.slot + timedelta(hours=6) + LAUNCH_GRACE
        assert world.reconcile() == {NAME: "waiting"}
        world.now += MINUTE
        assert world.reconcile() == {NAME: "missed"}
        assert world.fire()["result"] == "refused"

    def test_leaves_alone_what_is_no_longer_awaited(self, world: World) -> None:
        world.launch(NEXT, "operator")
        assert world.deliver() == ["empty_input"]
        assert world.reconcile() == {}
