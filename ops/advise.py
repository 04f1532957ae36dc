"""What a smaller, larger or other machine would have meant for the jobs of the last days."""

import argparse
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from components import forecast
from ops import usage
from ops.findings import Finding, dear_spot, find
from ops.listing import MOST_ENTRIES
from ops.screen import facts, share, span
from ops.session import Session
from pipeline.cost import price_date
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.text import dollars

_TELLING = {Outcome.COMPLETED, Outcome.OUT_OF_MEMORY, Outcome.DISK_FULL, Outcome.TIMED_OUT}
"""Ends of jobs that did all their work, or all that their machine let them."""
_MOST_JOBS = 100
"""Of a machine, the latest. CloudWatch asks a cent for some three hundred of them."""


def show(session: Session, options: argparse.Namespace) -> int:
    """Show what was measured of each schedule's jobs, and what other machines would have meant."""
    stack, found = session.stack, list[Finding]()
    since = session.now() - timedelta(days=options.days)
    for schedule in stack.schedules(options.schedule):
        entries = stack.journal.recent(schedule, since, MOST_ENTRIES)
        own = [*_of_schedule(session, schedule, [each for each in entries if _tells(each)])]
        if own:
            own[0].advice[:0] = dear_spot(entries)
        found += own
    shown = [each for finding in found for each in _shown(finding)]
    shown += [Text(f"\n{note}", "dim") for note in _notes(session, found, options.days)]
    session.screen.answer(found, *shown)
    return 0


def _tells(entry: Entry) -> bool:
    return entry.outcome in _TELLING and entry.run_s is not None and bool(entry.instance_type)


def _of_schedule(session: Session, name: str, entries: list[Entry]) -> Iterator[Finding]:
    """Yield what a schedule's jobs tell, the latest first, for each machine that some had."""

    def machine(entry: Entry) -> tuple[str, int, Kind]:
        return entry.instance_type or "", entry.instance_count or 1, entry.kind

    stack = session.stack
    settings = stack.settings.schedules[name]
    monthly = forecast.runs_a_month(settings, session.now())
    for _, group in groupby(sorted(entries, key=machine), machine):
        jobs = list(group)
        runs = monthly and monthly * len(jobs) / len(entries)
        latest = jobs[:_MOST_JOBS]
        measured = usage.of_jobs(stack.client("cloudwatch"), latest)
        yield find(stack.region, settings, runs, latest, measured)


def _notes(session: Session, found: Sequence[Finding], days: int) -> Iterator[str]:
    stack = session.stack
    if not found:
        yield f"No job ran to its end in the last {days} days."
    if found and stack.endpoint:
        yield "CPU, memory and disk are what the jobs took of this machine, not of an instance."
    if any(each.capacity == "spot" for each in found):
        yield "Costs on spot are those before its discount, which differs from type to type."
    if found and not price_date(stack.region):
        yield f"There are no prices of {stack.region}; get them: {stack.command('prices')}"


def _shown(finding: Finding) -> Iterator[RenderableType]:
    """Yield what shows a finding to people."""
    yield Text.assemble("\n", (finding.schedule, "bold"), (f"  {finding.instance}", "dim"))
    yield facts(_facts(finding))
    if finding.options:
        yield _table(finding)
    for sentence in finding.advice:
        yield Text(sentence, "" if finding.load else "yellow")


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    waited = f"waited {span(finding.wait_s)}, at most {span(finding.longest_wait_s)}"
    yield "jobs", f"{finding.jobs}, {waited}"
    taken = finding.load
    if not taken:
        return
    [now] = [each for each in finding.options if each.instance_type == finding.instance_type]
    yield "measured", f"{taken.jobs}, ran {span(taken.run_s)}, at most {span(taken.longest_s)}"
    yield "CPU", _usual(taken.cpu_mean, taken.cpu_peak, now.vcpus, "vCPUs")
    yield "memory", _usual(taken.memory_gb, taken.memory_peak_gb, now.memory_gb, "GB")
    if finding.volume_gb and taken.disk_peak_gb is not None:
        disk = share(taken.disk_peak_gb / finding.volume_gb)
        yield "disk", f"at most {disk} of {finding.volume_gb} GB"


def _usual(usual: float, peak: float, whole: int, unit: str) -> str:
    return f"{share(usual / whole)}, at most {share(peak / whole)} of {whole} {unit}"


def _table(finding: Finding) -> Table:
    table = Table("machine", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("vCPUs", "memory", "free", "run", "cost", "a month"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in finding.options:
        usd, runs = each.cost_usd, finding.runs_a_month
        colour = {finding.instance_type: "bold", finding.suggested: "green"}
        table.add_row(
            each.instance_type,
            str(each.vcpus),
            f"{each.memory_gb} GB",
            Text(share(each.memory_free), "red" if each.is_short else ""),
            span(each.run_s),
            dollars(usd),
            dollars(usd * runs) if usd is not None and runs else "",
            style=colour.get(each.instance_type, ""),
        )
    return table
