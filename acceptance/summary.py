"""What a test has shown: a table to scan, or one JSON document."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from acceptance.trial import Trial
from ops.screen import Screen, span
from pipeline.journal_items import Entry
from pipeline.text import dollars, printable


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
    count = sum(bool(each.problems) for each in trials)
    held = not problems and not count
    jobs = [each for each in attempts if each.created]
    costs = [each.cost_usd for each in jobs]
    cost = None if None in costs else sum(filter(None, costs))
    table = Table("", "scenario", "time", "not as expected", box=None, header_style="dim")
    for each in trials:
        mark = ("✗", "red") if each.problems else ("✓", "green")
        said = Text(printable("\n".join(each.problems)), "red")
        table.add_row(Text(*mark), each.name, span(each.seconds), said)
    verdict = ("All held", "bold green") if held else (f"{count} not as expected", "bold red")
    document = {
        "held": held,
        "scenarios": [
            {
                "scenario": each.name,
                "held": not each.problems,
                "seconds": round(each.seconds, 1),
                "problems": each.problems,
            }
            for each in trials
        ],
        "jobs": [each.job_name for each in jobs],
        "cost_usd": cost,
        "notes": notes,
        "problems": problems,
    }
    spent = f"{len(jobs)} jobs, cost {dollars(cost)} (estimate)" if cost else ""
    lines = [Text(printable(each), "dim") for each in (*notes, spent) if each]
    wrong = [Text(f"Not removed: {printable(each)}", "red") for each in problems]
    screen.answer(document, "", table, "", Text(*verdict), *lines, *wrong)
    return 0 if held else 1
