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


def estimate(
    region: str, instance_type: str, instance_count: int, volume_gb: float, seconds: float
) -> float | None:
    """Return what processing instances and their volumes cost for that time, in USD.

    An estimate, not the bill: list prices of one day, without discounts and free tiers. None where
    the region or the type has no price: that of another region would be wrong money.
    """
    if region not in _CARDS:
        return None
    prices: dict[str, Any] = _CARDS[region]["Processing"]
    hourly: float | None = prices["hourly"].get(instance_type)
    if hourly is None:
        return None
    storage: float = volume_gb * prices["storage_gb_month"] / _HOURS_PER_MONTH
    return instance_count * (hourly + storage) * seconds / 3600
