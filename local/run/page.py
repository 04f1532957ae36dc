"""report.html: everything that a run left, from top to bottom, in one file that runs no script."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from rich import filesize

from local.run import figures
from local.run.report import Report, Rows
from pipeline.text import duration

_TEMPLATE = Path(__file__).with_name("page.html")
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


def render(report: Report) -> str:
    """Return the whole document; what scripts and people wrote is escaped in it."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.trim_blocks = environment.lstrip_blocks = True
    filters: dict[str, Any] = {
        "moment": partial(figures.moment, zone=report.timezone),
        "tone": _tone,
        "size": filesize.decimal,
        "quantity": figures.quantity,
        "duration": duration,
    }
    environment.filters.update(filters)
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    return template.render(
        report=report,
        lanes=list(_lanes(report.timeline)),
        events=list(_events(report.timeline)),
        steps=list(_steps(report.seconds)),
    )


def _tone(word: str) -> str:
    return _TONES.get(word.lower(), "bad")


Lane = tuple[str, list[Mark], str]
"""A row of a picture: what it shows, its marks, and how long it took."""


def _lanes(timeline: Rows) -> Iterator[Lane]:
    """Yield instants by what they are, and a bar for each job."""
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
    yield from ((what, marks, "") for what, marks in instants.items())
    for name, states in jobs.items():
        (begin, _), (end, status) = states[0], states[-1]
        end = whole if status == "InProgress" else end
        left, width = (round(100 * part / whole, 2) for part in (begin, end - begin))
        bar = Mark(left, width, _tone(status), f"{name} {status}")
        yield f"attempt {name.rpartition('-')[2]}", [bar], duration(end - begin)


def _after(timeline: Rows, index: int) -> float:
    """Return the seconds between the first event and another."""
    if not timeline:
        return 0
    first, then = (datetime.fromisoformat(event["at"]) for event in (timeline[0], timeline[index]))
    return (then - first).total_seconds()


def _events(timeline: Rows) -> Iterator[dict[str, str]]:
    for index, event in enumerate(timeline):
        clock = f"{datetime.fromisoformat(event['at']).astimezone(UTC):%H:%M:%S}"
        yield {**event, "time (UTC)": clock, "after": duration(_after(timeline, index))}


def _steps(seconds: Mapping[str, float]) -> Iterator[Lane]:
    whole, before = sum(seconds.values()) or 1, 0.0
    for step, took in seconds.items():
        left, width = (round(100 * part / whole, 2) for part in (before, took))
        yield step, [Mark(left, width)], duration(took)
        before += took
