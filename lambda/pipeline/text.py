"""Durations, money, sizes, foreign text and foreign values as people read them."""

from reprlib import Repr

from pipeline.contract import GB

_repr = Repr()
_repr.maxstring = _repr.maxlong = _repr.maxother = 80
_repr.maxlevel = 2


def duration(seconds: float) -> str:
    """Return a length of time in its two largest units: 0.25s, 12m 31s, 1h 02m, 3d 04h."""
    if seconds < 10:
        return f"{round(seconds, 2):g}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02}h"
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {rest:02}s" if minutes else f"{rest}s"


def dollars(amount: float | None) -> str:
    """Return an amount of USD; a question mark where it is not known."""
    if amount is None:
        return "?"
    if amount < 0:
        return f"-{dollars(-amount)}"
    return "<$0.01" if 0 < amount < 0.01 else f"${amount:,.2f}"


def size(in_bytes: float) -> str:
    """Return a number of bytes in the unit of job.sizes, or in MB: 512.0 MB, 1.5 GB."""
    return f"{in_bytes / GB:.1f} GB" if in_bytes >= GB else f"{in_bytes / 2**20:.1f} MB"


def printable(text: str) -> str:
    """Return text that steers no terminal, whatever a script or a person wrote into it."""
    return "".join(char if char.isprintable() or char in "\t\n" else "�" for char in text)


def safe_repr(value: object) -> str:
    """Return a value as Python writes it, in at most 100 characters, without what lies deep."""
    text = _repr.repr(value)
    return text if len(text) <= 100 else f"{text[:99]}…"
