"""What an operator sees: the answer on stdout, progress and errors on stderr."""

import dataclasses
import json
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console, RenderableType
from rich.status import Status
from rich.table import Table
from rich.text import Text

from pipeline.outcome import Outcome
from pipeline.text import duration, printable

_STYLES = {
    Outcome.COMPLETED: "green",
    Outcome.SKIPPED: "cyan",
    Outcome.STOPPED: "yellow",
    Outcome.REPLACED: "yellow",
}


class Screen:
    """Tables for people, or one JSON document for machines."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.if_interrupted = "Interrupted"
        """What to say after Ctrl-C, which ends the command and nothing else."""
        self.out = Console(highlight=False)
        self.err = Console(stderr=True, highlight=False)
        self._status: Status | None = None

    def answer(self, document: object, *renderables: RenderableType) -> None:
        """Give a command's answer: the document with --json, else what shows it."""
        if self.as_json:
            text = json.dumps(document, indent=2, default=_plain)
            sys.stdout.write(text + "\n")
            return
        for each in renderables:
            self.note(each)

    def note(self, renderable: RenderableType) -> None:
        """Show something to people only."""
        if not self.as_json:
            # A command that were broken into lines could not be copied.
            self.out.print(renderable, soft_wrap=isinstance(renderable, Text))

    def confirm(self, question: str) -> bool:
        """Return whether a person says yes; nobody, as in a script, says no."""
        return self.ask(f"{question} [y/N] ") in ("y", "yes")

    def ask(self, question: str) -> str:
        """Return what a person answers, in small letters; nothing where nobody is."""
        if self._status:  # which would write over what is typed
            self._status.stop()
        try:
            return self.err.input(Text(question, "bold")).strip().lower()
        except EOFError:
            return ""
        finally:
            if self._status:
                self._status.start()

    def refuse(self, message: str) -> None:
        """Say why a command did not do what it should."""
        if self.as_json:
            self.answer({"error": message})
        self.err.print(Text(printable(message), "red"), soft_wrap=True)

    @contextmanager
    def progress(self) -> Generator[Callable[[str, str], None]]:
        """Show what is waited for, and a detail such as a time that alone is no change of it."""
        shown = ""
        with self.err.status("") as status:
            self._status = status

            def show(state: str, detail: str = "") -> None:
                nonlocal shown
                status.update(Text.assemble(state, (f"  {detail}", "dim")))
                if state != shown and not self.err.is_terminal:
                    self.err.print(Text(state))
                shown = state

            try:
                yield show
            finally:
                self._status = None


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Return labels and what belongs to them, one below the other."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(label, Text(printable(text)))
    return table


def style(outcome: str | None) -> str:
    """Return the colour of an outcome; None is one that is not known yet."""
    return "blue" if outcome is None else _STYLES.get(Outcome(outcome), "red")


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Return an instant on a schedule's own clock, with seconds only where there are any."""
    there = moment.astimezone(zone)
    return f"{there:%a %d %b %H:%M:%S}" if there.second else f"{there:%a %d %b %H:%M}"


def span(seconds: float | None) -> str:
    """Return a length of time; nothing where it is not known."""
    return "" if seconds is None else duration(seconds)


def share(part: float) -> str:
    """Return a part of a whole."""
    return f"{100 * part:.0f} %"


def change(before: float | None, after: float | None) -> str:
    """Return by how much an amount is less or more than before; nothing where that is not known."""
    if not before or after is None:
        return ""
    less = 1 - after / before
    return f"{share(abs(less))} {'more' if less < 0 else 'less'}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - what json cannot write
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{value!r} has no form in JSON")
