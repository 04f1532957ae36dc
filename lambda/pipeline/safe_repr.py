"""How an error shows a value that somebody sent: recognisable, short, and whatever its form."""

from __future__ import annotations

from reprlib import Repr

LONGEST = 100
"""Characters."""

_repr = Repr()
_repr.maxstring = _repr.maxlong = _repr.maxother = 80
_repr.maxlevel = 2


def safe_repr(value: object) -> str:
    """Return a value as Python writes it, shortened in its middle, without what lies deep in it."""
    text = _repr.repr(value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
