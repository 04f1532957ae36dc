"""Quantities and moments as people read them."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from rich import filesize

from pipeline.text import duration


def quantity(value: float, unit: str) -> str:
    """Return a value with its CloudWatch unit, and as many digits as a person reads."""
    if unit == "Seconds":
        return duration(value)
    if unit == "Bytes":
        return filesize.decimal(int(value))
    is_long = float(value).is_integer() or abs(value) >= 1000
    number = f"{value:,.0f}" if is_long else f"{Decimal(f'{value:.3g}'):f}"
    return number + {"Count": "", "None": "", "Percent": " %"}.get(unit, f" {unit}")


def moment(at: str, zone: str | None) -> str:
    """Return an ISO time in UTC, and on the clock of a time zone where that is another one."""
    utc = datetime.fromisoformat(at).astimezone(UTC)
    there = utc.astimezone(ZoneInfo(zone or "UTC"))
    elsewhere = "" if not there.utcoffset() else f" ({there:%a %d %b %H:%M} {zone})"
    return f"{utc:%Y-%m-%d %H:%M:%S} UTC{elsewhere}"
