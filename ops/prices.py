"""The list prices of a stack's region, from AWS's Price List API.

Usage types are spelled `EUC1-Processing:ml.m5.large` and `EUC1-Train:VolumeUsage.gp2`; AWS does not
document them, so what is not found as expected is refused, and nothing is written.
"""

import argparse
import json
import re
from collections.abc import Callable
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
GetProducts = Callable[[dict[str, Any]], Any]
"""Answers a request for products, with those of all pages."""


def fetch(session: Session, options: argparse.Namespace) -> int:
    """Write what a region's processing and training instances and their storage cost."""
    del options
    region = session.stack.region
    try:
        pages = client(region).get_paginator("get_products")
        found = card(region, lambda wanted: pages.paginate(**wanted).build_full_result())
    except (exceptions.ConnectionError, exceptions.HTTPClientError) as error:
        raise OpsError(f"AWS's Price List API cannot be reached: {error}; repeat.") from error
    cards = json.loads(cost.FILE.read_text("utf-8"))
    source = "AWS's Price List API (GetProducts of AmazonSageMaker), on-demand"
    cards[region] = {"date": f"{session.now():%Y-%m-%d}", "source": source, **found}
    cost.FILE.write_text(json.dumps(cards, indent=2) + "\n", "utf-8")
    types = {name.lower(): len(prices["hourly"]) for name, prices in found.items()}
    counts = ", ".join(f"{count} types for {name}" for name, count in types.items())
    text = f"{cost.FILE.name} has {region} of today: {counts}. Commit it; pulumi up deploys it."
    session.screen.answer({"region": region, "types": types, **cards[region]}, Text(text))
    return 0


def client(region: str) -> Any:  # noqa: ANN401 - a boto3 client
    """Return one of the API, wherever it is, with a region's prices."""
    return cast("Any", boto3).client("pricing", region_name=_NEAREST.get(region[:2], "us-east-1"))


def card(region: str, get_products: GetProducts) -> dict[str, dict[str, Any]]:
    """Return what a region's instances and their storage cost, for each kind of job.

    Raises:
        OpsError: the API has no price of a kind's instances, or of their volumes.
    """
    return {name: _component(region, name, get_products) for name in _COMPONENTS}


def _component(region: str, component: str, get_products: GetProducts) -> dict[str, Any]:
    usage = re.compile(rf"(?:.*-)?{_COMPONENTS[component]}:(ml\.\S+|VolumeUsage)(?:\.gp\d)?")
    hourly: dict[str, float] = {}
    for filters in ({"component": component}, {"productFamily": "Storage"}):
        attributes = {"regionCode": region, **filters}
        asked = [{"Type": "TERM_MATCH", "Field": k, "Value": v} for k, v in attributes.items()]
        answer = get_products({"ServiceCode": "AmazonSageMaker", "Filters": asked})
        for product in map(json.loads, answer["PriceList"]):
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
