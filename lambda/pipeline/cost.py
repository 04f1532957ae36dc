"""What an attempt costs, by a dated rate card."""

import json
from pathlib import Path
from typing import Any

_CARD: dict[str, Any] = json.loads(
    Path(__file__).with_name("rates.json").read_text(encoding="utf-8")
)
_HOURS_PER_MONTH = 730
"""AWS's month, of every GB-month price."""
RATE_DATE: str = _CARD["date"]


def estimate(
    instance_type: str, instance_count: int, volume_gb: float, seconds: float
) -> float | None:
    """Return what the instances and their volumes cost for that time, in USD.

    An estimate, not the bill: rates.json has list prices of us-east-1 on RATE_DATE. Other regions
    and later prices differ, and no discount or free tier is known here; replace the file to change
    them. None where the type is not on the card.
    """
    hourly: float | None = _CARD["hourly"].get(instance_type)
    if hourly is None:
        return None
    storage: float = volume_gb * _CARD["storage_gb_month"] / _HOURS_PER_MONTH
    return instance_count * (hourly + storage) * seconds / 3600
