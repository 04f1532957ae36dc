"""report.html: everything that a run left, from top to bottom, in one file that runs no script."""

from collections.abc import Iterator
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
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    filters: dict[str, Any] = {
        "moment": partial(figures.moment, zone=report.timezone),
        "tone": _tone,
        "size": filesize.decimal,
        "quantity": figures.quantity,
        "duration": duration,
    }
    environment.filters.update(filters)
    template = environment.from_string(_TEMPLATE.read_text("utf-8"))
    moments = [datetime.fromisoformat(event["at"]).astimezone(UTC) for event in report.timeline]
    after = [(moment - moments[0]).total_seconds() for moment in moments]
    events = [
        {**event, "time (UTC)": f"{moment:%H:%M:%S}", "after": duration(seconds)}
        for event, moment, seconds in zip(report.timeline, moments, after, strict=True)
    ]
    steps = [{"step": step, "took": duration(took)} for step, took in report.seconds.items()]
    lanes = list(_lanes(report.timeline, after))
    return template.render(report=report, lanes=lanes, events=events, steps=steps)


def _tone(word: str) -> str:
    return _TONES.get(word.lower(), "bad")


def _lanes(timeline: Rows, after: list[float]) -> Iterator[tuple[str, list[Mark], str]]:
    """Yield the rows of a picture: what each shows, its marks, and how long it took.

    There is one for each kind of instant, and one for each job, with a bar. `after` has the seconds
    between the first event and each.
    """
    whole = max(after, default=0) or 1
    jobs: dict[str, list[tuple[float, str]]] = {}
    instants: dict[str, list[Mark]] = {}
    for event, at in zip(timeline, after, strict=True):
        if event["what"] == "job":
            name, _, status = event["detail"].rpartition(" ")
            jobs.setdefault(name, []).append((at, status))
        else:
            mark = Mark(round(100 * at / whole, 2), 0, text=event["detail"])
            instants.setdefault(event["what"], []).append(mark)
    yield from ((what, marks, "") for what, marks in instants.items())
    for name, states in jobs.items():
        (begin, _), (end, status) = states[0], states[-1]
        end = whole if status == "InProgress" else end
        left, width = (round(100 * part / whole, 2) for part in (begin, end - begin))
        bar = Mark(left, width, _tone(status), f"{name} {status}")
        yield f"attempt {name.rpartition('-')[2]}", [bar], duration(end - begin)
