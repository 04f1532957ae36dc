"""Whatever comes, in whatever order, twice or never: what must hold for every slot."""

import io
import json
from contextlib import ExitStack, redirect_stdout
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

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

from local.aws.sagemaker.job import kind_of
from observer.watch import LOOK_BACK
from ops.attempts import GRACE
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_text
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from tests.backfilling import interrupted_backfill
from tests.examples import share
from tests.fake_sagemaker import status_of
from tests.lambda_world import PREFIX, SLOT, CrashError, World
from tests.quick_moto import mock_aws

pytestmark = pytest.mark.local
Json = dict[str, Any]

SLOTS = [SLOT + timedelta(days=day) for day in range(3)]
MARKER = "_SUCCESS"
ENDS: dict[str, Json] = {
    "Completed": {"status": "Completed"},
    "script": {"status": "Failed", "FailureReason": "AlgorithmError: , exit code: 1"},
    "capacity": {"status": "Failed", "FailureReason": "CapacityError: no", "ran": False},
    "internal": {"status": "Failed", "FailureReason": "InternalServerError: We failed."},
    "memory": {"status": "Failed", "FailureReason": "AlgorithmError: , exit code: 137"},
    "stopped": {"status": "Stopped"},
}
SPOT_ENDS: dict[str, Json] = {
    "reclaimed": {"status": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded"},
    "never came": {"status": "Stopped", "SecondaryStatus": "MaxWaitTimeExceeded", "ran": False},
}
REFUSALS = {
    "quota": ("ResourceLimitExceeded", "The account-level service limit is 0 Instances"),
    "quota of zero": (
        "ResourceLimitExceeded",
        "The account-level service limit 'ml.m5.large for processing job usage' is 0 Instances, "
        "with current utilization of 0 Instances and a request delta of 1 Instances.",
    ),
    "throttled": ("ThrottlingException", "Rate exceeded"),
    "denied": ("AccessDeniedException", "not authorized to perform"),
}
LAMBDA_TRIES = 3


@dataclass
class Delivery:
    """An event on its way to the observer, and which of Lambda's tries is next."""

    event: Json
    owner: str
    tries: int = 0


class _Printed(NamedTuple):
    out: str


class Capture:
    """What pytest's capsys is to a world."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def readouterr(self) -> _Printed:
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return _Printed(text)


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
        self.world = World(cast("Any", capture), schedules={"daily": daily})
        self.overlap = overlap
        for slot in {*SLOTS} - late:
            self.input_arrives(slot)
        # The watch looks for slots from now on: those that a test delivers.
        self.world.schedule(changed=SLOT - timedelta(hours=1))
        self.mail: list[Delivery] = []
        self.owners = 0
        self.crashed = False
        self.by_hand: set[Attempt] = set()

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
        self._launch(Attempt("daily", slot, 1))
        self.world.errors.clear()
        return slot

    @rule(slot=slots)
    def it_is_delivered_again(self, slot: Any) -> None:
        self._launch(Attempt("daily", slot, 1))

    @rule(slot=slots, attempt=st.integers(1, 4))
    def an_operator_replays(self, slot: Any, attempt: int) -> None:
        self.by_hand.add(Attempt("daily", slot, attempt))
        self._launch(Attempt("daily", slot, attempt), "operator")

    @rule(parallel=st.integers(1, 3), looks=st.integers(1, 2))
    def an_operator_backfills(self, parallel: int, looks: int) -> None:
        still_due = self.world.now - GRACE
        planned = [name for name, at in self.world.planned().items() if at > still_due]
        under_way = {self._attempt(name).slot for name in [*planned, *self._running()]}
        taken = {slot_text(slot) for slot in under_way} | self._marked()
        new = self._backfill(parallel, looks)
        assert len(new) <= max(0, parallel - len(under_way))
        assert not taken & {slot_text(attempt.slot) for attempt in new}

    @precondition(lambda self: self._running())
    @rule(
        data=st.data(),
        how=st.sampled_from([*ENDS, *SPOT_ENDS]),
        copies=st.integers(0, 2),
        operator=st.booleans(),
    )
    def a_job_ends(self, data: Any, how: str, copies: int, operator: bool) -> None:
        name = data.draw(st.sampled_from(self._running()))
        self._end(name, how, copies, operator=operator)

    @precondition(lambda self: self.mail)
    @rule(data=st.data(), crash=st.one_of(st.none(), st.integers(0, 12)), after=st.booleans())
    def an_event_arrives(self, data: Any, crash: int | None, after: bool) -> None:
        delivery = self.mail.pop(data.draw(st.integers(0, len(self.mail) - 1)))
        self._observe(delivery, crash, after=after)

    @precondition(lambda self: self.world.planned())
    @rule(data=st.data(), twice=st.booleans())
    def a_planned_launch_comes(self, data: Any, twice: bool) -> None:
        self._fire(data.draw(st.sampled_from(sorted(self.world.planned()))), twice=twice)

    @rule(minutes=st.integers(1, 100))
    def time_passes_and_the_watch_looks(self, minutes: int) -> None:
        assume(self.world.now < SLOTS[-1] + timedelta(hours=12))
        self.world.now += timedelta(minutes=minutes)
        self.world.reconcile()

    @invariant()
    def no_marker_without_a_completed_job(self) -> None:
        if not hasattr(self, "world"):
            return
        completed = {slot for slot, status in self._statuses() if status == "Completed"}
        assert self._marked() <= completed

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
        attempts = [self._attempt(name) for name in self._running()]
        assert len([attempt for attempt in attempts if attempt not in self.by_hand]) <= 1 + len(
            self.by_hand
        )

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.stack:
            self._settle()
            self._every_end_was_told()
            for slot in SLOTS:
                self.input_arrives(slot)
            self._backfill(len(SLOTS), looks=1)
            self._settle()
            assert self._marked() >= {slot_text(each) for each in SLOTS if each <= self.world.now}

    def _settle(self) -> None:
        """Let everything come to its end: no more faults, and time enough."""
        for _ in range(60):
            for name in self._running():
                self._end(name, "Completed", 1, operator=False)
            while self.mail:
                self._observe(self.mail.pop())
            for name in sorted(self.world.planned()):
                self._fire(name, twice=False)
            if not (self.mail or self._running() or self.world.planned()):
                self.world.now += timedelta(minutes=100)
                if not self.world.reconcile():
                    return
        pytest.fail("it never settles")

    def _every_end_was_told(self) -> None:
        keys = self.world.output()
        assert not [key for key in keys if key.endswith("/old") and not key.startswith("_spot/")]
        assert self.crashed or not [key for key in keys if key.startswith("_spot/")]
        # A later attempt overwrites what an earlier one wrote, and takes its marker back.
        latest = dict(self._statuses())
        assert self._marked() == {slot for slot, status in latest.items() if status == "Completed"}
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
            assert len(bodies) == 1 or self.crashed
            failed += entry.outcome not in ("stopped", "replaced", "skipped")
        metrics = self.world.metrics()
        counted = sum(line.get("JobsFailed", 0) for line in metrics)
        succeeded = sum(line.get("JobsSucceeded", 0) for line in metrics)
        jobs = [status for _, status in self._statuses()]
        assert counted == failed or (self.crashed and counted > failed)
        assert succeeded == jobs.count("Completed") or (
            self.crashed and succeeded > jobs.count("Completed")
        )

    def _backfill(self, parallel: int, looks: int) -> list[Attempt]:
        """Let an operator backfill, and interrupt it; return the attempts that it started."""
        before = len(self.world.sagemaker.accepted)
        interrupted_backfill(self.world, SLOTS[0].date(), SLOTS[-1].date(), parallel, looks)
        self._collect()
        started = [self._attempt(name) for name in self.world.sagemaker.accepted[before:]]
        self.by_hand |= {*started}
        return started

    @staticmethod
    def _attempt(name: str) -> Attempt:
        attempt = parse_job_name(PREFIX, name)
        assert attempt
        return attempt

    def _launch(
        self, attempt: Attempt, trigger: str = "schedule", event: Json | None = None
    ) -> None:
        self.world.launch(attempt, trigger, event=event)
        self._collect()

    def _collect(self) -> None:
        self.mail += [self._delivery(notice) for notice in self.world.notices()]

    def _delivery(self, event: Json) -> Delivery:
        self.owners += 1
        return Delivery(event, f"invocation-{self.owners}")

    def _end(self, name: str, how: str, copies: int, *, operator: bool) -> None:
        self.world.now += timedelta(minutes=7)
        attempt = self._attempt(name)
        if how == "stopped" and operator:
            self.world.journal.write(Entry.of(attempt, name, stop="operator"))
        job = self.world.sagemaker.jobs[name]
        spot = kind_of(job) == "Training"
        how = (
            "stopped" if status_of(job) == "Stopping" else how if spot or how in ENDS else "script"
        )
        if spot and how != "never came":
            self._writes(name, attempt, done=how == "Completed")
        known = dict((ENDS | SPOT_ENDS)[how])
        event = self.world.sagemaker.end(name, known.pop("status"), **known)
        self.mail += [self._delivery(event) for _ in range(copies)]

    def _observe(
        self, delivery: Delivery, crash: int | None = None, *, after: bool = False
    ) -> None:
        if crash is not None:
            moment = "crash_after" if after else "crash_before"
            setattr(self.world, moment, len(self.world.requests) + crash)
        try:
            self.world.observe(delivery.event, delivery.owner)
        except CrashError:
            self.crashed = True
            self.world.now += timedelta(minutes=1)
            if delivery.tries + 1 < LAMBDA_TRIES:
                self.mail.append(replace(delivery, tries=delivery.tries + 1))
        self.world.crash_before = self.world.crash_after = None

    def _fire(self, name: str, *, twice: bool) -> None:
        client = self.world.client("scheduler")
        event = client.get_schedule(GroupName=PREFIX, Name=name)["Target"]["Input"]
        self.world.now = max(self.world.now, self.world.planned()[name])
        client.delete_schedule(GroupName=PREFIX, Name=name)
        for _ in range(2 if twice else 1):
            self._launch(Attempt("daily", SLOT, 1), event=json.loads(event))

    def _writes(self, name: str, attempt: Attempt, *, done: bool) -> None:
        """Let a spot job save a step, and upload what a start wrote that was cut off; then all."""
        scratch = self.world.observer_config.scratch_of(attempt).key
        starts = f"{scratch}{name}/output/model/"
        keys = [f"{scratch}checkpoint/step", f"{starts}1/output/old"]
        for key in [*keys, *([f"{starts}2/output/new", f"{starts}2/message"] if done else [])]:
            self.world.write(key)

    def _running(self) -> list[str]:
        jobs = self.world.sagemaker.jobs.items()
        return sorted(name for name, job in jobs if status_of(job) in ("InProgress", "Stopping"))

    def _statuses(self) -> list[tuple[str, str]]:
        """Return slot and status of every job, in the order of their creation."""
        found: list[tuple[str, str]] = []
        for name, job in self.world.sagemaker.jobs.items():
            attempt = self._attempt(name)
            assert job_name(PREFIX, attempt) == name
            found.append((slot_text(attempt.slot), status_of(job)))
        return found

    def _marked(self) -> set[str]:
        """Return the slots that have a marker."""
        listed = self.world.client("s3").list_objects_v2(Bucket="out-bucket").get("Contents", [])
        keys = {item["Key"] for item in listed}
        return {
            slot_text(slot)
            for slot in SLOTS
            if f"output/daily/{slot:%Y/%m/%d/%H%M%S}/{MARKER}" in keys
        }


AnySequence.TestCase.settings = settings(
    max_examples=share(1 / 8),
    stateful_step_count=14,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnySequence = AnySequence.TestCase
