"""report.html: everything that a run left, from top to bottom, in one file that runs no script."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from local.run import figures
from pipeline.text import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from local.run.report import Report, Rows

_TEMPLATE = Path(__file__).with_name("page.html")
_MOST_OUTPUTS = 20
_TONES = {
    **dict.fromkeys(("completed", "ok"), "good"),
    **dict.fromkeys(("skipped", "stopped", "replaced", "insufficient_data", "inprogress"), "calm"),
}
"""Outcome, status or state in lower case -> tone; every other one is bad."""


@dataclass(frozen=True)
class Mark:
    """Something that took a part of a whole; both in percent of it."""

    left: float
    width: float
    tone: str = "calm"
    text: str = ""
    length: str = ""
    """How long it took, as people read it."""


@dataclass(frozen=True)
class Table:
    """Rows with a cell for each name of the head."""

    head: Sequence[str]
    rows: Iterable[Sequence[Any]]


def render(report: Report) -> str:
    """Return the whole document; what scripts and people wrote is escaped in it."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.filters["moment"] = partial(figures.moment, zone=report.timezone)
    environment.filters["tone"] = _tone
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(
        report=report,
        facts=list(_facts(report)),
        attempts=_table(
            report.attempts, "attempt", "outcome", "instance_type", "job_name", "reason"
        ),
        lanes=list(_lanes(report.timeline)),
        events=Table(("time (UTC)", "after", "what", "details"), _events(report.timeline)),
        outputs=Table(("size", "key", "bucket"), _outputs(report.outputs)),
        metrics=Table(
            ("name", "value", "sent by"),
            [
                (m["name"], figures.quantity(m["value"], m["unit"]), m["sent_by"])
                for m in report.metrics
            ],
        ),
        alarms=_table(report.alarms, "state", "name", "reason"),
        steps=list(_steps(report.seconds)),
    )


def _tone(word: str) -> str:
    return _TONES.get(word.lower(), "bad")


def _table(rows: Rows, *names: str) -> Table:
    shown = [[row[name] or "" for name in names] for row in rows]
    return Table([name.replace("_", " ") for name in names], shown)


def _facts(report: Report) -> Iterator[tuple[str, Any]]:
    yield "stack", f"{report.stack}, {report.resources} resources"
    yield "job", report.job_name or "none"
    yield "engine", report.engine or "none"
    yield "success marker", report.success_marker or "none: nobody may use these outputs"
    yield "took", duration(sum(report.seconds.values()))


def _lanes(timeline: Rows) -> Iterator[tuple[str, list[Mark]]]:
    """Yield the rows of the picture: a bar for each job, and instants by what they are."""
    whole = _after(timeline, -1) or 1
    jobs: dict[str, list[tuple[float, str]]] = {}
    instants: dict[str, list[Mark]] = {}
    for index, event in enumerate(timeline):
        at, what, detail = _after(timeline, index), event["what"], event["detail"]
        if what == "job":
            name, _, status = detail.rpartition(" ")
            jobs.setdefault(name, []).append((at, status))
        else:
            mark = Mark(round(100 * at / whole, 2), 0, text=detail)
            instants.setdefault(what, []).append(mark)
    yield from instants.items()
    for name, states in jobs.items():
        (begin, _), (end, status) = states[0], states[-1]
        end = whole if status == "InProgress" else end
        left, width = (round(100 * part / whole, 2) for part in (begin, end - begin))
        took = duration(end - begin)
        yield (
            f"attempt {name.rpartition('-')[2]}",
            [Mark(left, width, _tone(status), f"{name} {status}", took)],
        )


def _after(timeline: Rows, index: int) -> float:
    """Return the seconds between the first event and another."""
    if not timeline:
        return 0
    first, then = (datetime.fromisoformat(event["at"]) for event in (timeline[0], timeline[index]))
    return (then - first).total_seconds()


def _events(timeline: Rows) -> Iterator[tuple[str, ...]]:
    for index, event in enumerate(timeline):
        clock = f"{datetime.fromisoformat(event['at']).astimezone(UTC):%H:%M:%S}"
        after = duration(_after(timeline, index))
        yield clock, after, event["what"], event["detail"]


def _outputs(outputs: Rows) -> Iterator[tuple[str, ...]]:
    for output in outputs[:_MOST_OUTPUTS]:
        yield figures.size(output["size"]), output["key"], output["bucket"]
    if more := len(outputs[_MOST_OUTPUTS:]):
        yield "", f"… and {more} more", ""


def _steps(seconds: Mapping[str, float]) -> Iterator[tuple[str, Mark]]:
    whole, before = sum(seconds.values()) or 1, 0.0
    for step, took in seconds.items():
        left, width = (round(100 * part / whole, 2) for part in (before, took))
        yield step, Mark(left, width, length=duration(took))
        before += took
