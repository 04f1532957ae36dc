"""What the runs of each month cost, by the rate card: an estimate, not the bill."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from ops.listing import MOST_ENTRIES
from ops.screen import dollars
from pipeline.cost import RATE_DATE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from ops.session import Session
    from pipeline.journal_items import Entry


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a schedule's slots of a month came to."""

    month: str
    """Of the slot, on the schedule's own clock: 2026-01."""
    schedule: str
    runs: int
    """Slots."""
    attempts: int
    instance_hours: float
    cost_usd: float
    """Without the attempts that are not priced."""
    unpriced: int
    """Attempts that ran on a type which the rate card does not have."""


def show(session: Session, options: argparse.Namespace) -> int:
    """Show what each month cost, the latest first."""
    found = [
        cost
        for schedule in session.stack.schedules(None)
        for cost in _months(session, schedule, options.months)
    ]
    found.sort(key=lambda cost: cost.schedule)
    found.sort(key=lambda cost: cost.month, reverse=True)
    total = Cost(
        month="",
        schedule="total",
        runs=sum(cost.runs for cost in found),
        attempts=sum(cost.attempts for cost in found),
        instance_hours=sum(cost.instance_hours for cost in found),
        cost_usd=sum(cost.cost_usd for cost in found),
        unpriced=sum(cost.unpriced for cost in found),
    )
    document = {"rate_date": RATE_DATE, "months": found, "total": total}
    session.screen.answer(document, _table(found, total), _caption(total.unpriced))
    return 0


def _months(session: Session, schedule: str, count: int) -> Iterator[Cost]:
    zone = session.stack.zone(schedule)
    since = _first_day(session.now().astimezone(zone), count).astimezone(UTC)
    entries = session.stack.journal.recent(schedule, since, MOST_ENTRIES)
    made = [entry for entry in entries if entry.concluded_at]
    for month, attempts in groupby(made, lambda entry: f"{entry.slot.astimezone(zone):%Y-%m}"):
        yield _cost(month, schedule, list(attempts))


def _first_day(now: datetime, months: int) -> datetime:
    """Return when the oldest of the last `months` months began, this month being one of them."""
    index = now.year * 12 + now.month - months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=now.tzinfo)


def _cost(month: str, schedule: str, attempts: Sequence[Entry]) -> Cost:
    ran = [(e, e.ended - e.started) for e in attempts if e.started and e.ended]
    hours = sum((time * (entry.instance_count or 1) for entry, time in ran), timedelta())
    prices = [entry.cost_usd for entry, _ in ran]
    return Cost(
        month=month,
        schedule=schedule,
        runs=len({entry.slot for entry in attempts}),
        attempts=len(attempts),
        instance_hours=hours / timedelta(hours=1),
        cost_usd=sum(price for price in prices if price is not None),
        unpriced=prices.count(None),
    )


def _table(found: Iterable[Cost], total: Cost) -> Table:
    table = Table(
        box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim", show_footer=True
    )
    table.add_column("month", total.schedule)
    table.add_column("schedule")
    for name, sum_of_all in zip(_NUMBERS, _numbers(total), strict=True):
        table.add_column(name, sum_of_all, justify="right", footer_style="bold")
    for cost in found:
        table.add_row(cost.month, cost.schedule, *_numbers(cost))
    return table


_NUMBERS = ("runs", "attempts", "instance hours", "unpriced", "USD")


def _numbers(cost: Cost) -> tuple[str | Text, ...]:
    unpriced = Text(str(cost.unpriced), "bold yellow") if cost.unpriced else "0"
    hours = f"{cost.instance_hours:,.2f}"
    return f"{cost.runs:,}", f"{cost.attempts:,}", hours, unpriced, dollars(cost.cost_usd)


def _caption(unpriced: int) -> Text:
    text = Text(
        f"\nAn estimate, by the rate card of {RATE_DATE} (us-east-1, list prices): instances\n"
        "and their volumes, without discounts, taxes, storage and requests.",
        "dim",
    )
    if unpriced:
        which = "1 attempt is" if unpriced == 1 else f"{unpriced} attempts are"
        whose = "its type" if unpriced == 1 else "their types"
        text.append(f"\n{which} not in it: the card has no rate for {whose}.", "yellow")
    return text
