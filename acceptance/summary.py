"""What a test has shown: a table to scan, or one JSON document."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from rich.table import Table
from rich.text import Text

from acceptance.trial import Trial
from ops.screen import Screen, span
from pipeline.journal_items import Entry
from pipeline.text import dollars, printable


@dataclass(frozen=True)
class Row:
    """What came of a scenario."""

    scenario: str
    held: bool
    seconds: float
    problems: list[str]
    """What was not as expected."""


def show(
    screen: Screen,
    trials: Sequence[Trial],
    attempts: Sequence[Entry],
    notes: Sequence[str],
    problems: Sequence[str],
) -> int:
    """Show what came of a test whose slots have had these attempts; return the exit status.

    `notes` are no failure; `problems` are, of what could not be removed.
    """
    rows = [
        Row(each.name, not each.problems, round(each.seconds, 1), each.problems) for each in trials
    ]
    held = not problems and all(row.held for row in rows)
    jobs = [each for each in attempts if each.created]
    costs = [each.cost_usd for each in jobs]
    cost = None if None in costs else sum(filter(None, costs))
    table = Table("", "scenario", "time", "not as expected", box=None, header_style="dim")
    for row in rows:
        mark = ("✓", "green") if row.held else ("✗", "red")
        said = Text(printable("\n".join(row.problems)), "red")
        table.add_row(Text(*mark), row.scenario, span(row.seconds), said)
    count = sum(not row.held for row in rows)
    verdict = (
        Text("All held", "bold green") if held else Text(f"{count} not as expected", "bold red")
    )
    document = {
        "held": held,
        "scenarios": [asdict(row) for row in rows],
        "jobs": [each.job_name for each in jobs],
        "cost_usd": cost,
        "notes": notes,
        "problems": problems,
    }
    spent = f"{len(jobs)} jobs, cost {dollars(cost)} (estimate)" if cost else ""
    lines = [Text(printable(each), "dim") for each in (*notes, spent) if each]
    wrong = [Text(f"Not removed: {printable(each)}", "red") for each in problems]
    screen.answer(document, "", table, "", verdict, *lines, *wrong)
    return 0 if held else 1
