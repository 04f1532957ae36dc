"""Waits until an attempt and every one that follows from it are concluded."""

from dataclasses import replace
from datetime import datetime, timedelta

from ops.errors import OpsError
from ops.screen import local, span
from ops.session import Session
from pipeline.attempt import Attempt, job_name
from pipeline.jobs import ACTIVE
from pipeline.journal_items import Entry, seconds_between

_GRACE = timedelta(minutes=25)
"""The observer's watch catches up with a lost event within 5 minutes, and with an invocation that
died once its lease of 16 minutes is over."""


def until_concluded(session: Session, attempt: Attempt) -> list[Entry]:
    """Return the concluded attempts from `attempt` on, once no further one is to come.

    Raises:
        OpsError: the observer has not concluded what ended, or what was planned did not start.
    """
    stack, current, asked_for = session.stack, attempt, session.now()
    with session.screen.progress() as show:
        while True:
            known = stack.journal.attempts(attempt.schedule, attempt.slot)
            ended = [e for e in known if e.concluded_at and e.number >= attempt.number]
            if ended:
                if not ended[-1].next_attempt_at:
                    return ended
                current = replace(attempt, number=ended[-1].number + 1)
                asked_for = ended[-1].next_attempt_at
            session.screen.if_interrupted = (
                f"Stopped waiting; the run goes on. See how it does: {stack.command('list')}; stop "
                f"its job: {stack.command(f'stop {job_name(stack.prefix, current)}')}"
            )
            show(*_state(session, current, asked_for))
            session.pause()


def _state(session: Session, attempt: Attempt, asked_for: datetime) -> tuple[str, str]:
    """Return in words what an attempt is at, and for how long; `asked_for` may be to come."""
    stack, now = session.stack, session.now()
    who = f"{attempt.schedule} attempt {attempt.number}"
    job = stack.find_job(attempt)
    if not job and asked_for > now:
        planned = local(asked_for, stack.zone(attempt.schedule))
        return f"{who}: planned for {planned}", f"in {span(seconds_between(now, asked_for))}"
    since, state, patience = asked_for, "no job yet", _GRACE
    if job and job["ProcessingJobStatus"] in ACTIVE:
        since = job.get("ProcessingStartTime", job["CreationTime"])
        state = job["ProcessingJobStatus"] if "ProcessingStartTime" in job else "waits for instance"
        patience = timedelta.max
    elif job:
        since = job.get("ProcessingEndTime", job["LastModifiedTime"])
        state = f"{job['ProcessingJobStatus']}, not yet concluded by the observer"
    lasted = span(seconds_between(since, now))
    if now - since > patience:
        raise OpsError(
            f"{who}: {state}, for {lasted}. Look into the queues and alarms of "
            f"{stack.launcher} and {stack.prefix}-observer"
        )
    return f"{who}: {state}", lasted
