"""What a stack costs a month before and after, by the forecasts of the two commits."""

import json

from ci.events import Json, mapping
from ci.markdown import code
from pipeline.text import dollars

_MOST = 1e9
"""USD: a greater forecast is none."""


def read(document: str) -> Json:
    """Return a forecast, as `python -m ci.forecast` writes it; {} if it is none."""
    try:
        return mapping(json.loads(document))
    except (ValueError, RecursionError):
        return {}


def total(forecast: Json) -> str:
    """Return what a stack costs in all; what has no price is a question mark more."""
    parts = [_usd(forecast.get("at_rest")), *map(_usd, mapping(forecast.get("schedules")).values())]
    known = [usd for usd in parts if usd is not None]
    if not known:
        return "?"
    return dollars(sum(known)) + (" + ?" if len(known) < len(parts) else "")


def told(before: Json, after: Json) -> list[str]:
    """Return a line of what is always there, and one of each schedule whose costs change."""
    rows = [("at rest", before.get("at_rest"), after.get("at_rest"))]
    was, will = mapping(before.get("schedules")), mapping(after.get("schedules"))
    rows += [(code(name), was.get(name, 0), will.get(name, 0)) for name in sorted({*was, *will})]
    lines = [
        f"- {name}: {dollars(_usd(old))} → {dollars(_usd(new))}"
        for name, old, new in rows
        if before and after and old != new
    ]
    sides = {"before": before, "after": after}
    lines += [f"- {side}: no forecast was made" for side, found in sides.items() if not found]
    if after and None in will.values():
        lines.append("- ?: the region has no list prices here; `ops prices` gets them")
    return lines


def _usd(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MOST:
        return value
    return None
