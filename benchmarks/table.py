"""What a benchmark has measured, as the table that docs/performance.md keeps."""

from collections.abc import Iterable, Sequence


def show(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table; each row as soon as it is known."""
    for row in (heads, ["---"] * len(heads)):
        print(_line(row))
    for row in rows:
        print(_line(row), flush=True)


def _line(cells: Sequence[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"
