"""Lists slots: what the journal knows of them, and what runs at this moment."""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from ops.screen import change, facts, local, span, style
from ops.session import Session
from pipeline.jobs import with_job
from pipeline.journal_items import Entry, seconds_between
from pipeline.outcome import NO_FAILURE, Outcome
from pipeline.text import dollars

MOST_ENTRIES = 1_000_000
"""Of one schedule: more than one of every minute has in the 400 days that the journal keeps."""


@dataclass(frozen=True, kw_only=True)
class Slot(Entry):
    """A slot: its latest attempt, and what all of them come to.

    Its costs are those of all attempts that have ended, and None if that of one is not known.
    """

    attempts: int
    """That were made; one that is only planned does not count."""
    history: str
    """How each of these ended, in words; nothing if there was only one."""
    duration_seconds: float | None
    """Of the latest attempt; so far, while it runs."""
    waited_seconds: float | None
    """Until the latest attempt had its instances: from its creation on, or from the slot on if it
    lacked something then; so far, while it waits."""


def of_attempts(entries: Sequence[Entry], now: datetime) -> Slot:
    """Return the slot that these attempts, ascending, are at."""
    made = [entry for entry in entries if entry.concluded_at or not entry.planned_for]
    last = made[-1] if made else entries[-1]
    since = last.slot if last.waiting_for else last.created
    costs = [entry.cost_usd for entry in entries if entry.started and entry.ended]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    on_demand = None if cost is None else on_demand_usd(entries)
    ends = [f"{each.number} {each.outcome or each.status or 'not concluded'}" for each in made]
    return Slot(
        **vars(replace(last, cost_usd=cost, on_demand_usd=on_demand)),
        attempts=len(made),
        history=" → ".join(ends) if len(made) > 1 else "",
        duration_seconds=seconds_between(last.started, last.ended or now),
        waited_seconds=seconds_between(since, last.started or last.ended or now),
    )


def on_demand_usd(attempts: Iterable[Entry]) -> float | None:
    """Return what attempts would have cost without spot, by list prices; None if none was on it.

    What AWS reclaimed for good would not have been: the work was done by what followed.
    """
    entries = list(attempts)
    if all(each.on_demand_usd is None for each in entries):
        return None
    whole = [each for each in entries if each.outcome != Outcome.SPOT_RECLAIMED]
    return sum((each.on_demand_usd or each.cost_usd or 0) for each in whole)


def show(session: Session, options: argparse.Namespace) -> int:
    """Show the slots of the last days, newest first."""
    since = session.now() - timedelta(days=options.days)
    found = attempts_by_slot(session, options.schedule, since)
    listed = [of_attempts(found[key], session.now()) for key in sorted(found, reverse=True)]
    if options.failed:
        listed = [slot for slot in listed if slot.outcome and slot.outcome not in NO_FAILURE]
    which = "failed slot" if options.failed else "slot"
    nothing = Text(f"No {which} since {since:%a %d %b %H:%M} UTC.", "dim")
    session.screen.answer(listed, *(shown(session, listed) if listed else [nothing]))
    return 0


def attempts_by_slot(
    session: Session, only: str | None, since: datetime
) -> dict[tuple[datetime, str], list[Entry]]:
    """Return the attempts at each slot, ascending: those in the journal, and those that run."""
    found: dict[tuple[datetime, str], list[Entry]] = {}
    stack = session.stack
    for schedule in stack.schedules(only):
        entries = stack.journal.recent(schedule, since, MOST_ENTRIES)
        for slot, attempts in groupby(entries, attrgetter("slot")):
            found[slot, schedule] = sorted(attempts, key=attrgetter("number"))
    for attempt in stack.jobs.active(only):
        if job := stack.find_job(attempt):
            known = stack.journal.attempts(attempt.schedule, attempt.slot)
            before = [entry for entry in known if entry.number < attempt.number]
            # As the journal would have it, if it knew of jobs that run: what led to them, it does.
            own = next((each for each in known if each.attempt == attempt), None)
            led = {name: getattr(own, name, None) for name in ("sized_by", "waiting_for")}
            running = with_job(Entry.of(attempt, job.name, **led), job)
            found[attempt.slot, attempt.schedule] = [*before, running]
    return found


def shown(session: Session, listed: list[Slot]) -> Iterator[RenderableType]:
    """Yield what shows slots to people: for each schedule a table, and the reasons below it."""
    by_schedule = attrgetter("schedule")
    for schedule, group in groupby(sorted(listed, key=by_schedule), by_schedule):
        own, zone = list(group), session.stack.zone(schedule)
        yield Text.assemble("\n", (schedule, "bold"), (f"  {zone.key}", "dim"))
        yield _table(own, zone)
        notes = [(local(slot.slot, zone), _note(slot, zone)) for slot in own]
        if any(note for _, note in notes):
            yield facts([("", ""), *((label, note) for label, note in notes if note)])


def _table(listed: list[Slot], zone: ZoneInfo) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("slot", "outcome", "attempts", "duration", "waited", "instance", "cost"):
        number = name in ("attempts", "duration", "waited", "cost")
        table.add_column(name, justify="right" if number else "left", no_wrap=name != "instance")
    for slot in listed:
        table.add_row(
            local(slot.slot, zone),
            Text(_state(slot), style(slot.outcome)),
            str(slot.attempts),
            span(slot.duration_seconds),
            span(slot.waited_seconds),
            slot.instance.replace("ml.", ""),
            _cost(slot),
        )
    return table


def _cost(slot: Slot) -> str:
    spot = change(slot.on_demand_usd, slot.cost_usd)
    usd = "" if slot.cost_usd == 0 else dollars(slot.cost_usd)
    return f"{usd} ({spot} by spot)" if spot else usd


def _state(slot: Slot) -> str:
    unknown = "waiting" if slot.is_waiting else "not concluded"
    return slot.outcome or slot.status or unknown


def _note(slot: Slot, zone: ZoneInfo) -> str:
    again = slot.next_attempt_at and f"next attempt {local(slot.next_attempt_at, zone)}"
    reason = " ".join((slot.exit_message or slot.reason or "").split())
    waits = f"waits for {slot.waiting_for}" if slot.is_waiting else None
    return "; ".join(filter(None, [again, waits, slot.history, reason, slot.sized_by]))
