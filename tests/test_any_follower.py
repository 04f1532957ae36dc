"""A schedule and its follower: one job for an attempt, none too early, and no slot lost."""

from contextlib import ExitStack, redirect_stdout
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.any_world import ENDS, Capture
from tests.examples import share
from tests.lambda_world import SLOT, World
from tests.quick_moto import mock_aws

pytestmark = pytest.mark.local
NAMES = ["extract", "load"]
DAILY = {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin"}


class AnyFollower(RuleBasedStateMachine):
    """`extract` waits for its input, `load` for `extract`; both are played to their end."""

    @initialize(
        when_late=st.sampled_from(["fail", "skip"]),
        first=st.sampled_from(NAMES),
        is_late=st.booleans(),
    )
    def deploy(self, when_late: str, first: str, is_late: bool) -> None:
        self.capture, self.stack = Capture(), ExitStack()
        self.stack.enter_context(mock_aws())
        self.stack.enter_context(redirect_stdout(self.capture.stream))
        waits = {"when_empty": "wait", "wait_seconds": 7200, "when_late": when_late}
        own = {"prefix": "own/"}
        schedules = {
            "extract": {**DAILY, "input": {**waits, "prefix": "late/"}},
            "load": {**DAILY, "after": "extract", "input": own},
        }
        self.world = World(cast("Any", self.capture), schedules=schedules)
        self.world.upload("own/a.csv")
        if not is_late:
            self.input_arrives()
        for name in sorted(NAMES, key=first.__ne__):
            self.world.schedule(name)
            self.world.launch(Attempt(name, SLOT, 1))

    @rule()
    def input_arrives(self) -> None:
        self.world.upload("late/a.csv")

    @rule(name=st.sampled_from(NAMES))
    def an_operator_replays(self, name: str) -> None:
        known = self.world.journal.attempts(name, SLOT)
        if known and known[-1].concluded_at:
            self.world.launch(Attempt(name, SLOT, known[-1].number + 1), "operator")
            self.world.deliver()

    @precondition(lambda self: self._running())
    @rule(data=st.data(), how=st.sampled_from(["Completed", "Completed", "script", "capacity"]))
    def a_job_ends(self, data: Any, how: str) -> None:
        self._end(data.draw(st.sampled_from(self._running())), how)

    @rule(minutes=st.integers(1, 60))
    def time_passes(self, minutes: int) -> None:
        self.world.now += timedelta(minutes=minutes)
        self._turn()

    @invariant()
    def no_job_has_two_starts(self) -> None:
        if hasattr(self, "world"):
            accepted = self.world.sagemaker.accepted
            assert len(accepted) == len({*accepted})

    @invariant()
    def no_follower_starts_before_the_other_was_successful(self) -> None:
        if hasattr(self, "world") and self._statuses("load"):
            assert "Completed" in self._statuses("extract")

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        with self.stack:
            for _ in range(20):
                for name in self._running():
                    self._end(name, "Completed")
                self.world.now += timedelta(minutes=50)
                if not self._turn() and not self._running():
                    break
            else:
                pytest.fail("it never settles")
            for name in NAMES:
                for entry in self.world.journal.attempts(name, SLOT):
                    assert entry.outcome not in (None, "missed"), entry
                    self._was_told_once_if_it_failed(entry)

    def _was_told_once_if_it_failed(self, entry: Entry) -> None:
        own = [
            body
            for _, body in self.world.messages()
            if body.startswith(f"{entry.schedule} of stack test ")
            and f"Attempt: {entry.number} " in body
        ]
        silent = entry.next_attempt_at or entry.outcome in (Outcome.COMPLETED, Outcome.SKIPPED)
        assert len(own) == (0 if silent else 1), entry

    def _turn(self) -> dict[str, str]:
        """Let the watch look, what it planned come, and what is told arrive."""
        found = self.world.reconcile()
        for name in sorted(self.world.planned()):
            self.world.fire(name)
        self.world.deliver()
        return found

    def _end(self, name: str, how: str) -> None:
        known = dict(ENDS[how])
        self.world.now += timedelta(minutes=7)
        self.world.observe(self.world.sagemaker.end(name, known.pop("status"), **known))

    def _running(self) -> list[str]:
        return sorted(self.world.sagemaker.running())

    def _statuses(self, schedule: str) -> list[str]:
        """Return those of a schedule's jobs."""
        jobs = self.world.sagemaker.jobs.items()
        own = (job for name, job in jobs if f"--{schedule}-" in name)
        return [job["ProcessingJobStatus"] for job in own]


AnyFollower.TestCase.settings = settings(
    max_examples=share(1 / 4),
    stateful_step_count=12,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
TestAnyFollower = AnyFollower.TestCase
