"""Two regions, whatever is lost, late or cut off: what must hold for every slot."""

from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from observer import success_marker
from pipeline.attempt import parse_slot, slot_text
from tests.any_world import Capture
from tests.examples import share
from tests.lambda_world import SLOT
from tests.quick_moto import mock_aws
from tests.recovery_clients import HOME, OTHER
from tests.recovery_world import OPERATOR, Region, Regions, attempt_of
from tests.taking_over import move

pytestmark = pytest.mark.local
Json = dict[str, Any]

SLOTS = [SLOT, SLOT + timedelta(days=1)]
REGIONS = st.sampled_from([HOME, OTHER])
PAIRS = [frozenset(pair) for pair in ((HOME, OTHER), (HOME, OPERATOR), (OTHER, OPERATOR))]


class AnyRecovery(RuleBasedStateMachine):
    """Deliveries, ends, arrivals, losses, and an operator who fails over, in any order."""

    @initialize(objects=st.none() | st.integers(1, 3))
    def deploy(self, objects: int | None) -> None:
        """Deploy both stacks; the first slot may have completed in the home region."""
        self.stack = ExitStack()
        self.stack.enter_context(mock_aws())
        self.stack.enter_context(redirect_stdout(Capture().stream))
        # So that some markers are of more than they list.
        self.stack.enter_context(patch.object(success_marker, "LISTED", 2))
        self.regions = Regions()
        self.failed: set[datetime] = set()
        """Slots of which a script has failed, which nobody runs again by himself."""
        self.said_lost: set[int] = set()
        """The terms that began by --lost."""
        self.asked_twice: set[datetime] = set()
        """Slots that a region started which had been said to be lost, and could not hear of it."""
        if objects:
            self.a_schedule_delivers(HOME, SLOTS[0])
            [name] = self.regions.home.running()
            self.regions.home.end(name, "Completed", objects)
            self.regions.home.observe()

    @rule(region=REGIONS, slot=st.sampled_from(SLOTS))
    def a_schedule_delivers(self, region: str, slot: datetime) -> None:
        """Deliver a slot: at its time or late, once more or for the first time."""
        self.regions.now = max(self.regions.now, slot)
        self.launch(region, {"slot": slot_text(slot), "attempt": 1, "trigger": "schedule"})

    @rule(region=REGIONS)
    def planned_attempts_come(self, region: str) -> None:
        if region not in self.regions.lost:
            for event in self.regions.all[region].planned():
                self.regions.now += timedelta(hours=1)
                self.launch(region, event)

    @precondition(lambda self: self.running())
    @rule(
        data=st.data(),
        how=st.sampled_from(["Completed", "Completed", "script", "capacity"]),
        objects=st.integers(1, 3),
        heard=st.booleans(),
    )
    def a_job_ends(self, data: Any, how: str, objects: int, heard: bool) -> None:
        region, name = data.draw(st.sampled_from(self.running()))
        region.end(name, how, objects)
        if how == "script":
            self.failed.add(attempt_of(name).slot)
        if heard:
            region.observe()

    @rule(region=REGIONS)
    def the_observer_hears(self, region: str) -> None:
        if region not in self.regions.lost:
            self.regions.all[region].observe()

    @precondition(lambda self: self.coming())
    @rule(data=st.data())
    def objects_arrive(self, data: Any) -> None:
        for _ in range(data.draw(st.integers(1, 4))):
            if self.coming():
                self.regions.arrive(data.draw(st.sampled_from(self.coming())))
        self.nothing_is_taken_for_whole_that_is_not()

    @rule(what=REGIONS | st.sampled_from(PAIRS))
    def it_is_lost_or_back(self, what: str | frozenset[str]) -> None:
        """Lose a region, or the sight of two for each other, or have it again."""
        if isinstance(what, str):
            self.regions.lost ^= {what}
        else:
            self.regions.cut ^= {what}

    @rule(
        to=REGIONS | st.none(),
        lost=st.booleans(),
        requests=st.none() | st.integers(0, 60),
        looks=st.integers(1, 3),
    )
    def an_operator_moves(
        self, to: str | None, lost: bool, requests: int | None, looks: int
    ) -> None:
        """Fail over to a region, or back; Ctrl-C comes after some requests, or some looks."""
        target = self.regions.all[to or HOME]
        kept = {slot for slot in SLOTS if target.is_whole(slot)}
        if not lost:  # nor what the other one runs or has, if it says so
            other = self.regions.all[target.other]
            kept |= {slot for slot in SLOTS if "InProgress" in other.jobs_of(slot).values()}
            kept |= {slot for slot in SLOTS if other.is_whole(slot)}
        before = target.record(), len(target.sagemaker.accepted)
        move(self.regions, to, self.looks(looks), lost=lost, requests=requests)
        if lost and target.record() != before[0]:
            self.said_lost.add(target.record().term)
        ran = {attempt_of(name).slot for name in target.sagemaker.accepted[before[1] :]}
        assert not ran & kept, "it ran what was whole, or under way"
        self.nothing_is_taken_for_whole_that_is_not()

    def launch(self, name: str, event: Json) -> None:
        """Let a launcher have what no operator asks for; no slot may run twice by that."""
        if name in self.regions.lost:
            return
        region, other = (self.regions.all[each] for each in (name, self.regions.all[name].other))
        slot, started = parse_slot(event["slot"]), len(region.sagemaker.accepted)
        earlier = {**region.jobs_of(slot)}
        marked = region.has_marker(slot)
        region.launch({"schedule": "daily", **event})
        if len(region.sagemaker.accepted) == started:
            return
        ahead = other.record()
        deaf = not self.regions.sees(name, other.name)
        if deaf and ahead.term > region.record().term and ahead.term in self.said_lost:
            self.asked_twice.add(slot)
        if slot in self.asked_twice:
            return
        assert not marked, "it ran a slot that has its marker"
        assert not other.jobs_of(slot), "the other region ran it"
        assert {*earlier.values()} <= {"Failed"}, "it ran or was successful here"

    def looks(self, count: int) -> Callable[[], None]:
        """Return what an operator's wait is, in which jobs end, until so many looks are over."""

        def pause() -> None:
            nonlocal count
            count -= 1
            if count < 0:
                raise KeyboardInterrupt
            self.regions.now += timedelta(minutes=5)
            for region, name in self.running():
                region.end(name, "Completed", 2)
                region.observe()
            for _ in range(3):
                if self.coming():
                    self.regions.arrive(0)

        return pause

    def running(self) -> list[tuple[Region, str]]:
        return [
            (region, name)
            for region in self.regions.all.values()
            for name in region.running()
            if region.name not in self.regions.lost
        ]

    def coming(self) -> list[int]:
        """Return which objects can arrive now."""
        if self.regions.lost or frozenset((HOME, OTHER)) in self.regions.cut:
            return []
        return [*range(len(self.regions.on_its_way))]

    def nothing_is_taken_for_whole_that_is_not(self) -> None:
        for region in self.regions.all.values():
            for slot in SLOTS:
                whole = region.look(slot).state == "whole"
                assert not whole or region.is_whole(slot), (region.name, slot)

    def teardown(self) -> None:
        """Let everything end and arrive; then nothing is lost, and every slot is there."""
        if not hasattr(self, "regions"):
            return
        with self.stack:
            self.regions.lost.clear()
            self.regions.cut.clear()
            whole = {
                (region.name, slot)
                for region in self.regions.all.values()
                for slot in SLOTS
                if region.is_whole(slot)
            }
            self.settle()
            for name, slot in whole:
                assert self.regions.all[name].look(slot).state == "whole", "it was whole before"
            runs = self.regions.record().region
            assert move(self.regions, runs, self.looks(20)) is None
            self.settle()
            for slot in SLOTS:
                if slot > self.regions.now or slot in self.failed:
                    continue
                for region in self.regions.all.values():
                    assert region.look(slot).state == "whole", (region.name, slot)
            assert self.regions.home.record() == self.regions.other.record()

    def settle(self) -> None:
        regions = self.regions.all.values()
        for _ in range(20):
            planned = [(each.name, event) for each in regions for event in each.planned()]
            if not (planned or any(each.running() or each.mail for each in regions)):
                break
            for name, event in planned:
                self.launch(name, event)
            for region in regions:
                for name in region.running():
                    region.end(name, "Completed", 2)
                region.observe()
        else:
            pytest.fail("it never settles")
        while self.regions.on_its_way:
            self.regions.arrive(0)
        self.nothing_is_taken_for_whole_that_is_not()


AnyRecovery.TestCase.settings = settings(
    max_examples=share(1 / 3),
    stateful_step_count=14,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyRecovery = AnyRecovery.TestCase
