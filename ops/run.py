"""Runs a slot through the stack's own launcher, waits for what comes of it, and stops a job."""

import argparse
from collections.abc import Iterator

from rich.text import Text

from ops.attempts import GOOD, Answer, Followed, launch, launch_next
from ops.listing import of_attempts
from ops.screen import change, facts, local, span, style
from ops.session import Session
from ops.stack import OpsError, Stack, UsageError
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.jobs import Job
from pipeline.journal_items import Entry
from pipeline.outcome import State
from pipeline.text import dollars, printable


def run(session: Session, options: argparse.Namespace) -> int:
    """Start the job of a slot, which is now by default."""
    first = _asked_for(session, options)
    if options.slot:
        _refuse_if_unknown(session, first)
    return _follow(session, first, launch(session, first), wait=options.wait)


def replay(session: Session, options: argparse.Namespace) -> int:
    """Start one more attempt at a slot."""
    first = _asked_for(session, options)
    _refuse_if_unknown(session, first)
    attempt, answer = launch_next(session, first)
    return _follow(session, attempt, answer, wait=options.wait)


def _asked_for(session: Session, options: argparse.Namespace) -> Attempt:
    [schedule] = session.stack.schedules(options.schedule)
    # Never left to the launcher: a repeated request would mean another slot, and another job.
    now = session.now().replace(microsecond=0)
    slot = session.stack.slot(schedule, options.slot) if options.slot else now
    if slot > now:
        raise UsageError(
            f"--slot {slot_text(slot)}: lies in the future (it is {slot_text(now)}); "
            "its schedule starts it"
        )
    return Attempt(schedule, slot, 1)


def _refuse_if_unknown(session: Session, first: Attempt) -> None:
    """Refuse a time at which the schedule has no slot, and had none that anybody knows of.

    A slot may have been run by hand, or be of an expression that was changed since.
    """
    stack = session.stack
    problem = stack.settings.schedules[first.schedule].slot_problem(first.slot)
    if not problem or stack.journal.attempts(first.schedule, first.slot):
        return
    # What the journal has forgotten, SageMaker knows.
    if not stack.find_job(first):
        raise UsageError(f"--slot {slot_text(first.slot)}: {problem}")


def _follow(session: Session, attempt: Attempt, answer: Answer, *, wait: bool) -> int:
    if not wait:
        session.screen.answer(answer, _said(session, attempt, answer))
        return 1 if answer["result"] == "refused" else 0
    session.screen.note(_said(session, attempt, answer))
    attempts = _until_ended(session, attempt)
    last = attempts[-1]
    session.screen.answer(
        {"answer": answer, "outcome": last.outcome, "attempts": attempts},
        Text(f"\n{last.outcome}", f"bold {style(last.outcome)}"),
        facts(_summary(session, attempts, told=answer["reason"])),
        *_way_on(session, last),
    )
    return 0 if last.outcome in GOOD else 1


def _until_ended(session: Session, attempt: Attempt) -> list[Entry]:
    """Return the concluded attempts from `attempt` on, once no further one is to come."""
    stack, followed = session.stack, Followed(session, attempt)
    with session.screen.progress() as show:
        while not (ended := followed.ended()):
            session.screen.if_interrupted = (
                f"Stopped waiting; the run goes on. See how it does: {stack.command('list')}; stop "
                f"its job: {stack.command(f'stop {job_name(stack.prefix, followed.attempt)}')}"
            )
            show(*followed.state())
            session.pause()
    return ended


def _said(session: Session, attempt: Attempt, answer: Answer) -> Text:
    zone = session.stack.zone(attempt.schedule)
    slot = f"{attempt.schedule}, {local(attempt.slot, zone)} {zone.key}"
    said = Text.assemble(f"{slot}: ", (answer["result"], "bold"), f"\n{answer['job_name']}")
    if answer["reason"]:
        said.append(f"\n{printable(answer['reason'])}", "dim")
    if answer["result"] == "already started":
        said.append(f"\n{_again(session, attempt)}", "dim")
    return said


def _again(session: Session, attempt: Attempt) -> str:
    words = f"replay --schedule {attempt.schedule} --slot {slot_text(attempt.slot)}"
    return f"To run it once more: {session.stack.command(words)}"


def _summary(session: Session, attempts: list[Entry], told: str | None) -> list[tuple[str, str]]:
    """Return label and text of what is to be said of a finished slot, but for what was told."""
    slot, last = of_attempts(attempts, session.now()), attempts[-1]
    spot = change(slot.on_demand_usd, slot.cost_usd)
    rows = {
        "job": last.job_name,
        "status": last.status,
        "reason": last.reason if last.reason != told else None,
        "message": last.exit_message,
        "attempts": slot.history,
        "duration": span(slot.duration_seconds),
        "waited": span(slot.waited_seconds),
        "instance": slot.instance,
        "cost": f"{dollars(slot.cost_usd)} (estimate)" if last.started else None,
        "spot": spot and f"{spot} than on demand",
        "marker": last.success_marker,
    }
    return [(label, text) for label, text in rows.items() if text]


def _way_on(session: Session, last: Entry) -> Iterator[Text]:
    if last.outcome not in GOOD:
        if last.created:
            log = session.stack.command(f"logs {last.job_name}")
            yield Text(f"To read its log: {log}", "dim")
        yield Text(_again(session, last.attempt), "dim")


def stop(session: Session, options: argparse.Namespace) -> int:
    """Stop a job and wait until it has ended; status 0 only if it ended as Stopped."""
    stack, name = session.stack, options.job
    attempt = stack.attempt_of(name)
    known = stack.journal.entry(attempt)
    if known and known.is_waiting and not stack.find_job(attempt):
        return _end_wait(session, known)
    job = stack.job(name)
    if not job.is_active:
        raise OpsError(f"{name} has ended already: {job.status}. There is nothing to stop")
    ask_to_stop(stack, attempt, job)
    session.screen.if_interrupted = "Stopped waiting; it will stop all the same"
    began = session.now()
    with session.screen.progress() as show:
        while (job := stack.job(name)).is_active:
            show(f"{name}: {job.status}", span((session.now() - began).total_seconds()))
            session.pause()
    stopped = job.status == "Stopped"
    said = Text.assemble(f"{name}: ", (job.status, "green" if stopped else "yellow"))
    session.screen.answer({"job_name": name, "status": job.status}, said)
    return 0 if stopped else 1


def ask_to_stop(stack: Stack, attempt: Attempt, job: Job) -> None:
    """Ask an attempt's job to stop, unless that was done before."""
    if job.status == "InProgress":
        # Before it stops: SageMaker does not tell who stopped a job, and its end is fast.
        stack.journal.write(Entry.of(attempt, job.name, stop="operator"))
        stack.jobs.stop(job)


def _end_wait(session: Session, entry: Entry) -> int:
    """Decide that a slot that waits is not started; the observer's watch tells of it."""
    reason = f"Stopped: by an operator, while it waited for {entry.waiting_for}"
    attempt, now = entry.attempt, session.now()
    session.stack.journal.refuse(attempt, entry.job_name, State.SKIPPED, reason, now)
    said = Text(f"{entry.job_name}: it waited, and will not start")
    session.screen.answer({"job_name": entry.job_name, "status": State.SKIPPED}, said)
    return 0
