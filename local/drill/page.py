"""drill.html: what came of each scenario, and when what happened where, in one file."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

from local.drill.operator import OPERATOR
from local.drill.play import Played, Word
from local.drill.world import Moment
from ops import page

WORDS: tuple[Word, ...] = get_args(Word)
_TEMPLATE = Path(__file__).with_name("page.html")
_TONES = {
    **dict.fromkeys(("kept", "run there", "done", "back"), "good"),
    **dict.fromkeys(("lost", "run twice", "trouble", "not replicated"), "bad"),
    **dict.fromkeys(("run again", "interrupted", "broken off"), "warn"),
}
"""Word or kind of moment -> tone; every other one is calm."""


def render(ended: Sequence[Played]) -> str:
    """Return the whole document."""
    totals = {word: sum(each.count(word) for each in ended) for word in WORDS}
    rows = [(each, list(_lanes(each))) for each in ended]
    bad = [each.title for each in ended if not each.is_good]
    return page.render(_TEMPLATE, {"tone": _tone}, rows=rows, totals=totals, bad=bad, words=WORDS)


def _tone(word: str) -> str:
    return _TONES.get(word, "calm")


def _lanes(played: Played) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each place's marks in percent of the time: its moments, and its jobs as bars."""
    whole = max((each.at for each in played.moments), default=0) or 1
    regions = list(dict.fromkeys(each.where for each in played.moments))
    for where in sorted(regions, key=lambda each: (each != OPERATOR, each)):
        own = [each for each in played.moments if each.where == where]
        bars = [_mark(begin, end, whole) for begin, end in _spans(own, whole)]
        marks = [_mark(each, each.at, whole) for each in own if each.what not in _BARS]
        yield where, [*bars, *marks]


_BARS = {"job", "lost", "back", "begins", "done", "interrupted", "refused", "broken off"}
"""What begins or ends something that lasts."""


def _spans(own: Sequence[Moment], whole: float) -> Iterator[tuple[Moment, float]]:
    """Yield what lasted, and its end: jobs, commands, and that a region did not answer."""
    open_ones: dict[str, Moment] = {}
    for each in own:
        key = each.detail.rpartition(" ")[0] if each.what == "job" else each.where
        if each.what == "job" and not each.detail.endswith("InProgress"):
            yield open_ones.pop(key, each), each.at
        elif each.what in ("job", "lost", "begins"):
            open_ones[key] = each
        elif each.what in _BARS and key in open_ones:
            yield open_ones.pop(key), each.at
    yield from ((each, whole) for each in open_ones.values())


def _mark(moment: Moment, end: float, whole: float) -> dict[str, Any]:
    return {
        "left": round(100 * moment.at / whole, 2),
        "width": round(100 * (end - moment.at) / whole, 2),
        "kind": moment.what.replace(" ", "-"),
        "tone": _tone(moment.what),
        "text": f"{moment.at:.2f} s {moment.what}: {moment.detail}",
    }
