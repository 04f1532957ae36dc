"""Lists slots: what the journal knows of them, and what runs at this moment."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ops import jobs, slots
from ops.screen import dollars, facts, local, span, style
from pipeline.text import printable

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from rich.console import JustifyMethod, RenderableType

    from ops.session import Session
    from ops.slots import Slot

MOST_ENTRIES = 100_000
"""Of one schedule: more than any period that is worth a table."""

_WIDE = 110
"""Columns from which on a table has room for the reason."""


def show(session: Session, options: argparse.Namespace) -> int:
    """Show the slots of the last days, newest first."""
    since = session.now() - timedelta(days=options.days)
    found: dict[tuple[datetime, str], Slot] = {}
    for slot in _known(session, session.stack.schedules(options.schedule), since):
        found[slot.slot, slot.schedule] = slot
    for slot in _running(session, options.schedule):
        found[slot.slot, slot.schedule] = slot
    listed = [slot for _, slot in sorted(found.items(), reverse=True)]
    if options.failed:
        listed = [slot for slot in listed if slot.failed]
    which = "failed slot" if options.failed else "slot"
    days = f"{options.days} days" if options.days > 1 else "day"
    nothing = Text(f"No {which} in the last {days}.", "dim")
    session.screen.answer(listed, *(_shown(session, listed) if listed else [nothing]))
    return 0


def _known(session: Session, schedules: Iterable[str], since: datetime) -> Iterator[Slot]:
    for schedule in schedules:
        entries = session.stack.journal.recent(schedule, since, MOST_ENTRIES)
        for _, attempts in groupby(entries, attrgetter("slot")):
            yield slots.from_journal(sorted(attempts, key=attrgetter("attempt")))


def _running(session: Session, only: str | None) -> Iterator[Slot]:
    for run, job in jobs.running(session.stack):
        if only in (None, run.schedule):
            attempts = session.stack.journal.attempts(run.schedule, run.slot)
            before = [entry for entry in attempts if entry.attempt < run.attempt]
            yield slots.running(run, job, before, session.now())


def _shown(session: Session, listed: list[Slot]) -> Iterator[RenderableType]:
    by_schedule = attrgetter("schedule")
    wide = session.screen.out.width >= _WIDE
    for schedule, group in groupby(sorted(listed, key=by_schedule), by_schedule):
        own, zone = list(group), session.stack.zone(schedule)
        notes = [_note(slot, zone) for slot in own]
        yield Text.assemble("\n", (schedule, "bold"), (f"  {zone.key}", "dim"))
        yield _table(own, zone, notes if wide else None)
        if not wide and any(notes):
            noted = zip(own, notes, strict=True)
            yield facts([("", ""), *((local(s.slot, zone), note) for s, note in noted if note)])


def _table(listed: list[Slot], zone: ZoneInfo, notes: list[str] | None) -> Table:
    """Return slots in rows, with their notes if there is room for them."""
    gap = 1 if notes is None else 3
    table = Table(
        box=None,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        header_style="dim",
        expand=notes is not None,
    )
    for name, justify in _COLUMNS.items():
        table.add_column(name, justify=justify, no_wrap=name != "instance")
    if notes is not None:
        table.add_column("reason", no_wrap=True, overflow="ellipsis", style="dim", ratio=1)
    for number, slot in enumerate(listed):
        table.add_row(
            local(slot.slot, zone),
            Text(slot.outcome or slot.status or "not concluded", style(slot.outcome)),
            str(slot.attempts),
            span(slot.duration_seconds),
            span(slot.queue_seconds),
            slot.instance.replace("ml.", ""),
            "" if slot.cost_usd == 0 else dollars(slot.cost_usd),
            *([] if notes is None else [Text(notes[number])]),
        )
    return table


_COLUMNS: dict[str, JustifyMethod] = {
    "slot": "left",
    "outcome": "left",
    "tries": "right",
    "duration": "right",
    "queued": "right",
    "instance": "left",
    "cost": "right",
}


def _note(slot: Slot, zone: ZoneInfo) -> str:
    """Return what there is to say about a slot beside the numbers, in one line."""
    again = slot.next_attempt_at and f"next attempt {local(slot.next_attempt_at, zone)}"
    reason = " ".join(printable(slot.reason or "").split())
    return "; ".join(filter(None, [again, reason]))
