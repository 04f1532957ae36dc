"""Whatever comes, in whatever order, twice or never: what must hold for every slot."""

from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from observer.watch import LOOK_BACK
from ops.attempts import GRACE
from pipeline.attempt import Attempt, slot_text
from pipeline.kind import Kind
from tests.any_world import ENDS, REFUSALS, SLOTS, SPOT_ENDS, AnyWorld, Capture
from tests.examples import share
from tests.lambda_world import SLOT
from tests.quick_moto import mock_aws

pytestmark = pytest.mark.local
Json = dict[str, Any]


class AnySequence(RuleBasedStateMachine):
    """Slots, ends, faults, crashes and redeliveries in any order; at the end everything settles."""

    slots = Bundle("slots")

    @initialize(
        overlap=st.sampled_from(["Allow", "Forbid", "Replace"]),
        late=st.sets(st.sampled_from(SLOTS), max_size=2),
        capacity=st.sampled_from(["on-demand", "spot"]),
    )
    def deploy(self, overlap: str, late: set[datetime], capacity: str) -> None:
        capture = Capture()
        self.stack = ExitStack()
        self.stack.enter_context(mock_aws())
        self.stack.enter_context(redirect_stdout(capture.stream))
        daily = {
            "expression": "cron(0 3 * * ? *)",
            "timezone": "Europe/Berlin",
            "overlap": overlap,
            "input": {"when_empty": "wait", "prefix": "in/{slot:%Y/%m/%d}/"},
            "job": {"capacity": capacity},
        }
        self.world = AnyWorld(cast("Any", capture), schedules={"daily": daily})
        self.overlap = overlap
        for slot in {*SLOTS} - late:
            self.input_arrives(slot)
        # The watch looks for slots from now on: those that a test delivers.
        self.world.schedule(changed=SLOT - timedelta(hours=1))

    @rule(slot=st.sampled_from(SLOTS))
    def input_arrives(self, slot: datetime) -> None:
        self.world.upload(f"in/{slot:%Y/%m/%d}/a.csv")

    @rule(target=slots, slot=st.sampled_from(SLOTS), refusal=st.sampled_from([None, *REFUSALS]))
    def a_slot_is_delivered(self, slot: Any, refusal: str | None) -> Any:
        # In the hours between, the watch looks far more often than what it looks back.
        while slot - self.world.now > LOOK_BACK / 2:
            self.world.now += LOOK_BACK / 2
            self.world.reconcile()
        self.world.now = max(self.world.now, slot + timedelta(seconds=20))
        if refusal:
            for kind in Kind:
                self.world.errors[kind.operation("Create")] = [REFUSALS[refusal]]
        self.world.start(Attempt("daily", slot, 1))
        self.world.errors.clear()
        return slot

    @rule(slot=slots)
    def it_is_delivered_again(self, slot: Any) -> None:
        self.world.start(Attempt("daily", slot, 1))

    @rule(slot=slots, attempt=st.integers(1, 4))
    def an_operator_replays(self, slot: Any, attempt: int) -> None:
        self.world.by_hand.add(Attempt("daily", slot, attempt))
        self.world.start(Attempt("daily", slot, attempt), "operator")

    @rule(parallel=st.integers(1, 3), looks=st.integers(1, 2))
    def an_operator_backfills(self, parallel: int, looks: int) -> None:
        still_due = self.world.now - GRACE
        planned = [name for name, at in self.world.planned().items() if at > still_due]
        under_way = {self.world.attempt_of(name).slot for name in [*planned, *self.world.running()]}
        taken = {slot_text(slot) for slot in under_way} | self.world.marked()
        new = self.world.backfill(parallel, looks)
        assert len(new) <= max(0, parallel - len(under_way))
        assert not taken & {slot_text(attempt.slot) for attempt in new}

    @precondition(lambda self: self.world.running())
    @rule(
        data=st.data(),
        how=st.sampled_from([*ENDS, *SPOT_ENDS]),
        copies=st.integers(0, 2),
        operator=st.booleans(),
    )
    def a_job_ends(self, data: Any, how: str, copies: int, operator: bool) -> None:
        name = data.draw(st.sampled_from(self.world.running()))
        self.world.end(name, how, copies, operator=operator)

    @precondition(lambda self: self.world.mail)
    @rule(data=st.data(), crash=st.one_of(st.none(), st.integers(0, 12)), after=st.booleans())
    def an_event_arrives(self, data: Any, crash: int | None, after: bool) -> None:
        delivery = self.world.mail.pop(data.draw(st.integers(0, len(self.world.mail) - 1)))
        self.world.arrive(delivery, crash, after=after)

    @precondition(lambda self: self.world.planned())
    @rule(data=st.data(), twice=st.booleans())
    def a_planned_launch_comes(self, data: Any, twice: bool) -> None:
        self.world.come(data.draw(st.sampled_from(sorted(self.world.planned()))), twice=twice)

    @rule(minutes=st.integers(1, 100))
    def time_passes_and_the_watch_looks(self, minutes: int) -> None:
        assume(self.world.now < SLOTS[-1] + timedelta(hours=12))
        self.world.now += timedelta(minutes=minutes)
        self.world.reconcile()

    @invariant()
    def no_marker_without_a_completed_job(self) -> None:
        if not hasattr(self, "world"):
            return
        completed = {slot for slot, status in self.world.statuses() if status == "Completed"}
        assert self.world.marked() <= completed

    @invariant()
    def no_two_paid_jobs_for_one_slot_and_attempt(self) -> None:
        if not hasattr(self, "world"):
            return
        started = self.world.sagemaker.accepted
        assert len(started) == len(set(started))

    @invariant()
    def no_two_jobs_at_once_where_overlap_is_not_allowed(self) -> None:
        if not hasattr(self, "world") or self.overlap == "Allow":
            return
        attempts = [self.world.attempt_of(name) for name in self.world.running()]
        assert len(
            [attempt for attempt in attempts if attempt not in self.world.by_hand]
        ) <= 1 + len(self.world.by_hand)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.stack:
            self.world.settle()
            self._every_end_was_told()
            for slot in SLOTS:
                self.input_arrives(slot)
            self.world.backfill(len(SLOTS), looks=1)
            self.world.settle()
            assert self.world.marked() >= {
                slot_text(each) for each in SLOTS if each <= self.world.now
            }

    def _every_end_was_told(self) -> None:
        keys = self.world.output()
        assert not [key for key in keys if key.endswith("/old") and not key.startswith("_spot/")]
        assert self.world.crashed or not [key for key in keys if key.startswith("_spot/")]
        # A later attempt overwrites what an earlier one wrote, and takes its marker back.
        latest = dict(self.world.statuses())
        assert self.world.marked() == {
            slot for slot, status in latest.items() if status == "Completed"
        }
        told = self.world.messages()
        failed = 0
        for entry in self.world.journal.recent("daily", SLOTS[0] - timedelta(days=2)):
            assert entry.concluded_at, f"{entry.job_name} was never dealt with"
            bodies = [body for _, body in told if f"Attempt: {entry.number} " in body]
            bodies = [body for body in bodies if slot_text(entry.slot) in body]
            if entry.next_attempt_at and entry.outcome in ("spot_reclaimed", "spot_never_came"):
                following = self.world.journal.entry(
                    replace(entry.attempt, number=entry.number + 1)
                )
                assert following
                assert following.capacity == "on-demand"
            assert not (entry.next_attempt_at and entry.outcome == "script_failed")
            if entry.outcome == "completed" or entry.next_attempt_at:
                assert not bodies, f"{entry.job_name} needs no message"
                continue
            assert bodies, f"{entry.job_name} ended as {entry.outcome}, and nobody was told"
            assert len(bodies) == 1 or self.world.crashed
            failed += entry.outcome not in ("stopped", "replaced", "skipped")
        metrics = self.world.metrics()
        counted = sum(line.get("JobsFailed", 0) for line in metrics)
        succeeded = sum(line.get("JobsSucceeded", 0) for line in metrics)
        jobs = [status for _, status in self.world.statuses()]
        assert counted == failed or (self.world.crashed and counted > failed)
        assert succeeded == jobs.count("Completed") or (
            self.world.crashed and succeeded > jobs.count("Completed")
        )


AnySequence.TestCase.settings = settings(
    max_examples=share(1 / 8),
    stateful_step_count=14,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnySequence = AnySequence.TestCase


def test_a_slot_that_waits_is_not_started_beside_however_long_nobody_has_asked_for_it() -> None:
    found = AnySequence()
    found.deploy(overlap="Allow", late={SLOTS[2]}, capacity="on-demand")
    found.a_slot_is_delivered(slot=SLOTS[2], refusal=None)
    found.world.now += timedelta(minutes=38)
    found.world.reconcile()
    found.an_operator_backfills(parallel=1, looks=1)
    found.teardown()
