"""Scenarios under way, side by side: what each was held to, and what was otherwise."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import timedelta

from botocore.exceptions import BotoCoreError, ClientError
from rich.text import Text

from acceptance import remains
from acceptance.canary import NAME, Canary, Files, State
from acceptance.inbox import Inbox
from ops.attempts import launch
from ops.screen import span
from ops.session import Session, explain
from ops.stack import OpsError, Stack
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome

Steps = Generator[State, None, None]

_JOB = timedelta(minutes=20)
"""Until a slot has ended, beside what its script may take: a machine comes within some minutes, and
a retry follows within 5."""
_TRACE = timedelta(minutes=5)
"""After the end, for log, metrics and message: a metric comes within 2."""
_LOCAL_JOB, _LOCAL_TRACE = timedelta(seconds=60), timedelta(seconds=10)


class BrokenError(Exception):
    """What else there is to see of the scenario means nothing; its problem is written down."""


@dataclass(eq=False)
class Trial:
    """A scenario's, in one test."""

    name: str
    scenario: "Scenario"
    canary: Canary
    inbox: Inbox
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
        if self.stack.endpoint:
            return _LOCAL_JOB
        name = self.attempt.schedule if self.attempt else NAME
        script = self.stack.settings.schedules[name].job.max_runtime_seconds
        return _JOB + timedelta(seconds=script)

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

    def eventually(self, what: str, look: Callable[[], str | None]) -> Steps:
        """Wait until a look finds no problem; write it down if it stays."""
        began, patience = self.session.now(), _LOCAL_TRACE if self.stack.endpoint else _TRACE
        while problem := look():
            lasted = self.session.now() - began
            if lasted > patience:
                self.problems.append(f"{what}: {problem}, after {span(lasted.total_seconds())}")
                return
            yield f"waits for its {what}", span(lasted.total_seconds())

    def _break(self, what: str, problem: str) -> None:
        self.problems.append(f"{what}: {problem}")
        raise BrokenError


Scenario = Callable[[Trial], Steps]
"""Begins with the launch, yields what it waits for, and ends with all that it has to show."""


def play(session: Session, trials: list[Trial]) -> None:
    """Play each to its end or its deadline, and write down in it what came of it."""
    screen, began = session.screen, session.now()
    under_way = {trial: trial.scenario(trial) for trial in trials}
    said: dict[Trial, str] = {}
    with screen.progress() as show:
        while under_way:
            for trial, steps in list(under_way.items()):
                state = _next(trial, steps)
                trial.seconds = (session.now() - began).total_seconds()
                if state and session.now() - began > trial.deadline:
                    _give_up(trial, state)
                    state = None
                if not state:
                    del under_way[trial]
                word = state or ("not as expected" if trial.problems else "held")
                if said.get(trial) != word:
                    screen.err.print(Text(f"{span(trial.seconds):>7}  {trial.name}: {word}"))
                said[trial] = word
            if under_way:
                show(
                    f"waits for {', '.join(trial.name for trial in under_way)}",
                    span((session.now() - began).total_seconds()),
                )
                session.pause()


def _next(trial: Trial, steps: Steps) -> str | None:
    """Return what a scenario waits for; None once it has ended, however."""
    try:
        return next(steps)[0]
    except (StopIteration, BrokenError):
        pass
    except OpsError as error:
        trial.problems.append(str(error))
    except (BotoCoreError, ClientError) as error:
        trial.problems.append(explain(error, trial.stack))
    return None


def _give_up(trial: Trial, state: str) -> None:
    trial.problems.append(f"deadline: after {span(trial.seconds)} still {state}")
    try:
        for each in remains.stop(trial.session, [trial.attempt] if trial.attempt else []):
            trial.problems.append(f"stopped {each}")
    except OpsError as error:
        trial.problems.append(str(error))
