"""What the runs of each month cost, by list prices: an estimate, not the bill."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from rich.table import Table
from rich.text import Text

from ops.listing import MOST_ENTRIES, on_demand_usd
from ops.session import Session
from ops.stack import Stack
from pipeline.cost import price_date
from pipeline.journal_items import Entry
from pipeline.text import dollars

Cost = dict[str, Any]
"""What a schedule's slots of a month came to, by the schedule's own clock."""


def show(session: Session, options: argparse.Namespace) -> int:
    """Show what each month cost, the latest first."""
    months: dict[tuple[str, str], list[Entry]] = {}
    for schedule in sorted(session.stack.schedules(None)):
        zone = session.stack.zone(schedule)
        since = _first_day(session.now().astimezone(zone), options.months).astimezone(UTC)
        for entry in session.stack.journal.recent(schedule, since, MOST_ENTRIES):
            if entry.concluded_at:
                month = f"{entry.slot.astimezone(zone):%Y-%m}"
                months.setdefault((month, schedule), []).append(entry)
    found = [_cost(month, schedule, entries) for (month, schedule), entries in months.items()]
    found.sort(key=lambda cost: cost["month"], reverse=True)
    total = _cost("total", "", list(chain.from_iterable(months.values())))
    date = price_date(session.stack.region)
    document = {"price_date": date, "months": found, "total": total}
    caption = _caption(session.stack, date, total)
    session.screen.answer(document, _table(found, total), caption)
    return 0


def _first_day(now: datetime, months: int) -> datetime:
    """Return when the oldest of the last `months` months began, this month being one of them."""
    index = now.year * 12 + now.month - months
    return datetime(index // 12, index % 12 + 1, 1, tzinfo=now.tzinfo)


def _cost(month: str, schedule: str, attempts: Sequence[Entry]) -> Cost:
    ran = [entry for entry in attempts if entry.run_s is not None]
    prices = [entry.cost_usd for entry in ran]
    usd = sum(price for price in prices if price is not None)
    on_demand = on_demand_usd(ran)
    spot_s = sum(entry.training_s or 0 for entry in ran)
    unpaid_s = sum((entry.saved or 0) * (entry.training_s or 0) for entry in ran)
    return {
        "month": month,
        "schedule": schedule,
        "slots": len({(entry.schedule, entry.slot) for entry in attempts}),
        "attempts": len(attempts),
        "instance_hours": sum(map(_instance_s, ran)) / 3600,
        "spot_hours": spot_s / 3600,
        "unpaid_hours": unpaid_s / 3600,
        "cost_usd": usd,
        "saved_usd": None if on_demand is None else on_demand - usd,
        "unpriced": prices.count(None),
    }


def _instance_s(entry: Entry) -> float:
    """Return for how long it had instances: a spot job keeps none while it is reclaimed."""
    seconds = entry.run_s if entry.training_s is None else entry.training_s
    return (seconds or 0) * (entry.instance_count or 1)


def _table(found: list[Cost], total: Cost) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("month", no_wrap=True)
    table.add_column("schedule", overflow="fold")
    spot = ("on spot", "not paid", "saved") if total["spot_hours"] else ()
    for name in ("slots", "attempts", "instance hours", "unpriced", "USD", *spot):
        table.add_column(name, justify="right")
    for cost in (*found, total):
        table.add_row(
            cost["month"],
            cost["schedule"],
            f"{cost['slots']:,}",
            f"{cost['attempts']:,}",
            f"{cost['instance_hours']:,.2f}",
            Text(str(cost["unpriced"]), "bold yellow" if cost["unpriced"] else ""),
            dollars(cost["cost_usd"]),
            *(_of_spot(cost) if spot else ()),
            style="bold" if cost is total else "",
        )
    return table


def _of_spot(cost: Cost) -> list[str]:
    if not cost["spot_hours"]:
        return [""] * 3
    hours = (f"{cost[name]:,.2f}" for name in ("spot_hours", "unpaid_hours"))
    return [*hours, dollars(cost["saved_usd"])]


def _caption(stack: Stack, date: str | None, total: Cost) -> Text:
    text = Text("\nAn estimate of instances and their volumes by list prices of ", "dim")
    text.append(f"{stack.region}\n(of {date}), without discounts, taxes, storage and requests.")
    if date is None:
        text = Text(f"\nThere are no prices of {stack.region}. ", "yellow")
        text.append(f"Get them with: {stack.command('prices')}\nThen pulumi up: ")
        text.append("the functions write down what an attempt costs.")
    if total["spot_hours"]:
        text.append(
            "\nSaved: what the same hours would have cost on demand, less what they cost; spot "
            "jobs that AWS\nreclaimed for good are a loss, as if they had kept nothing."
        )
    if unpriced := total["unpriced"]:
        text.append(f"\nAttempts without a price, which are not in it: {unpriced}.", "yellow")
    return text
