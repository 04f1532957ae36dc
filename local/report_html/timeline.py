"""The run as a picture: a strip in true proportion, and below it what each number means."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.report_html import figures
from local.report_html.markup import Html, join, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_WIDTH, _HEIGHT = 1000, 54
_MARGIN = 34
_CLOSE = 52
"""Marks nearer than this would cover each other: they become one."""
_PAUSE_S = 60
"""A longer wait is written between two lines."""


def render(timeline: Sequence[Mapping[str, Any]]) -> Html:
    """Return the timeline of a run: `at` (ISO 8601), `what` and `detail` of each event."""
    if not timeline:
        return tag("p", "Nothing happened.", class_="nothing")
    events = sorted(
        ((datetime.fromisoformat(event["at"]), event) for event in timeline),
        key=lambda pair: pair[0],
    )
    moments = [at for at, _ in events]
    lines = tag("ol", *_lines(events), class_="events")
    return tag("div", _strip(moments), lines, class_="card timeline")


def _strip(moments: Sequence[datetime]) -> Html:
    first, last = moments[0], moments[-1]
    whole = (last - first).total_seconds() or 1
    reach = _WIDTH - 2 * _MARGIN
    groups: list[tuple[float, int, int]] = []
    for number, at in enumerate(moments, 1):
        x = _MARGIN + reach * (at - first).total_seconds() / whole
        if groups and x - groups[-1][0] < _CLOSE:
            groups[-1] = (groups[-1][0], groups[-1][1], number)
        else:
            groups.append((x, number, number))
    marks = [_mark(*group) for group in groups]
    axis = tag("line", x1=_MARGIN, x2=_WIDTH - _MARGIN, y1=18, y2=18)
    ends = [
        tag("text", figures.clock(first), x=2, y=_HEIGHT - 3),
        tag("text", figures.clock(last), x=_WIDTH - 2, y=_HEIGHT - 3, text_anchor="end"),
    ]
    label = f"{len(moments)} events in {figures.duration((last - first).total_seconds())}"
    return tag(
        "svg", axis, *marks, *ends, viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label
    )


def _mark(x: float, first: int, last: int) -> Html:
    text = str(first) if first == last else f"{first}-{last}"
    width = 24 + 7 * (len(text) - 1)
    box = tag("rect", x=round(x - width / 2, 1), y=6, width=width, height=24, rx=12)
    return join([box, tag("text", text, x=round(x, 1), y=23, text_anchor="middle", class_="on")])


def _lines(events: Sequence[tuple[datetime, Mapping[str, Any]]]) -> Iterator[Html]:
    start = before = events[0][0]
    for number, (at, event) in enumerate(events, 1):
        pause = (at - before).total_seconds()
        if pause >= _PAUSE_S:
            yield tag("li", f"{figures.duration(pause)} later", class_="pause")
        since = (at - start).total_seconds()
        yield tag(
            "li",
            tag("span", str(number), class_="number"),
            tag("time", figures.clock(at), datetime=at.isoformat()),
            tag("span", f"+{figures.duration(since)}", class_="since"),
            tag("b", event["what"]),
            tag("span", event.get("detail") or "", class_="detail"),
        )
        before = at
