"""report.html: everything that a run left, from top to bottom, in one file that runs no script."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from rich import filesize

from local.run.report import Report, Rows
from ops import page
from pipeline.text import duration

_TEMPLATE = Path(__file__).with_name("page.html")
_TONES = {
    **dict.fromkeys(("completed", "ok"), "good"),
    **dict.fromkeys(("skipped", "stopped", "replaced", "insufficient_data", "inprogress"), "calm"),
    "waiting": "calm",
}
"""Outcome, status or state in lower case -> tone; every other one is bad."""


def render(report: Report) -> str:
    """Return the whole document; what scripts and people wrote is escaped in it."""
    filters: dict[str, Callable[..., str]] = {
        "moment": partial(moment, zone=report.timezone),
        "tone": _tone,
        "size": filesize.decimal,
        "quantity": quantity,
    }
    times = [datetime.fromisoformat(event["at"]).astimezone(UTC) for event in report.timeline]
    after = [(time - times[0]).total_seconds() for time in times]
    events = [
        {**event, "time (UTC)": f"{time:%H:%M:%S}", "after": duration(seconds)}
        for event, time, seconds in zip(report.timeline, times, after, strict=True)
    ]
    steps = [{"step": step, "took": duration(took)} for step, took in report.seconds.items()]
    lanes = list(_lanes(report.timeline, after))
    return page.render(_TEMPLATE, filters, report=report, lanes=lanes, events=events, steps=steps)


def quantity(value: float, unit: str) -> str:
    """Return a value with its CloudWatch unit, and as many digits as a person reads."""
    if unit == "Seconds":
        return duration(value)
    if unit == "Bytes":
        return filesize.decimal(int(value))
    is_long = float(value).is_integer() or abs(value) >= 1000
    number = f"{value:,.0f}" if is_long else f"{Decimal(f'{value:.3g}'):f}"
    return number + {"Count": "", "None": "", "Percent": " %"}.get(unit, f" {unit}")


def moment(at: str, zone: str | None) -> str:
    """Return an ISO time in UTC, and on the clock of a time zone where that is another one."""
    utc = datetime.fromisoformat(at).astimezone(UTC)
    there = utc.astimezone(ZoneInfo(zone or "UTC"))
    elsewhere = "" if not there.utcoffset() else f" ({there:%a %d %b %H:%M} {zone})"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC{elsewhere}"


def _tone(word: str) -> str:
    return _TONES.get(word.lower(), "bad")


def _lanes(timeline: Rows, after: list[float]) -> Iterator[tuple[str, Rows, str]]:
    """Yield the rows of a picture: what each shows, its marks in percent, and how long it took.

    There is one for each kind of instant, and one for each job, with a bar. `after` has the seconds
    between the first event and each.
    """
    whole = max(after, default=0) or 1
    jobs: dict[str, list[tuple[float, str]]] = {}
    instants: dict[str, Rows] = {}
    for event, at in zip(timeline, after, strict=True):
        if event["what"] == "job":
            name, _, status = event["detail"].rpartition(" ")
            jobs.setdefault(name, []).append((at, status))
        else:
            left = round(100 * at / whole, 2)
            mark = {"left": left, "width": 0, "tone": "calm", "text": event["detail"]}
            instants.setdefault(event["what"], []).append(mark)
    yield from ((what, marks, "") for what, marks in instants.items())
    for name, states in jobs.items():
        (begin, _), (end, status) = states[0], states[-1]
        end = whole if status == "InProgress" else end
        left, width = (round(100 * part / whole, 2) for part in (begin, end - begin))
        text = f"{name} {status}"
        bar = {"left": left, "width": width, "tone": _tone(status), "text": text}
        yield f"attempt {name.rpartition('-')[2]}", [bar], duration(end - begin)
