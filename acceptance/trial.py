"""One scenario under way: what it was held to, and what was otherwise."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from acceptance.canary import Canary, Files, State
from acceptance.inbox import Inbox
from ops.attempts import launch
from ops.screen import span
from ops.session import Session
from ops.stack import Stack
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome


class Pace(NamedTuple):
    """How long a test waits for what."""

    job: timedelta
    """Until a slot has ended, beside what its script may take."""
    trace: timedelta
    """After the end, for log, metrics and message."""


ON_AWS = Pace(timedelta(minutes=20), timedelta(minutes=5))
"""A machine comes within some minutes, and a retry follows within 5; a metric within 2."""
LOCAL = Pace(timedelta(seconds=60), timedelta(seconds=10))


class BrokenError(Exception):
    """What else there is to see of the scenario means nothing; its problem is written down."""


@dataclass(eq=False)
class Trial:
    """A scenario's, in one test."""

    name: str
    scenario: "Scenario"
    canary: Canary
    inbox: Inbox
    pace: Pace
    problems: list[str] = field(default_factory=list[str])
    attempt: Attempt | None = None
    """The first at its slot."""
    seconds: float = 0
    """That it took."""

    @property
    def session(self) -> Session:
        """The test's."""
        return self.canary.session

    @property
    def stack(self) -> Stack:
        """The stack under test."""
        return self.session.stack

    @property
    def deadline(self) -> timedelta:
        """How long it may take until its slot has ended."""
        if not self.attempt or self.stack.endpoint:
            return self.pace.job
        script = self.stack.settings.schedules[self.attempt.schedule].job.max_runtime_seconds
        return self.pace.job + timedelta(seconds=script)

    def now(self) -> datetime:
        """Return the time."""
        return self.session.now()

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Write down what is not as it should."""
        if found != wanted:
            told = f", expected {wanted}" if wanted is not None else ""
            self.problems.append(f"{what}: {found}{told}")

    def start(self, files: Files, slot: Attempt | None = None) -> Attempt:
        """Upload files for a slot, launch it, and return its first attempt.

        It may be refused: for want of quota, after which the pipeline tries again.

        Raises:
            BrokenError: the slot has had a job before.
        """
        self.attempt = slot or self.canary.slot()
        self.canary.upload(self.attempt, files)
        if launch(self.session, self.attempt)["result"] == "already started":
            self._break("launch", "already started")
        return self.attempt

    def until(self, attempt: Attempt, wanted: Outcome) -> Generator[State, None, Entry]:
        """Wait until the slot has ended; return its last attempt.

        Raises:
            BrokenError: it has ended otherwise. Stopped is a failure, too.
        """
        last = yield from self.canary.follow(attempt)
        if last.outcome != wanted:
            why = "; ".join(filter(None, (last.reason, last.exit_message)))
            self._break("outcome", f"{last.outcome}, expected {wanted}: {why}")
        return last

    def eventually(self, what: str, look: Callable[[], str | None]) -> Generator[State, None, None]:
        """Wait until a look finds no problem; write it down if it stays."""
        began = self.now()
        while problem := look():
            lasted = self.now() - began
            if lasted > self.pace.trace:
                self.problems.append(f"{what}: {problem}, after {span(lasted.total_seconds())}")
                return
            yield f"waits for its {what}", span(lasted.total_seconds())

    def _break(self, what: str, problem: str) -> None:
        self.problems.append(f"{what}: {problem}")
        raise BrokenError


Scenario = Callable[[Trial], Generator[State, None, None]]
"""Begins with the launch, yields what it waits for, and ends with all that it has to show."""
