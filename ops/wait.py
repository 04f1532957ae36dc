"""Waits until an attempt and every one that follows from it are concluded."""

from dataclasses import replace
from datetime import datetime, timedelta

from ops.errors import InterruptedByOperatorError, OpsError
from ops.screen import local
from ops.session import Session
from pipeline.attempt import Attempt, job_name
from pipeline.jobs import ACTIVE
from pipeline.journal_items import Entry
from pipeline.text import duration

_GRACE = timedelta(minutes=25)
"""The observer's watch catches up with a lost event within 5 minutes, and with an invocation that
died once its lease of 16 minutes is over."""


def until_concluded(session: Session, attempt: Attempt) -> list[Entry]:
    """Return the concluded attempts from `attempt` on, once no further one is to come.

    Raises:
        OpsError: the observer has not concluded what ended, or what was planned did not start.
        InterruptedByOperatorError: Ctrl-C.
    """
    stack, current, asked_for = session.stack, attempt, session.now()
    try:
        with session.screen.progress() as show:
            while True:
                known = stack.journal.attempts(attempt.schedule, attempt.slot)
                ended = [e for e in known if e.concluded_at and e.number >= attempt.number]
                if ended:
                    if not ended[-1].next_attempt_at:
                        return ended
                    current = replace(attempt, number=ended[-1].number + 1)
                    asked_for = ended[-1].next_attempt_at
                show(*_state(session, current, asked_for))
                session.pause()
    except KeyboardInterrupt:
        raise InterruptedByOperatorError(
            f"Stopped waiting; the run goes on. See how it does: {stack.command('list')}; stop "
            f"its job: {stack.command(f'stop {job_name(stack.prefix, current)}')}"
        ) from None


def _state(session: Session, attempt: Attempt, asked_for: datetime) -> tuple[str, str]:
    """Return in words what an attempt is at, and for how long; `asked_for` may be to come."""
    stack, now = session.stack, session.now()
    who = f"{attempt.schedule} attempt {attempt.number}"
    job = stack.find_job(job_name(stack.prefix, attempt))
    if job and job["ProcessingJobStatus"] in ACTIVE:
        since = job.get("ProcessingStartTime", job["CreationTime"])
        state = job["ProcessingJobStatus"] if "ProcessingStartTime" in job else "waits for instance"
        return f"{who}: {state}", _between(since, now)
    if not job and asked_for > now:
        planned = local(asked_for, stack.zone(attempt.schedule))
        return f"{who}: planned for {planned}", f"in {_between(now, asked_for)}"
    since, state = asked_for, "no job yet"
    if job:
        since = job.get("ProcessingEndTime", job["LastModifiedTime"])
        state = f"{job['ProcessingJobStatus']}, not yet concluded by the observer"
    if now - since > _GRACE:
        raise OpsError(
            f"{who}: {state}, for {_between(since, now)}. Look into the queues and alarms of "
            f"{stack.launcher} and {stack.prefix}-observer"
        )
    return f"{who}: {state}", _between(since, now)


def _between(begin: datetime, end: datetime) -> str:
    return duration((end - begin).total_seconds())
