"""Draw the tables of docs/performance.md: what a picture shows is what stands there.

Usage: .venv-benchmarks/bin/python -m benchmarks.pictures
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from typing import Any

from benchmarks.process import ROOT

_PAGE = ROOT / "docs" / "performance.md"
_PLACE = ROOT / "docs" / "performance"
_COLOURS = ("#1f5fae", "#d9822b", "#5b8c5a", "#8a8f98")

pyplot: Any = import_module("matplotlib.pyplot")
pyplot.rcParams.update(
    {
        "svg.hashsalt": "benchmarks",  # else ids differ from run to run
        "svg.fonttype": "none",  # letters as text: smaller, and to be found
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e3e5e8",
        "legend.frameon": False,
    }
)

Row = dict[str, str]


def table(heading: str) -> list[Row]:
    """Return the first table below a heading of the page."""
    below = _PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    [first, *_] = re.findall(r"(?:^\|.*\n)+", below, re.MULTILINE)
    heads, _, *rows = [re.split(r" *\| *", line.strip("| ")) for line in first.splitlines()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def number(text: str) -> float | None:
    """Return what a cell says; None where it has words."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return None


def bars(axes: Any, groups: Sequence[str], series: Mapping[str, Iterable[str]], unit: str) -> None:
    """Draw bars with their numbers, side by side in groups that are read from the top."""
    height = 0.8 / len(series)
    for index, (name, cells) in enumerate(series.items()):
        for place, cell in enumerate(cells):
            at, value = place + (index - (len(series) - 1) / 2) * height, number(cell)
            label = name if not place else None
            axes.barh(at, value or 0, height * 0.9, color=_COLOURS[index], label=label)
            where = axes.transData if value else axes.get_yaxis_transform()
            axes.text(value or 0, at, f" {cell}", transform=where, va="center", fontsize=8)
    axes.set_yticks(range(len(groups)), groups)
    axes.set_ylim(len(groups) - 0.5, -0.5)
    axes.grid(visible=False, axis="y")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.set_xlabel(unit)
    axes.margins(x=0.15)


def by(rows: Sequence[Row], name: str, value: str) -> dict[str, list[str]]:
    """Return the cells of a column by what another names."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row[value])
    return found


def cold_start(figure: Any) -> None:
    """Draw processor time and memory of each start."""
    rows = table("Cold start of the functions")
    titles = [row["start of"] for row in rows]
    for axes, column in zip(
        figure.subplots(1, 2, sharey=True), ("cpu-seconds", "peak MB"), strict=True
    ):
        bars(axes, titles, {column: [row[column] for row in rows]}, column)


def sizing(figure: Any) -> None:
    """Draw calls and seconds of each list."""
    rows = table("Sizing an input")
    groups = [f"{objects} objects" for objects in by(rows, "objects", "list")]
    for axes, column in zip(figure.subplots(1, 2, sharey=True), ("calls", "seconds"), strict=True):
        axes.set_xscale("log")
        bars(axes, groups, by(rows, "list", column), column)


def growth(figure: Any) -> None:
    """Draw hours and cents a GB over the size of the input."""
    rows = table("Growth")
    hours = {"by tiers": "hours", "always one": "hours of one"}
    cents = {"by tiers": "cents a GB", "always one": "of one", "always 100": "of 100"}
    left, right = figure.subplots(1, 2)
    for axes, columns, unit in ((left, hours, "hours"), (right, cents, "cents a GB")):
        for colour, (title, column) in zip(_COLOURS, columns.items(), strict=False):
            points = [(number(row["GB"]), number(row[column])) for row in rows]
            axes.plot(*zip(*points, strict=True), ".-", color=colour, label=title)
        axes.set(xscale="log", yscale="log", xlabel="GB of input", ylabel=unit)
        axes.minorticks_off()
        axes.xaxis.set_major_formatter("{x:,g}")
        axes.yaxis.set_major_formatter("{x:g}")
    right.set_yticks([0.2, 0.5, 1, 2, 5])


def at_rest(figure: Any) -> None:
    """Draw what each stack costs while nothing runs."""
    rows = table("Cost at rest")
    series = {
        "this": "USD a month",
        "a VPC with NAT gateways": "with NAT gateways",
        "a t3.small": "a t3.small",
    }
    cells = {title: [row[column] for row in rows] for title, column in series.items()}
    bars(figure.subplots(), [row["stack"] for row in rows], cells, "USD a month")


def engine(figure: Any) -> None:
    """Draw the processor time of each operation of each stack."""
    rows = table("Preview and up")
    wrapped = ["\n".join(textwrap.wrap(stack, 26)) for stack in by(rows, "stack", "operation")]
    bars(figure.subplots(), wrapped, by(rows, "operation", "cpu-seconds"), "cpu-seconds")


def sample(figure: Any) -> None:
    """Draw how fast each reader is."""
    rows = table("The sample script")
    axes, column = figure.subplots(), "MB per cpu-second"
    axes.set_xscale("log")
    bars(axes, [*by(rows, "file", "reader")], by(rows, "reader", column), column)


PICTURES: dict[Callable[[Any], None], float] = {
    cold_start: 2.6,
    sizing: 2.8,
    growth: 3.2,
    at_rest: 3.2,
    engine: 4,
    sample: 4.2,
}
"""What draws -> inches of height."""


if __name__ == "__main__":
    _PLACE.mkdir(exist_ok=True)
    for draw, height in PICTURES.items():
        figure = pyplot.figure(figsize=(7.5, height), layout="constrained")
        draw(figure)
        handles, labels = figure.axes[-1].get_legend_handles_labels()
        if len(labels) > 1:
            figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        file = _PLACE / f"{draw.__name__.replace('_', '-')}.svg"
        figure.savefig(file, metadata={"Date": None})
        print(file.relative_to(ROOT), file.stat().st_size)
