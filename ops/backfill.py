"""Runs the slots of some days that have no success marker, never more than so many at once."""

import argparse
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import datetime

from botocore.exceptions import ClientError
from rich.text import Text

from ops import backfill_plan
from ops.attempts import GOOD, GRACE, Followed, launch_next, under_way
from ops.listing import Slot, of_attempts, shown
from ops.screen import local, style
from ops.session import Session
from ops.stack import OpsError, UsageError
from pipeline import aws_errors
from pipeline.attempt import Attempt, job_name
from pipeline.journal_items import Entry
from pipeline.text import dollars

_Key = tuple[datetime, str]
"""A slot, and whose it is."""
_THROTTLED = {"ThrottlingException", "TooManyRequestsException", "SlowDown"}


def backfill(session: Session, options: argparse.Namespace) -> int:
    """Show what is to be done and what it costs, do it once a person agrees, and sum up."""
    [schedule] = session.stack.schedules(options.schedule)
    first, last, parallel = options.first, options.last, options.parallel
    if first > last:
        raise UsageError(f"--from {first} --to {last}: the first day must not be the later one")
    plan = backfill_plan.plan(session, schedule, first, last, parallel)
    for each in backfill_plan.shown(session, plan):
        session.screen.note(each)
    if plan.to_run and not options.yes:
        session.screen.if_interrupted = "Nothing was started"
        most = plan.cost_at_most_usd
        costs = "a cost that is not known" if most is None else f"at most {dollars(most)}"
        if not session.screen.confirm(f"Run {len(plan.to_run)} slots for {costs}?"):
            raise OpsError("Nothing was started; with --yes nobody is asked")
    words = f"backfill --schedule {schedule} --from {first} --to {last} --parallel {parallel}"
    again = session.stack.command(words)
    session.screen.if_interrupted = (
        "Stopped watching; what runs or is planned goes on, and nothing new is started. "
        f"To continue: {again}"
    )
    slots = Runner(
        session,
        title=f"Backfills {schedule}",
        to_run=[Attempt(schedule, slot, 1) for slot in plan.to_run],
        going=plan.under_way,
        parallel=parallel,
        is_done=session.stack.is_successful,
    ).run()
    failed = [slot for slot in slots if slot.outcome not in GOOD]
    total = sum(slot.cost_usd or 0 for slot in slots)
    counts = Counter(slot.outcome or "not concluded" for slot in slots)
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in counts.items())
    session.screen.answer(
        {"plan": plan, "slots": slots, "cost_usd": total},
        *shown(session, slots),
        Text(f"\n{told or 'Nothing to do'}; {dollars(total)} (estimate)", "bold"),
        *([Text(f"To try again what did not succeed: {again}", "dim")] if failed else []),
    )
    return 1 if failed else 0


class Runner:
    """Slots to run: those that wait, those under way and what the others ended as."""

    def __init__(  # noqa: PLR0913 - by keyword
        self,
        session: Session,
        *,
        title: str,
        to_run: Iterable[Attempt],
        going: Iterable[Attempt],
        parallel: int,
        is_done: Callable[[Attempt], bool],
    ) -> None:
        """Run the slots of these attempts in this order, and follow those that are `going`.

        `is_done` says of one whose turn comes that it need not be run any more.
        """
        self._session, self._title, self._parallel = session, title, parallel
        self._is_done = is_done
        self._waiting = list(to_run)
        self._going = [Followed(session, attempt) for attempt in going]
        self._ended: dict[_Key, Slot] = {}
        self._told: dict[_Key, str] = {}
        self._throttled_since: datetime | None = None

    def run(self) -> list[Slot]:
        """Start and follow until nothing is left; return how each ended, the oldest first."""
        with self._session.screen.progress() as show:
            while self._going or self._waiting:
                for followed in list(self._going):
                    self._look(followed)
                while len(self._going) < self._parallel and (first := self._next()):
                    if not self._start(first):
                        break
                    self._waiting.remove(first)
                counts = f"{len(self._going)} under way, {len(self._waiting)} to come"
                show(self._title, counts)
                if self._going or self._waiting:
                    self._session.pause()
        return [self._ended[key] for key in sorted(self._ended)]

    def _next(self) -> Attempt | None:
        """Return the first whose schedule does not follow one that has not ended in its slot."""
        left = {_key(each) for each in (*self._waiting, *(each.attempt for each in self._going))}
        schedules = self._session.stack.settings.schedules
        ready = (
            each
            for each in self._waiting
            if (each.slot, schedules[each.schedule].follows) not in left
        )
        return next(ready, None)

    def _look(self, followed: Followed) -> None:
        with self._patience():
            try:
                if not (attempts := followed.ended()):
                    self._tell(followed.attempt, followed.state()[0])
                    return
                self._end(of_attempts(attempts, self._session.now()))
            except OpsError as error:
                self._lose(followed.attempt, error)
            self._going.remove(followed)

    def _start(self, first: Attempt) -> bool:
        """Start a slot that may have moved on since the plan; return whether it could be asked."""
        with self._patience():
            try:
                if self._is_done(first):
                    self._tell(first, "successful meanwhile", "green")
                else:
                    self._going.append(Followed(self._session, self._begin(first)))
            except OpsError as error:
                self._lose(first, error)
            return True
        return False

    def _begin(self, first: Attempt) -> Attempt:
        if attempt := under_way(self._session, first):
            return attempt
        try:
            attempt, answer = launch_next(self._session, first)
        except OpsError:
            # Somebody else was faster, or the launcher died after it had started the job.
            if attempt := under_way(self._session, first):
                return attempt
            raise
        self._tell(attempt, f"{attempt.schedule} attempt {attempt.number}: {answer['result']}")
        return attempt

    @contextmanager
    def _patience(self) -> Generator[None]:
        """Leave for the next look what AWS throttles; raise what it has throttled for too long."""
        try:
            yield
            self._throttled_since = None
        except ClientError as error:
            now = self._session.now()
            self._throttled_since = self._throttled_since or now
            if aws_errors.code(error) not in _THROTTLED or now - self._throttled_since > GRACE:
                raise

    def _end(self, slot: Slot) -> None:
        self._ended[_key(slot.attempt)] = slot
        said = f"{slot.schedule} attempt {slot.number}: {slot.outcome or 'not concluded'}"
        self._tell(slot.attempt, said, style(slot.outcome))

    def _lose(self, attempt: Attempt, error: OpsError) -> None:
        """Give up a slot of which nobody knows what it ends as."""
        name = job_name(self._session.stack.prefix, attempt)
        lost = Entry.of(attempt, name, reason=str(error))
        self._end(of_attempts([lost], self._session.now()))

    def _tell(self, attempt: Attempt, state: str, colour: str = "") -> None:
        """Tell what a slot is at, once for each change."""
        if self._told.get(_key(attempt)) != state:
            self._told[_key(attempt)] = state
            at = local(attempt.slot, self._session.stack.zone(attempt.schedule))
            line = Text.assemble((f"{at}  ", "dim"), (state, colour))
            self._session.screen.err.print(line, soft_wrap=True)


def _key(attempt: Attempt) -> _Key:
    return attempt.slot, attempt.schedule
