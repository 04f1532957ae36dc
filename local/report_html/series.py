"""A metric widget's lines: what its entries select of a run's data points."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import fmean
from typing import TYPE_CHECKING, Any

from local.report_html import search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from local.aws.cloudwatch.metric_store import Point

_STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}


@dataclass(frozen=True)
class Series:
    """One line of a graph; without data where the run had none."""

    label: str
    unit: str
    color: str | None
    """`#rrggbb`, or None for the next of the palette."""
    data: list[tuple[datetime, float]]
    """Beginnings of periods and their values, ascending."""


def of_widget(properties: Mapping[str, Any], points: Sequence[Point]) -> list[Series]:
    """Return the lines of a metric widget.

    Raises:
        ValueError: if an entry needs something that is only there on AWS, such as metric math.
    """
    defaults = {"stat": "Average", "period": 300, **properties}
    found: list[Series] = []
    for words, options in _written_out(properties["metrics"]):
        shown = {**defaults, **options}
        if "expression" in options:
            found += _searched(options["expression"], shown, points)
        elif options.get("visible", True):
            found.append(_selected(words, shown, points))
    return found


def _written_out(
    entries: Iterable[Sequence[Any]],
) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """Yield words and options of each entry, with `.` and `...` replaced by what they stand for."""
    before: list[str] = []
    for entry in entries:
        words = [word for word in entry if isinstance(word, str)]
        if "..." in words:
            at = words.index("...")
            after = words[at + 1 :]
            words = [*words[:at], *before[at : len(before) - len(after)], *after]
        words = [before[i] if word == "." else word for i, word in enumerate(words)]
        before = words or before
        yield words, entry[-1] if entry and isinstance(entry[-1], dict) else {}


def _selected(words: Sequence[str], shown: Mapping[str, Any], points: Sequence[Point]) -> Series:
    namespace, name, *pairs = words
    dimensions = dict(zip(pairs[::2], pairs[1::2], strict=True))
    own = [
        point
        for point in points
        if (point.namespace, point.name, point.dimensions) == (namespace, name, dimensions)
    ]
    label = shown.get("label") or " ".join([name, *dimensions.values()])
    return _series(label, shown, own, shown["stat"], shown["period"])


def _searched(
    expression: str, shown: Mapping[str, Any], points: Sequence[Point]
) -> Iterator[Series]:
    """Yield a line for each metric that a search finds."""
    query = search.parse(expression)
    found: defaultdict[tuple[str, ...], list[Point]] = defaultdict(list)
    for point in points:
        if query.finds(point):
            found[point.name, *sorted(point.dimensions.values())].append(point)
    for (_, *values), own in sorted(found.items()):
        label = " ".join([shown.get("label", ""), *values]).strip()
        yield _series(label, shown, own, query.stat, query.period or shown["period"])


def _series(
    label: str, shown: Mapping[str, Any], points: Sequence[Point], stat: str, period: int
) -> Series:
    if stat not in _STATISTICS:
        message = f"statistic {stat}: only {', '.join(_STATISTICS)}"
        raise ValueError(message)
    periods: defaultdict[int, list[float]] = defaultdict(list)
    for point in points:
        periods[int(point.at.timestamp() // period)].append(point.value)
    data = [
        (datetime.fromtimestamp(index * period, UTC), float(_STATISTICS[stat](values)))
        for index, values in sorted(periods.items())
    ]
    color = shown.get("color")
    safe = color if color and re.fullmatch(r"#[0-9a-fA-F]{6}", color) else None
    unit = "Count" if stat == "SampleCount" else points[0].unit if points else "None"
    return Series(label, unit, safe, data)
