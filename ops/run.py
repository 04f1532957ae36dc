"""Runs a slot, for the first time or again, through the stack's own launcher."""

import argparse
import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from rich.text import Text

from ops import slots
from ops.errors import OpsError, UsageError
from ops.screen import dollars, facts, local, span, style
from ops.session import Session
from ops.wait import until_concluded
from pipeline.attempt import MAX_ATTEMPT, Attempt, job_name, parse_slot, slot_text
from pipeline.jobs import ACTIVE
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from pipeline.text import printable

Answer = dict[str, Any]

_GOOD = (Outcome.COMPLETED, Outcome.SKIPPED)


def run(session: Session, options: argparse.Namespace) -> int:
    """Start the job of a slot, which is now by default."""
    schedule, slot = _slot(session, options)
    if options.slot:
        _refuse_if_unknown(session, schedule, slot)
    return _follow(session, _launch(session, Attempt(schedule, slot, 1)), wait=options.wait)


def replay(session: Session, options: argparse.Namespace) -> int:
    """Start one more attempt at a slot."""
    schedule, slot = _slot(session, options)
    _refuse_if_unknown(session, schedule, slot)
    for attempt in range(_free_attempt(session, schedule, slot), MAX_ATTEMPT + 1):
        answer = _launch(session, Attempt(schedule, slot, attempt))
        if answer["result"] != "already started":
            return _follow(session, answer, wait=options.wait)
        _refuse_if_running(session, answer["job_name"], answer["status"])
    raise OpsError(
        f"Slot {slot_text(slot)} of {schedule} has had {MAX_ATTEMPT} attempts, and a job's name "
        "has room for no more: run another slot with the same input"
    )


def _slot(session: Session, options: argparse.Namespace) -> tuple[str, datetime]:
    """Return schedule and slot that are asked for; what the launcher decides of one stands."""
    [schedule] = session.stack.schedules(options.schedule)
    # Never left to the launcher: a repeated request would mean another slot, and another job.
    now = session.now().replace(microsecond=0)
    slot = session.stack.slot(schedule, options.slot) if options.slot else now
    if slot > now:
        raise UsageError(
            f"--slot {slot_text(slot)}: lies in the future (it is {slot_text(now)}); "
            "its schedule starts it"
        )
    return schedule, slot


def _refuse_if_unknown(session: Session, schedule: str, slot: datetime) -> None:
    """Refuse a time at which the schedule has no slot, and had none that anybody knows of.

    A slot may have been run by hand, or be of an expression that was changed since.
    """
    stack = session.stack
    problem = stack.settings.schedules[schedule].slot_problem(slot)
    if not problem or stack.journal.attempts(schedule, slot):
        return
    # What the journal has forgotten, SageMaker knows.
    if not stack.find_job(job_name(stack.prefix, Attempt(schedule, slot, 1))):
        raise UsageError(f"--slot {slot_text(slot)}: {problem}")


def _free_attempt(session: Session, schedule: str, slot: datetime) -> int:
    """Return the attempt to begin with; one that is planned is free, and will not start again."""
    known = session.stack.journal.attempts(schedule, slot)
    attempt = known[-1].number if known else 1
    name = job_name(session.stack.prefix, Attempt(schedule, slot, attempt))
    job = session.stack.find_job(name)
    if job:
        _refuse_if_running(session, name, job["ProcessingJobStatus"])
    used = job or (known and known[-1].concluded_at)
    return attempt + 1 if used else attempt


def _refuse_if_running(session: Session, name: str, status: str) -> None:
    if status in ACTIVE:
        stop = session.stack.command(f"stop {name}")
        raise OpsError(f"{name} is {status}: two at once would write the same output. Stop: {stop}")


def _launch(session: Session, attempt: Attempt) -> Answer:
    event = {
        "schedule": attempt.schedule,
        "slot": slot_text(attempt.slot),
        "attempt": attempt.number,
    }
    answer = session.stack.client("lambda").invoke(
        FunctionName=session.stack.launcher, Payload=json.dumps(event).encode()
    )
    payload = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        kind, said = payload.get("errorType", "error"), payload.get("errorMessage", "")
        raise OpsError(f"{session.stack.launcher} failed: {kind}: {said}")
    return payload


def _follow(session: Session, answer: Answer, *, wait: bool) -> int:
    """Show the launcher's answer, wait for what comes of it, and return the exit status."""
    if not wait:
        session.screen.answer(answer, _said(session, answer))
        return 1 if answer["result"] == "refused" else 0
    session.screen.note(_said(session, answer))
    first = Attempt(answer["schedule"], parse_slot(answer["slot"]), answer["attempt"])
    attempts = until_concluded(session, first)
    last = attempts[-1]
    session.screen.answer(
        {"answer": answer, "outcome": last.outcome, "attempts": attempts},
        Text(f"\n{last.outcome}", f"bold {style(last.outcome)}"),
        facts(_summary(session, attempts, told=answer["reason"])),
        *_way_on(session, last),
    )
    return 0 if last.outcome in _GOOD else 1


def _said(session: Session, answer: Answer) -> Text:
    zone = session.stack.zone(answer["schedule"])
    slot = f"{answer['schedule']}, {local(parse_slot(answer['slot']), zone)} {zone.key}"
    said = Text.assemble(f"{slot}: ", (answer["result"], "bold"), f"\n{answer['job_name']}")
    if answer["reason"]:
        said.append(f"\n{printable(answer['reason'])}", "dim")
    if answer["result"] == "already started":
        again = f"replay --schedule {answer['schedule']} --slot {answer['slot']}"
        said.append(f"\nTo run it once more: {session.stack.command(again)}", "dim")
    return said


def _summary(
    session: Session, attempts: list[Entry], told: str | None
) -> Iterator[tuple[str, str]]:
    """Yield label and text of what there is to say about a finished slot, but for what was told."""
    slot, last = slots.of_attempts(attempts, session.now()), attempts[-1]
    history = " → ".join(f"{entry.number} {entry.outcome}" for entry in attempts)
    rows = {
        "job": last.job_name,
        "status": last.status,
        "reason": last.reason if last.reason != told else None,
        "message": last.exit_message,
        "attempts": history if len(attempts) > 1 else None,
        "duration": span(slot.duration_seconds),
        "queued": span(slot.queue_seconds),
        "instance": slot.instance,
        "cost": f"{dollars(slot.cost_usd)} (estimate)" if last.started else None,
        "marker": last.success_marker,
    }
    yield from ((label, text) for label, text in rows.items() if text)


def _way_on(session: Session, last: Entry) -> list[Text]:
    """Return what to type after a failure."""
    if last.outcome in _GOOD:
        return []
    again = f"replay --schedule {last.schedule} --slot {slot_text(last.slot)}"
    lines = [f"To run it once more: {session.stack.command(again)}"]
    if last.created:
        lines.insert(0, f"To read its log: {session.stack.command(f'logs {last.job_name}')}")
    return [Text(line, "dim") for line in lines]
