"""What an attempt costs, by the list prices of its region."""

import json
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.json")
"""Region -> when and where its prices were read; by component (AWS's word), in USD."""
_HOURS_PER_MONTH = 730
"""AWS's month, of every GB-month price."""
_CARDS: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))


def price_date(region: str) -> str | None:
    """Return of which day a region's prices are, or None where there are none."""
    return _CARDS[region]["date"] if region in _CARDS else None


def hourly(region: str) -> dict[str, float]:
    """Return what an hour of each type of processing instance costs, in USD; empty if unknown."""
    return _CARDS[region]["Processing"]["hourly"] if region in _CARDS else {}


def estimate(
    region: str, instance_type: str, instance_count: int, volume_gb: float, seconds: float
) -> float | None:
    """Return what processing instances and their volumes cost for that time, in USD.

    An estimate, not the bill: list prices of one day, without discounts and free tiers. None where
    the region or the type has no price: that of another region would be wrong money.
    """
    usd = hourly(region).get(instance_type)
    if usd is None:
        return None
    gb_month: float = _CARDS[region]["Processing"]["storage_gb_month"]
    return instance_count * (usd + volume_gb * gb_month / _HOURS_PER_MONTH) * seconds / 3600
