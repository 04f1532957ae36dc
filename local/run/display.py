"""What a person sees: the steps as they go, and a summary at the end."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.markup import escape as escape_markup
from rich.status import Status
from rich.table import Table

from local.run import figures
from local.run.report import Report
from ops.screen import facts, style
from pipeline.contract import OPS
from pipeline.text import duration, printable

_LONGEST_LIST = 12
_ADVICE = "To do: "
"""How a message of the observer begins the line that says what to do."""


class Display:
    """Steps with their time: live in a terminal, a line for each elsewhere."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.seconds: dict[str, float] = {}
        """Step -> seconds, of the steps that have ended."""
        self._status: Status | None = None
        self._title = ""

    @contextmanager
    def step(self, name: str, title: str) -> Generator[None]:
        """Show a step while it lasts, and its time once it has ended."""
        began, ok = time.perf_counter(), False
        self._title = escape(title)
        self._status = self.console.status(self._title)
        self._status.start()
        try:
            yield
            ok = True
        finally:
            self._status.stop()
            self._status = None
            self.seconds[name] = round(time.perf_counter() - began, 3)
            mark = "[green]✓[/]" if ok else "[red]✗[/]"
            self.console.print(f"{mark} {self._title:<58} {duration(self.seconds[name]):>7}")

    def detail(self, text: str) -> None:
        """Show what the current step is at."""
        if self._status:
            self._status.update(f"{self._title} [dim]{escape(text[:80])}[/]")

    def note(self, text: str) -> None:
        """Say something that stays."""
        self.console.print(f"  [dim]{escape(text)}[/]")

    def moment(self, what: str, detail: str) -> None:
        """Show what happened: in a step as what it is at, otherwise for good."""
        if self._status:
            self.detail(f"{what}: {detail}")
        else:
            self.console.print(f"[dim]{datetime.now():%H:%M:%S}[/] {escape(f'{what}: {detail}')}")  # noqa: DTZ005 - the clock on the wall

    def kept(self) -> None:
        """Say how to use what stays up."""
        self.console.print(
            "\nThe embedded AWS stays up until Ctrl-C, and its schedules fire in real time. Use it:"
            f"\n  [bold]{OPS} list --stack local[/]"
        )

    def summary(self, report: Report, deployed: str) -> None:
        """Show what came of the run."""
        self.console.print()
        colour = style(report.outcome) if report.outcome else "red"
        title = report.headline.replace("_", " ").capitalize()
        self.console.print(f"[bold {colour}]{escape(title)}[/]")
        self.console.print(facts(_facts(report, deployed)))
        if len(report.attempts) > 1:
            self.console.print(_attempts(report))


def _facts(report: Report, deployed: str) -> Iterator[tuple[str, str]]:
    yield "stack", f"{report.stack}: {report.resources} resources, {report.engine or 'no'} engine"
    if deployed:
        yield "deployed", deployed
    if report.slot:
        yield "slot", f"{report.schedule}, {figures.moment(report.slot, report.timezone)}"
    last = {
        "job": report.job_name,
        "reason": report.failure_reason,
        "exit message": report.exit_message,
    }
    yield from ((label, text) for label, text in last.items() if text)
    for message in report.messages:
        yield "message", message["subject"]
        for line in message["body"].splitlines():
            if line.startswith(_ADVICE):
                yield "to do", line.removeprefix(_ADVICE)
    yield from (("alarm", each["name"]) for each in report.alarms if each["state"] == "ALARM")
    yield from _results(report)
    yield "time", duration(sum(report.seconds.values()))
    yield "look", ".local/report.html  .local/report.json  .local/s3/  .local/logs/"


def _results(report: Report) -> Iterator[tuple[str, str]]:
    for metric in report.metrics:
        if metric["sent_by"] == "script":
            yield metric["name"], figures.quantity(metric["value"], metric["unit"])
    written = {output["key"] for output in report.outputs} - {report.success_marker}
    if report.status == "Completed" and not written:
        yield "output", "no output: the job uploaded nothing; its log says what it left out"
    for output in report.outputs[:_LONGEST_LIST]:
        yield "output", f"{figures.size(output['size']):>7}  {output['key']}"
    if len(report.outputs) > _LONGEST_LIST:
        yield "output", f"… and {len(report.outputs) - _LONGEST_LIST} more"


def _attempts(report: Report) -> Table:
    names = ("attempt", "instance_type", "status", "outcome", "reason")
    table = Table(*(name.replace("_", " ") for name in names))
    for each in report.attempts:
        table.add_row(*(escape(str(each[name] or "")) for name in names))
    return table


def escape(text: str) -> str:
    """Return text that means nothing to rich, and steers no terminal whoever wrote it."""
    return escape_markup(printable(text))
