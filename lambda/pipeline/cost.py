"""What an attempt costs, by the list prices of its region."""

import json
from pathlib import Path
from typing import Any

from pipeline.kind import Kind

FILE = Path(__file__).with_name("prices.json")
"""Region -> when and where its prices were read; by component (AWS's word), in USD."""
_HOURS_PER_MONTH = 730
"""AWS's month, of every GB-month price."""
_CARDS: dict[str, dict[str, Any]] = json.loads(FILE.read_text("utf-8"))


def price_date(region: str) -> str | None:
    """Return of which day a region's prices are, or None where there are none."""
    return _CARDS[region]["date"] if region in _CARDS else None


def hourly(region: str, kind: Kind = Kind.PROCESSING) -> dict[str, float]:
    """Return what an hour of each type of instance costs, in USD; empty if unknown.

    Of training as far as that has prices of its own: else they are those of processing, to within
    a cent (prices.json).
    """
    card = _CARDS.get(region)
    if card is None:
        return {}
    return {**card["Processing"]["hourly"], **card[kind]["hourly"]}


def estimate(  # noqa: PLR0913 - one value for each that a price is of
    region: str,
    instance_type: str,
    instance_count: int,
    volume_gb: float,
    seconds: float,
    *,
    kind: Kind = Kind.PROCESSING,
    billable_s: float | None = None,
) -> float | None:
    """Return what a job's instances and their volumes cost for that time, in USD.

    `billable_s` are the seconds that are paid of spot instances, after their discount; None: all.
    An estimate, not the bill: list prices of one day, without discounts and free tiers. None where
    the region or the type has no price: that of another region would be wrong money.
    """
    usd = hourly(region, kind).get(instance_type)
    if usd is None:
        return None
    gb_month: float = _CARDS[region]["Processing"]["storage_gb_month"]
    paid = seconds if billable_s is None else billable_s
    volumes = volume_gb * gb_month / _HOURS_PER_MONTH
    return instance_count * (usd * paid + volumes * seconds) / 3600
