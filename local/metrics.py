"""Metrics from log lines, as CloudWatch Logs takes them out of the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Datum:
    """One value of one metric."""

    namespace: str
    dimensions: dict[str, str]
    name: str
    unit: str
    value: float


def extract(line: str) -> list[Datum]:
    """Return the metrics in a log line: none where it is not of the format."""
    if not line.startswith("{"):
        return []
    try:
        record: dict[str, Any] = json.loads(line)
        directives = record["_aws"]["CloudWatchMetrics"]
        found = [
            Datum(
                namespace=directive["Namespace"],
                dimensions={key: record[key] for key in dimensions},
                name=metric["Name"],
                unit=metric.get("Unit", "None"),
                value=float(record[metric["Name"]]),
            )
            for directive in directives
            for dimensions in directive["Dimensions"]
            for metric in directive["Metrics"]
        ]
        return [datum for datum in found if math.isfinite(datum.value)]
    except (ValueError, TypeError, KeyError):
        return []
