"""A world of events on their way, which come late, twice or never, and whose invocations crash."""

import io
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from local.aws.sagemaker.job import kind_of
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_text
from pipeline.contract import MARKER
from pipeline.jobs import ACTIVE
from pipeline.journal_items import Entry
from tests.backfilling import interrupted_backfill
from tests.fake_sagemaker import status_of
from tests.lambda_world import PREFIX, SLOT, CrashError, World

Json = dict[str, Any]

SLOTS = [SLOT + timedelta(days=day) for day in range(3)]
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


class AnyWorld(World):
    """One stack, whose events are in `mail` until a test has them come."""

    def __init__(self, capture: Any, **settings: Any) -> None:
        super().__init__(capture, **settings)
        self.mail: list[Delivery] = []
        self.crashed = False
        """Whether any invocation has."""
        self.by_hand: set[Attempt] = set()
        """What an operator has asked for."""

    def settle(self) -> None:
        """Let everything come to its end: no more faults, and time enough."""
        for _ in range(60):
            for name in self.running():
                self.end(name, "Completed", 1, operator=False)
            while self.mail:
                self.arrive(self.mail.pop())
            for name in sorted(self.planned()):
                self.come(name, twice=False)
            if not (self.mail or self.running() or self.planned()):
                self.now += timedelta(minutes=100)
                if not self.reconcile():
                    return
        pytest.fail("it never settles")

    def backfill(self, parallel: int, looks: int) -> list[Attempt]:
        """Let an operator backfill, and interrupt it; return the attempts that it started."""
        before = len(self.sagemaker.accepted)
        interrupted_backfill(self, SLOTS[0].date(), SLOTS[-1].date(), parallel, looks)
        self._collect()
        started = [self.attempt_of(name) for name in self.sagemaker.accepted[before:]]
        self.by_hand |= {*started}
        return started

    @staticmethod
    def attempt_of(name: str) -> Attempt:
        """Return the attempt of a job's name."""
        attempt = parse_job_name(PREFIX, name)
        assert attempt
        return attempt

    def start(self, attempt: Attempt, trigger: str = "schedule", event: Json | None = None) -> None:
        """Let the launcher have an event; what it tells is in the mail then."""
        self.launch(attempt, trigger, event=event)
        self._collect()

    def end(self, name: str, how: str, copies: int, *, operator: bool) -> None:
        """Let a job end, with so many copies of its event; an `operator` may have stopped it."""
        self.now += timedelta(minutes=7)
        attempt = self.attempt_of(name)
        if how == "stopped" and operator:
            self.journal.write(Entry.of(attempt, name, stop="operator"))
        job = self.sagemaker.jobs[name]
        spot = kind_of(job) == "Training"
        if status_of(job) == "Stopping":
            how = "stopped"
        elif not spot and how in SPOT_ENDS:
            how = "script"
        if spot and how != "never came":
            self._writes(name, attempt, done=how == "Completed")
        known = dict((ENDS | SPOT_ENDS)[how])
        event = self.sagemaker.end(name, known.pop("status"), **known)
        self._send(*[event] * copies)

    def arrive(self, delivery: Delivery, crash: int | None = None, *, after: bool = False) -> None:
        """Let the observer have an event, and crash before, or `after`, so many more requests."""
        if crash is not None:
            moment = "crash_after" if after else "crash_before"
            setattr(self, moment, len(self.requests) + crash)
        try:
            self.observe(delivery.event, delivery.owner)
        except CrashError:
            self.crashed = True
            self.now += timedelta(minutes=1)
            if delivery.tries + 1 < LAMBDA_TRIES:
                self.mail.append(replace(delivery, tries=delivery.tries + 1))
        self.crash_before = self.crash_after = None

    def come(self, name: str, *, twice: bool) -> None:
        """Let the time of a planned launch come."""
        client = self.client("scheduler")
        event = client.get_schedule(GroupName=PREFIX, Name=name)["Target"]["Input"]
        self.now = max(self.now, self.planned()[name])
        client.delete_schedule(GroupName=PREFIX, Name=name)
        for _ in range(2 if twice else 1):
            self.start(Attempt("daily", SLOT, 1), event=json.loads(event))

    def _collect(self) -> None:
        self._send(*self.notices())

    def _send(self, *events: Json) -> None:
        self.mail += [Delivery(event, next(self._owners)) for event in events]

    def _writes(self, name: str, attempt: Attempt, *, done: bool) -> None:
        """Let a spot job save a step, and upload what a start wrote that was cut off; then all."""
        scratch = self.observer_config.scratch_of(attempt).key
        lost, last = (f"{scratch}{name}/output/model/20260105T02000{n}.000000Z/" for n in (1, 2))
        keys = [f"{scratch}checkpoint/step", f"{lost}output/old"]
        for key in [*keys, *([f"{last}output/new", f"{last}message"] if done else [])]:
            self.write(key)

    def running(self) -> list[str]:
        """Return the names of the jobs that have not ended."""
        jobs = self.sagemaker.jobs.items()
        return sorted(name for name, job in jobs if status_of(job) in ACTIVE)

    def statuses(self) -> list[tuple[str, str]]:
        """Return slot and status of every job, in the order of their creation."""
        found: list[tuple[str, str]] = []
        for name, job in self.sagemaker.jobs.items():
            attempt = self.attempt_of(name)
            assert job_name(PREFIX, attempt) == name
            found.append((slot_text(attempt.slot), status_of(job)))
        return found

    def marked(self) -> set[str]:
        """Return the slots that have a marker."""
        markers = {slot: f"output/daily/{slot:%Y/%m/%d/%H%M%S}/{MARKER}" for slot in SLOTS}
        keys = self.output()
        return {slot_text(slot) for slot, marker in markers.items() if marker in keys}
