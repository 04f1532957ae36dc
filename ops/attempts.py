"""Starts attempts through the stack's own launcher, and follows them until their slot has ended."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ops.screen import local, span
from ops.session import Session
from ops.stack import OpsError, Stack
from pipeline.attempt import MAX_ATTEMPT, Attempt, slot_text
from pipeline.jobs import ACTIVE, Job
from pipeline.journal_items import Entry, seconds_between
from pipeline.kind import Kind
from pipeline.outcome import STANDBY, SUCCESSFUL, Outcome, State

Answer = dict[str, Any]
"""The launcher's."""

GOOD = (Outcome.COMPLETED, Outcome.SKIPPED)
"""Ends that an operator is content with."""
GRACE = timedelta(minutes=25)
"""The observer's watch catches up with a lost event within 5 minutes, and with an invocation that
died once its lease of 16 minutes is over."""
WITHOUT_INSTANCE = ("Starting", "Pending", "Interrupted")
"""The details of a training job that has no instance."""


def launch(session: Session, attempt: Attempt) -> Answer:
    """Ask the launcher for an attempt.

    Raises:
        OpsError: it failed; whether it had started the job before, nobody knows.
    """
    answer = session.stack.client("lambda").invoke(
        FunctionName=session.stack.launcher, Payload=json.dumps(attempt.as_event).encode()
    )
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        kind, said = payload.get("errorType", "error"), payload.get("errorMessage", "")
        raise OpsError(f"{session.stack.launcher} failed: {kind}: {said}")
    return payload


def launch_next(session: Session, first: Attempt) -> tuple[Attempt, Answer]:
    """Start the attempt that follows those which the slot has had; the `first` if it had none.

    Raises:
        OpsError: one runs, the launcher failed, or a job's name has no room for one more.
    """
    attempt = _free_attempt(session, first)
    while attempt:
        answer = launch(session, attempt)
        if answer["result"] != "already started":
            return attempt, answer
        _refuse_if_running(session, answer["job_name"], answer["status"])
        attempt = attempt.next()
    raise OpsError(
        f"Slot {slot_text(first.slot)} of {first.schedule} has had {MAX_ATTEMPT} attempts, and a "
        "job's name has room for no more: run another slot with the same input"
    )


def _free_attempt(session: Session, first: Attempt) -> Attempt | None:
    """Return the attempt to begin with; one that is planned is free, and will not start again."""
    known = session.stack.journal.attempts(first.schedule, first.slot)
    last = known[-1].attempt if known else first
    job = session.stack.find_job(last)
    if job:
        _refuse_if_running(session, job.name, job.status)
    used = job or (known and (known[-1].concluded_at or stood_by(known[-1])))
    return last.next() if used else last


def _refuse_if_running(session: Session, name: str, status: str) -> None:
    if status in ACTIVE:
        stop = session.stack.command(f"stop {name}")
        raise OpsError(f"{name} is {status}: two at once would write the same output. Stop: {stop}")


def stood_by(entry: Entry) -> bool:
    """Return whether an attempt was only skipped for what the other region does, or has done."""
    return entry.status == State.SKIPPED and (entry.reason or "").startswith((STANDBY, SUCCESSFUL))


def under_way(session: Session, first: Attempt, *, stands_by: bool = False) -> Attempt | None:
    """Return the slot's attempt that runs, is planned, or is about to be concluded; None if none.

    What should have started or been concluded long ago is not waited for. In a region that
    `stands_by`, what is planned will be skipped, unless an operator asked for it.
    """
    stack, now = session.stack, session.now()
    known = stack.journal.attempts(first.schedule, first.slot)
    # Of an attempt that nobody planned, the journal knows only once it has ended.
    unknown = known[-1].attempt.next() if known else first
    expected = {entry.attempt: entry for entry in known if not entry.concluded_at}
    for attempt in [*expected, *([unknown] if unknown else [])]:
        entry, job = expected.get(attempt), stack.find_job(attempt)
        if job and job.is_active:
            return attempt
        if entry and not entry.status and (entry.launching_until or now) > now:
            return attempt  # the launcher is at it
        comes = entry and not stood_by(entry) and (entry.asked_by or not stands_by)
        since = _last_expected(stack, entry) if entry and comes else None
        if job:
            since = job.ended or job.changed
        if since and now - since < GRACE:
            return attempt
    return None


def _last_expected(stack: Stack, entry: Entry) -> datetime | None:
    """Return when something was to become of an attempt without a job; one that waits has its wait.

    The observer's watch asks for it again until then, however long it has not been able to.
    """
    since = entry.ended or entry.planned_for
    schedule = stack.settings.schedules.get(entry.schedule)
    if since and schedule and entry.is_waiting:
        return max(since, entry.slot + schedule.longest_wait)
    return since


@dataclass
class Followed:
    """A slot from one of its attempts on, until no further one is to come."""

    session: Session
    attempt: Attempt
    """The one that it is at."""

    def __post_init__(self) -> None:
        self._first, self._asked_for = self.attempt.number, self.session.now()

    def ended(self) -> list[Entry]:
        """Look; return the concluded attempts from the first on, or none while one is to come."""
        known = self.session.stack.journal.attempts(self.attempt.schedule, self.attempt.slot)
        concluded = {entry.number: entry for entry in known if entry.concluded_at}
        while entry := concluded.get(self.attempt.number):
            if not entry.next_attempt_at:
                return [each for number, each in concluded.items() if number >= self._first]
            self.attempt = replace(self.attempt, number=entry.number + 1)
            self._asked_for = entry.next_attempt_at
        return []

    def state(self) -> tuple[str, str]:
        """Return in words what the attempt is at, and for how long.

        Raises:
            OpsError: the observer has not concluded what ended, or what was planned did not start.
        """
        stack, now = self.session.stack, self.session.now()
        who = f"{self.attempt.schedule} attempt {self.attempt.number}"
        job = stack.find_job(self.attempt)
        if not job and self._asked_for > now:
            planned = local(self._asked_for, stack.zone(self.attempt.schedule))
            return (
                f"{who}: planned for {planned}",
                f"in {span(seconds_between(now, self._asked_for))}",
            )
        since, state, until = self._asked_for, "no job yet", self._asked_for + GRACE
        if job and job.is_active:
            since, state = _doing(job)
            until = now
        elif job:
            since = job.ended or job.changed
            until = since + GRACE
            state = f"{job.status}, not yet concluded by the observer"
        elif (entry := stack.journal.entry(self.attempt)) and entry.is_waiting:
            since, state = entry.planned_for or since, f"waits for {entry.waiting_for}"
            until = (_last_expected(stack, entry) or since) + GRACE
        lasted = span(seconds_between(since, now))
        if now > until:
            raise OpsError(
                f"{who}: {state}, for {lasted}. Look into the queues and alarms of "
                f"{stack.launcher} and {stack.prefix}-observer"
            )
        return f"{who}: {state}", lasted


def _doing(job: Job) -> tuple[datetime, str]:
    """Return since when a job that has not ended is at what, in words."""
    waits = "waits for a spot instance" if job.kind is Kind.TRAINING else "waits for an instance"
    if not job.started:
        return job.created, waits
    if job.detail in WITHOUT_INSTANCE:
        return job.changed, f"was reclaimed, {waits}"
    return job.started, job.status
