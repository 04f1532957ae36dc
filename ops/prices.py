"""The list prices of a stack's region, from AWS's Price List API.

Usage types are spelled `EUC1-Processing:ml.m5.large` and `EUC1-Train:VolumeUsage.gp2`; AWS does not
document them, so what is not found as expected is refused, and nothing is written.
"""

import argparse
import json
import re
from collections.abc import Iterator
from typing import Any, cast

import boto3
from botocore import exceptions
from rich.text import Text

from ops.session import Session
from ops.stack import OpsError
from pipeline import cost

_NEAREST = {"eu": "eu-central-1", "ap": "ap-south-1"}
"""How a region begins -> where the API is; else us-east-1. AWS has it in these three only."""
_COMPONENTS = {"Processing": "Processing", "Training": "Train"}
"""A component -> the same in the usage types."""

Product = dict[str, Any]


def fetch(session: Session, options: argparse.Namespace) -> int:
    """Write what a region's processing and training instances and their storage cost."""
    del options
    region = session.stack.region
    try:
        card = {name: _component(region, name) for name in _COMPONENTS}
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise OpsError(f"AWS's Price List API cannot be reached: {error}; repeat.") from error
    cards = json.loads(cost.FILE.read_text("utf-8"))
    source = "AWS's Price List API (GetProducts of AmazonSageMaker), on-demand"
    cards[region] = {"date": f"{session.now():%Y-%m-%d}", "source": source, **card}
    cost.FILE.write_text(json.dumps(cards, indent=2) + "\n", "utf-8")
    types = {name.lower(): len(prices["hourly"]) for name, prices in card.items()}
    found = ", ".join(f"{count} types for {name}" for name, count in types.items())
    text = f"{cost.FILE.name} has {region} of today: {found}. Commit it; pulumi up deploys it."
    session.screen.answer({"region": region, "types": types, **cards[region]}, Text(text))
    return 0


def _component(region: str, component: str) -> dict[str, Any]:
    """Return the prices of a component.

    Raises:
        OpsError: the API has no price of its instances, or of their volumes.
    """
    usage = re.compile(rf"(?:.*-)?{_COMPONENTS[component]}:(ml\.\S+|VolumeUsage)(?:\.gp\d)?")
    hourly: dict[str, float] = {}
    for filters in ({"component": component}, {"productFamily": "Storage"}):
        for product in _products({"regionCode": region, **filters}):
            found = usage.fullmatch(product["product"]["attributes"].get("usagetype", ""))
            if found and (usd := _dearest(product)):
                hourly[found[1]] = max(usd, hourly.get(found[1], 0))
    storage = hourly.pop("VolumeUsage", None)
    if storage is None or not hourly:
        missing = "storage" if hourly else "instances"
        raise OpsError(
            f"AWS's Price List API has no price of {component} {missing} in {region}: nothing is "
            f"written. Enter it by hand in {cost.FILE.name}, in the form of the other regions."
        )
    return {"storage_gb_month": storage, "hourly": dict(sorted(hourly.items()))}


def _products(attributes: dict[str, str]) -> Iterator[Product]:
    endpoint = _NEAREST.get(attributes["regionCode"][:2], "us-east-1")
    pages = cast("Any", boto3).client("pricing", region_name=endpoint).get_paginator("get_products")
    filters = [
        {"Type": "TERM_MATCH", "Field": field, "Value": value}
        for field, value in attributes.items()
    ]
    for page in pages.paginate(ServiceCode="AmazonSageMaker", Filters=filters):
        yield from map(json.loads, page["PriceList"])


def _dearest(product: Product) -> float:
    """Return a product's highest price, as tiers may have several; 0 without any in USD."""
    return max(
        (
            float(dimension["pricePerUnit"].get("USD", 0))
            for offer in product["terms"].get("OnDemand", {}).values()
            for dimension in offer["priceDimensions"].values()
        ),
        default=0,
    )
