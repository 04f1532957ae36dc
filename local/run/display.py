"""What a person sees: the steps as they go, and a summary at the end."""

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from rich import filesize
from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from local.run.page import moment, quantity
from local.run.report import Report
from ops.screen import facts, style
from pipeline.contract import OPS
from pipeline.text import dollars, duration, printable

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
        began, mark = time.perf_counter(), ("✗", "red")
        self._title = printable(title)
        try:
            with self.console.status(Text(self._title)) as self._status:
                yield
            mark = ("✓", "green")
        finally:
            self._status = None
            self.seconds[name] = round(time.perf_counter() - began, 3)
            took = duration(self.seconds[name])
            self.console.print(Text.assemble(mark, f" {self._title:<58} {took:>7}"))

    def detail(self, text: str) -> None:
        """Show what the current step is at."""
        if self._status:
            self._status.update(Text.assemble(self._title, (f" {printable(text[:80])}", "dim")))

    def note(self, text: str) -> None:
        """Say something that stays."""
        self.console.print(Text(f"  {printable(text)}", "dim"))

    def moment(self, what: str, detail: str) -> None:
        """Show what happened: in a step as what it is at, otherwise for good."""
        if self._status:
            self.detail(f"{what}: {detail}")
        else:
            clock = (f"{datetime.now():%H:%M:%S}", "dim")  # noqa: DTZ005 - the clock on the wall
            self.console.print(Text.assemble(clock, printable(f" {what}: {detail}")))

    def refuse(self, text: str) -> None:
        """Say why there is no run."""
        self.console.print(Text(printable(text), "red"), soft_wrap=True)

    def kept(self) -> None:
        """Say how to use what stays up."""
        self.console.print(
            "\nThe embedded AWS stays up until Ctrl-C, and its schedules fire in real time. Use it:"
            f"\n  [bold]{OPS} list --stack local[/]"
        )

    def summary(self, report: Report, services: Iterable[str]) -> None:
        """Show what came of the run; `services` has that of each resource which was created."""
        self.console.print()
        colour = style(report.outcome) if report.outcome else "red"
        title = report.headline.replace("_", " ").capitalize()
        self.console.print(Text(title, f"bold {colour}"))
        self.console.print(facts(_facts(report, services)))
        if len(report.attempts) > 1:
            self.console.print(_attempts(report))

    def forecast(self, text: str) -> None:
        """Show what the stack would cost on AWS, and when it would run there."""
        self.console.print(Text(f"\n{printable(text)}"))


def _facts(report: Report, services: Iterable[str]) -> Iterator[tuple[str, str]]:
    yield "stack", f"{report.stack}: {report.resources} resources, {report.engine or 'no'} engine"
    if counts := Counter(services).most_common():
        yield "deployed", ", ".join(f"{service} {count}" for service, count in counts)
    if report.slot:
        yield "slot", f"{report.schedule}, {moment(report.slot, report.timezone)}"
    last = {
        "job": report.job_name,
        "reason": report.failure_reason,
        "exit message": report.exit_message,
    }
    yield from ((label, text) for label, text in last.items() if text)
    yield from (("fault", f"{each} did not come") for each in report.faults_left)
    for message in report.messages:
        yield "message", message["subject"]
        for line in message["body"].splitlines():
            if line.startswith(_ADVICE):
                yield "to do", line.removeprefix(_ADVICE)
    yield from (("alarm", each["name"]) for each in report.alarms if each["state"] == "ALARM")
    yield from _results(report)
    yield "time", duration(sum(report.seconds.values()))
    costs = [each["cost_usd"] for each in report.attempts]
    if costs and None not in costs:
        spot = any(each["billable_s"] for each in report.attempts)
        so = ", and spot were as cheap as it is played here" if spot else ""
        yield "cost", f"{dollars(sum(costs))} on AWS, if its jobs took as long there{so}"
    kept = ".local/s3/  .local/logs/" if "collect" in report.seconds else ""
    yield "look", f".local/report.html  .local/report.json  {kept}".rstrip()


def _results(report: Report) -> Iterator[tuple[str, str]]:
    for metric in report.metrics:
        if metric["sent_by"] == "script":
            yield metric["name"], quantity(metric["value"], metric["unit"])
    written = {output["key"] for output in report.outputs} - {report.success_marker}
    if report.status == "Completed" and not written:
        yield "output", "no output: the job uploaded nothing; its log says what it left out"
    for output in report.outputs[:_LONGEST_LIST]:
        yield "output", f"{filesize.decimal(output['size']):>9}  {output['key']}"
    if len(report.outputs) > _LONGEST_LIST:
        yield "output", f"… and {len(report.outputs) - _LONGEST_LIST} more"


def _attempts(report: Report) -> Table:
    names = ("attempt", "instance", "status", "outcome", "reason")
    table = Table(*names)
    for each in report.attempts:
        table.add_row(*(Text(printable(str(each[name] or ""))) for name in names))
    return table
