"""What a slot waits for: the schedule that it follows, and its input.

To wait is to be asked for again: nothing is held, no attempt is used up, and the end of it follows
from the slot alone. The observer's watch asks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from launcher.answer import Answer, refused, skipped
from launcher.event import Request, Trigger
from pipeline import replica
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import LauncherConfig
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from pipeline.outcome import STANDBY, Outcome, State
from pipeline.prefix import Prefix
from pipeline.text import duration

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LATE = "PredecessorLate"


@dataclass(frozen=True)
class Awaited:
    """Decides about slots that lack something."""

    config: LauncherConfig
    journal: Journal
    s3: S3Client

    def before_input(self, request: Request) -> Answer | None:
        """Return what becomes of a slot before its input is looked at; None if it has it all."""
        schedule = self.config.schedules[request.attempt.schedule]
        if schedule.after:
            place = self.config.output_of(replace(request.attempt, schedule=schedule.after))
            if lacking := self._lacking(place, schedule.after):
                return self._without(request, _LATE, lacking, waits=True)
        source = self.config.input_of(request.attempt)
        if source.ready and not source.has(source.ready, self.s3):
            waits = schedule.input.when_empty == "wait"
            lacking = f"object {source.uri}{source.ready}"
            return self._without(request, "InputNotReady", lacking, waits=waits)
        return None

    def without_input(self, request: Request) -> Answer:
        """Return what becomes of a slot whose input is empty.

        It does not wait where somebody has said that there is no more to come.
        """
        source = self.config.schedules[request.attempt.schedule].input
        complete = source.ready or source.output_of
        waits = source.when_empty == "wait" and not complete
        lacking = f"object under {self.config.input_of(request.attempt).uri}"
        return self._without(request, "EmptyInput", lacking, waits=waits)

    def _lacking(self, place: Prefix, after: str) -> str | None:
        """Return what is lacking of a predecessor's output, or None.

        Where there is a second region it is whole only if all is here that its marker lists.
        """
        success = f"success of {after} in the same slot"
        if self.config.recovery_region is None:
            return None if place.has_marker(self.s3) else success
        found = replica.look(place, self.s3)
        if found.marker and not found.is_checkable and self._is_home:
            return None  # it is from before there was another region, so it was written here
        if found.state == "incomplete":
            return f"{success} with all of its objects, of which {found.lacking or 'some'} lack"
        return None if found.state == "whole" else success

    @property
    def _is_home(self) -> bool:
        return self.config.aws_region == self.config.home_region

    def _without(self, request: Request, word: str, lacking: str, *, waits: bool) -> Answer:
        """Return what becomes of a slot that lacks something: it waits, or that is its end.

        `word` begins the reason; the observer knows the class of the end by it. For an operator
        the wait is over at once.
        """
        attempt, waits = request.attempt, waits and request.trigger != Trigger.OPERATOR
        schedule = self.config.schedules[attempt.schedule]
        until = schedule.waits_until(attempt.slot)
        if waits and request.received < until:
            # As planned, so that the overlap policy counts it, and the watch misses it.
            name, now = job_name(self.config.prefix, attempt), request.received
            awaited = f"{lacking}, until {slot_text(until)}"
            self.journal.write(Entry.of(attempt, name, planned_for=now, waiting_for=awaited))
            return Answer("waiting", "Waiting", f"waits for {awaited}")
        if word == _LATE and (ended := self._predecessor_ended_as(attempt)):
            return skipped(f"Predecessor: there is no {lacking}, which ended as {ended}")
        waited = f", after {duration(schedule.input.wait_seconds)} of waiting" if waits else ""
        reason = f"{word}: there is no {lacking}{waited}"
        late = word == _LATE or schedule.input.when_empty == "wait"
        end = schedule.input.when_late if late else schedule.input.when_empty
        return skipped(reason) if end == "skip" else refused(reason)

    def _predecessor_ended_as(self, attempt: Attempt) -> str | None:
        """Return what the slot of the predecessor has ended as; None if it may still succeed.

        Whoever is to know of that has been told.
        """
        after = self.config.schedules[attempt.schedule].after
        known = self.journal.attempts(after or "", attempt.slot)
        last = known[-1] if known else None
        if last is None or last.next_attempt_at:
            return None
        if (last.reason or "").startswith(STANDBY):  # a failover may still run it here
            return None
        if last.status == State.SKIPPED:  # maybe so recently that nobody has concluded it
            return Outcome.SKIPPED
        return last.outcome if last.outcome != Outcome.COMPLETED else None
