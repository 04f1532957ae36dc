"""What a region does with the slots that it takes over: its journal, the runs, and the waiting."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from ops.attempts import stood_by
from ops.backfill import Runner
from ops.listing import Slot
from ops.replicas import Look, Seen
from ops.stack import OpsError
from pipeline import replica
from pipeline.attempt import MAX_ATTEMPT, Attempt, job_name
from pipeline.journal_items import Entry
from pipeline.outcome import STANDBY, Outcome, State


@dataclass(frozen=True)
class Work:
    """The work in the region that takes over; all of it may be repeated."""

    look: Look
    late: Callable[[list[Seen]], OpsError]
    """Makes the error that says that replicas do not come."""
    replays: frozenset[Attempt]
    """Whose marker may be replaced, as an operator agreed."""

    def finish(self, slots: list[Seen]) -> tuple[int, list[Slot]]:
        """Run, follow and wait until nothing is left.

        Returns how many slots were written to the journal, and how each that ran here ended.

        Raises:
            NoAnswerError: the other region, whose slots are waited for, does not answer any more.
            OpsError: replicas do not come.
        """
        recorded, ended, began = 0, list[Slot](), self.look.here.now()
        while True:
            waits = [each for each in slots if each.todo == "wait"]
            due = [each for each in slots if each.todo in ("run", "replay")]
            held = [each for each in due if self._follows(each, waits)]
            ready = [each for each in slots if each.todo != "wait" and each not in held]
            recorded += self._record(ready)
            ended += self._run(ready)
            if not waits:
                return recorded, ended
            slots = [*held, *self._wait(waits, began)]

    def wait_for_replicas(self, slots: list[Seen]) -> None:
        """Wait until the region has all that the other one completed; raises as `finish`."""
        began = self.look.here.now()
        while slots := [each for each in slots if each.arrives_since]:
            slots = self._wait(slots, began)

    def _follows(self, seen: Seen, waits: list[Seen]) -> bool:
        """Return whether a slot's schedule follows one that is still waited for."""
        after = self.look.here.stack.settings.schedules[seen.attempt.schedule].follows
        return any(
            (each.attempt.schedule, each.attempt.slot) == (after, seen.attempt.slot)
            for each in waits
        )

    def _wait(self, waits: list[Seen], began: datetime) -> list[Seen]:
        """Return the slots as they are once one is no longer to be waited for."""
        session = self.look.here
        patience = timedelta(minutes=session.stack.settings.recovery.lag_minutes)
        with session.screen.progress() as show:
            while True:
                reasons = sorted({each.why for each in waits})
                show(f"Waits for what {'; '.join(reasons)}", f"{len(waits)} slots")
                session.pause()
                waits = [self.look.at(each.attempt) for each in waits]
                if any(each.todo != "wait" for each in waits):
                    return waits
                late = [
                    each
                    for each in waits
                    if each.arrives_since
                    and session.now() - max(each.arrives_since, began) > patience
                ]
                if late:
                    raise self.late(late)

    def _run(self, slots: list[Seen]) -> list[Slot]:
        """Run what is to be run, beside what runs as many at once as there are schedules."""
        due = [each.attempt for each in slots if each.todo in ("run", "replay")]
        going = [each.attempt for each in slots if each.todo == "follow"]
        return Runner(
            self.look.here,
            title=f"Runs what is due in {self.look.here.stack.region}",
            to_run=sorted(due, key=lambda each: each.slot),
            going=going,
            parallel=len(going) + len({each.schedule for each in due}),
            is_done=self._has_come,
        ).run()

    def _has_come(self, attempt: Attempt) -> bool:
        """Return whether a slot need not be run any more.

        Raises:
            OpsError: its marker has come since the plan, without all that this lists.
        """
        stack = self.look.here.stack
        found = replica.look(stack.output_of(attempt), stack.client("s3")).state
        if found == "incomplete" and attempt not in self.replays:
            raise OpsError(
                "Its marker has come since, and not all that it lists: repeat the command"
            )
        return found == "whole"

    def _record(self, slots: list[Seen]) -> int:
        """Write to the journal what the other region did, as if it had been done here.

        So lists, followers and alarms are right, and a late delivery of a slot starts nothing.
        """
        journal, recorded = self.look.here.stack.journal, 0
        for schedule, group in groupby(slots, lambda each: each.attempt.schedule):
            newest: Entry | None = None
            for seen in group:
                if entry := self._entry(seen):
                    journal.write(entry)
                    recorded += 1
                    newest = entry if entry.outcome == Outcome.COMPLETED else newest
            last = journal.last_success(schedule) if newest else None
            if newest and newest.ended and (last is None or newest.ended > last):
                journal.record_success(schedule, newest.job_name, newest.ended)
        return recorded

    def _entry(self, seen: Seen) -> Entry | None:
        """Return what the journal lacks of a slot; None if that is nothing."""
        stack, now = self.look.here.stack, self.look.here.now()
        last = seen.known[-1] if seen.known else None
        if seen.state == "whole" and seen.ran:
            own = next((each for each in reversed(seen.known) if not stood_by(each)), None)
            if own and (own.outcome == Outcome.COMPLETED or not own.concluded_at):
                return None
            attempt, status, outcome = seen.ran, "Completed", Outcome.COMPLETED
            marker = stack.output_of(attempt)
            known = {
                "reason": f"Ran in the other region, as {job_name(stack.prefix, attempt)}",
                "success_marker": f"{marker.uri}{marker.marker.removeprefix(marker.key)}",
                "ended": seen.ended,
            }
        elif seen.decided:
            attempt, status = seen.decided.attempt, seen.decided.status
            outcome = seen.decided.outcome
            known = {"reason": f"Ended in the other region: {seen.decided.reason}", "ended": now}
        elif seen.todo == "replay" and not last:
            # Its replay takes the marker away, by which a late delivery would know.
            attempt, status, outcome = seen.attempt, State.SKIPPED, Outcome.SKIPPED
            known = {"reason": f"{STANDBY}: ran in the other region, incomplete", "ended": now}
        else:
            return None
        attempt = replace(attempt, number=_number(attempt, last))
        name = job_name(stack.prefix, attempt)
        return Entry.of(attempt, name, status=status, outcome=outcome, concluded_at=now, **known)


def _number(attempt: Attempt, last: Entry | None) -> int:
    """Return the attempt's number, or the next free one if a region has run so many itself."""
    if last is None or last.number < attempt.number:
        return attempt.number
    if last.number == attempt.number and stood_by(last):
        return attempt.number
    return min(last.number + 1, MAX_ATTEMPT)
