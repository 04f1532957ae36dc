"""Waits until an attempt and every one that follows from it are concluded."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from ops import jobs
from ops.errors import InterruptedByOperatorError, OpsError
from ops.screen import local, span
from pipeline.attempt import job_name

if TYPE_CHECKING:
    from datetime import datetime

    from ops.session import Session
    from pipeline.attempt import Run
    from pipeline.journal_items import Entry

_GRACE = timedelta(minutes=25)
"""The observer's watch catches up with a lost event within 5 minutes, and with an invocation that
died once its lease of 16 minutes is over."""


def until_concluded(session: Session, run: Run) -> list[Entry]:
    """Return the concluded attempts from `run` on, once no further one is to come.

    Raises:
        OpsError: the observer has not concluded what ended, or what was planned did not start.
        InterruptedByOperatorError: Ctrl-C.
    """
    current, began = run, session.now()
    try:
        with session.screen.progress() as show:
            while True:
                known = session.stack.journal.attempts(run.schedule, run.slot)
                ended = [e for e in known if e.concluded_at and e.attempt >= run.attempt]
                if ended and not ended[-1].next_attempt_at:
                    return ended
                last = ended[-1] if ended else None
                current = replace(run, attempt=last.attempt + 1) if last else run
                alive = last.next_attempt_at if last and last.next_attempt_at else began
                show(*_look(session, current, alive))
                session.pause()
    except KeyboardInterrupt:
        stack = session.stack
        raise InterruptedByOperatorError(
            f"Stopped waiting; the run goes on. See how it does: {stack.command('list')}; stop "
            f"its job: {stack.command(f'stop {job_name(stack.prefix, current)}')}"
        ) from None


def _look(session: Session, run: Run, alive: datetime) -> tuple[str, str]:
    """Return in words what an attempt is at, and how long it has been.

    Args:
        session: of the command that waits.
        run: the attempt that is waited for.
        alive: when it was, or will be, asked for.
    """
    now, who = session.now(), f"{run.schedule} attempt {run.attempt}"
    job = jobs.describe(session.stack, job_name(session.stack.prefix, run))
    if job and job["ProcessingJobStatus"] in jobs.RUNNING:
        since = job.get("ProcessingStartTime", job["CreationTime"])
        state = job["ProcessingJobStatus"] if "ProcessingStartTime" in job else "waits for instance"
        return f"{who}: {state}", span((now - since).total_seconds())
    if job:
        alive = job.get("ProcessingEndTime", job["LastModifiedTime"])
        state = f"{who}: {job['ProcessingJobStatus']}, not yet concluded by the observer"
    elif alive > now:
        planned = local(alive, session.stack.zone(run.schedule))
        return f"{who}: planned for {planned}", f"in {span((alive - now).total_seconds())}"
    else:
        state = f"{who}: no job yet"
    if now - alive > _GRACE:
        raise OpsError(
            f"{state}, for {span((now - alive).total_seconds())}. Look into the queues and alarms "
            f"of {session.stack.launcher} and {session.stack.prefix}-observer"
        )
    return state, span((now - alive).total_seconds())
