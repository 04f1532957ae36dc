"""The command line of `python -m local.drill`: status 0 only if every scenario ended well."""

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.drill import page
from local.drill.play import Play, Played
from local.drill.scenarios import ALL, Scenario
from local.drill.world import Moment, World
from pipeline.text import duration, printable

_PROJECT = Path(__file__).resolve().parents[2]
_PAGE = Path(".local") / "drill.html"


def main(arguments: list[str], project: Path = _PROJECT, console: Console | None = None) -> int:
    """Play the scenarios, show what came of them, and write the page; return the status."""
    console = console or Console(highlight=False)
    options = _parser().parse_args(arguments)
    chosen = [each for each in ALL if each.name in (options.only or [each.name])]
    ended: list[Played] = []
    for scenario in chosen:
        console.print(Text(f"\n{scenario.title}", "bold"))
        ended.append(play(scenario, project, _teller(console, verbose=options.verbose)))
        console.print(_told(ended[-1]))
    console.print()
    console.print(_table(ended))
    path = project / _PAGE
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_text(page.render(ended), "utf-8")
    console.print(Text(f"\n{_PAGE}", "dim"))
    return 0 if all(each.is_good for each in ended) else 1


def play(scenario: Scenario, project: Path, tell: Callable[[Moment], None]) -> Played:
    """Play one scenario in a world of its own."""
    played, began = Played(scenario.title, scenario.about), time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        world = World(project, Path(work), tell)
        try:
            steps = Play(world)
            try:
                scenario.play(steps)
                world.settle()
                played.slots = steps.ends()
            except Exception as error:  # whatever it was, the page must say so
                played.problem = f"{type(error).__name__}: {error}"
            played.moments, played.said = world.moments, steps.operator.said
            played.recovered_s = steps.recovered_s
        finally:
            world.close()
    played.seconds = round(time.monotonic() - began, 1)
    return played


def _teller(console: Console, *, verbose: bool) -> Callable[[Moment], None]:
    """Return what shows a moment: all of them, or what a person would be told."""
    shown = {"lost", "back", "trouble", "begins", "done", "interrupted", "refused", "broken off"}

    def tell(moment: Moment) -> None:
        if verbose or moment.what in shown:
            clock = (f"{moment.at:7.2f} s  ", "dim")
            text = f"{moment.where:<13} {moment.what}: {moment.detail}"
            console.print(Text.assemble(clock, printable(text)), soft_wrap=True)

    return tell


def _told(played: Played) -> Text:
    if played.problem:
        return Text(f"✗ {printable(played.problem)}", "red")
    mark = ("✓ ", "green") if played.is_good else ("✗ ", "red")
    ends = ", ".join(f"{slot.name} {slot.word}" for slot in played.slots)
    return Text.assemble(mark, ends)


def _table(ended: Sequence[Played]) -> Table:
    table = Table("scenario", "recovered in", *page.WORDS)
    for each in ended:
        took = "" if each.recovered_s is None else duration(each.recovered_s)
        counts = [str(each.count(word) or "") for word in page.WORDS]
        table.add_row(each.title, took, *counts, style="" if each.is_good else "red")
    return table


def _parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(
        prog="python -m local.drill",
        description="Loses a region of an embedded AWS in several ways, and recovers.",
    )
    names = [each.name for each in ALL]
    found.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="NAME",
        help=f"play this one, once for each time it is given: {', '.join(names)}",
    )
    found.add_argument("--verbose", action="store_true", help="show all that happens")
    return found
