"""Charts: lines over time as SVG, bars where there is only one moment, and single values."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from local.report_html import figures
from local.report_html.markup import Html, join, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from local.report_html.series import Series

_WIDTH, _HEIGHT = 400, 190
"""Of the drawing, in units of which a letter takes 12: readable on a laptop and on a phone."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 12, 12, 24
_FEW = 60
"""So many points get a dot each."""
_PALETTE = 8


def draw(series: Sequence[Series], view: str) -> Html:
    """Return the picture of lines of which at least one has data."""
    if view == "singleValue":
        return _single_values(series)
    moments = {at for line in series for at, _ in line.data}
    return _lines(series, moments) if len(moments) > 1 else _bars(series)


def _color(line: Series, index: int) -> str:
    return f"--c: {line.color or f'var(--series-{index % _PALETTE + 1})'}"


def _latest(line: Series) -> str:
    return figures.quantity(line.data[-1][1], line.unit) if line.data else "no data"


def _single_values(series: Sequence[Series]) -> Html:
    items = [
        tag("div", tag("strong", _latest(line)), tag("span", line.label), class_="single")
        for line in series
    ]
    return tag("div", *items, class_="singles")


def _bars(series: Sequence[Series]) -> Html:
    most = max((line.data[-1][1] for line in series if line.data), default=0)
    rows: list[Html] = []
    for index, line in enumerate(series):
        share = max(100 * line.data[-1][1] / most, 0) if line.data and most > 0 else 0
        bar = tag("span", class_="bar", style=f"width: {share:.1f}%")
        rows.append(
            tag(
                "div",
                tag("span", line.label, class_="label"),
                tag("span", bar, class_="track"),
                tag("span", _latest(line), class_="value"),
                class_="bar-row" if line.data else "bar-row none",
                style=_color(line, index),
            )
        )
    return tag("div", *rows, class_="bars")


def _lines(series: Sequence[Series], moments: set[datetime]) -> Html:
    first, last = min(moments), max(moments)
    unit = next(line.unit for line in series if line.data)
    top = _round_up(max(value for line in series for _, value in line.data))

    def place(at: datetime, value: float) -> tuple[float, float]:
        share = (at - first) / (last - first)
        x = _LEFT + share * (_WIDTH - _LEFT - _RIGHT)
        return round(x, 1), round(_TOP + (1 - value / top) * (_HEIGHT - _TOP - _BOTTOM), 1)

    parts = [*_axes(first, last, top, unit)]
    for index, line in enumerate(series):
        spots = [(at, value, *place(at, value)) for at, value in line.data]
        path = " ".join(f"{x},{y}" for _, _, x, y in spots)
        drawn = [tag("polyline", points=path)]
        if len(spots) <= _FEW:
            drawn += [
                tag("circle", tag("title", _spoken(line, at, value)), cx=x, cy=y, r=3.5)
                for at, value, x, y in spots
            ]
        parts.append(tag("g", *drawn, class_="line", style=_color(line, index)))
    label = f"{len(series)} lines from {figures.clock(first)} to {figures.clock(last)} UTC"
    view = f"0 0 {_WIDTH} {_HEIGHT}"
    return join([tag("svg", *parts, viewBox=view, role="img", aria_label=label), _legend(series)])


def _spoken(line: Series, at: datetime, value: float) -> str:
    return f"{line.label}: {figures.quantity(value, line.unit)}, {figures.date_and_time(at)}"


def _axes(first: datetime, last: datetime, top: float, unit: str) -> Iterator[Html]:
    for share in (0, 0.5, 1):
        y = _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)
        yield tag("line", class_="grid", x1=_LEFT, x2=_WIDTH - _RIGHT, y1=y, y2=y)
        text = figures.quantity(share * top, unit)
        yield tag("text", text, x=_LEFT - 6, y=y + 4, text_anchor="end")
    form = "%H:%M:%S" if first.date() == last.date() else "%d %b %H:%M"
    yield tag("text", f"{first:{form}}", x=_LEFT, y=_HEIGHT - 5)
    yield tag("text", f"{last:{form}}", x=_WIDTH - _RIGHT, y=_HEIGHT - 5, text_anchor="end")


def _round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20, … that is not below a value; 1 for 0 and less."""
    if value <= 0:
        return 1
    power = 10 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value)


def _legend(series: Sequence[Series]) -> Html:
    items = [
        tag("li", tag("span", line.label), tag("b", _latest(line)), style=_color(line, index))
        for index, line in enumerate(series)
    ]
    return tag("ul", *items, class_="legend")
