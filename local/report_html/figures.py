"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def quantity(value: float, unit: str) -> str:
    """Return a value with its CloudWatch unit; Count and None need no word."""
    if unit == "Seconds":
        return duration(value)
    if unit == "Percent":
        return f"{number(value)} %"
    return number(value) if unit in ("Count", "None") else f"{number(value)} {unit}"


def number(value: float) -> str:
    """Return a number with what a person reads of it: 1,234, 12.5, 0.00123."""
    if float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def duration(seconds: float) -> str:
    """Return a duration in its two largest units."""
    if abs(seconds) < 60:
        return f"{number(round(seconds, 2))} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def clock(at: datetime) -> str:
    """Return the time of day in UTC, to the second."""
    return f"{at.astimezone(UTC):%H:%M:%S}"


def date_and_time(at: datetime) -> str:
    """Return date and time in UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
