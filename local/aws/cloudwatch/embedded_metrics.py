"""Metrics from log lines, as CloudWatch Logs takes them out of the embedded metric format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from local.aws.cloudwatch.metric_store import Point

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_VALUES = 100
"""Numbers in one metric's array."""
_OLDEST, _LATEST = timedelta(days=14), timedelta(hours=2)
"""How far from the present an event's time may lie (PutLogEvents)."""


def extract(line: str, now: datetime) -> list[Point]:
    """Return the metrics in a log line: none where it is not of the format, or out of time."""
    if not line.startswith("{"):
        return []
    try:
        record: dict[str, Any] = json.loads(line)
        at = datetime.fromtimestamp(record["_aws"]["Timestamp"] / 1000, UTC)
        if not now - _OLDEST <= at <= now + _LATEST:
            return []
        return list(_points(record, at))
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, OSError):
        return []


def _points(record: dict[str, Any], at: datetime) -> Iterator[Point]:
    for directive in record["_aws"]["CloudWatchMetrics"]:
        for keys in directive["Dimensions"]:
            dimensions = {key: record[key] for key in keys}
            if not all(isinstance(value, str) for value in dimensions.values()):
                continue
            for metric in directive["Metrics"]:
                name, unit = metric["Name"], metric.get("Unit", "None")
                for value in _values(record[name]):
                    yield Point(directive["Namespace"], dimensions, name, unit, value, at)


def _values(target: Any) -> list[float]:  # noqa: ANN401 - any JSON value
    """Return a metric's number or numbers: the format allows an array, which Powertools writes."""
    found = cast("list[Any]", target) if isinstance(target, list) else [target]
    if len(found) > _MOST_VALUES:
        return []
    return [float(v) for v in found if type(v) in (int, float) and math.isfinite(v)]
