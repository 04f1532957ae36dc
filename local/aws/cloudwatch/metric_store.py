"""Every datapoint of every metric, with its time; moto's CloudWatch gets it too.

Log lines of the embedded metric format become points as CloudWatch Logs makes them:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from components.aws import models
from local.aws.endpoint import LocalAws

_MOST_VALUES = 100
"""Numbers in one metric's array."""
_OLDEST, _LATEST = timedelta(days=14), timedelta(hours=2)
"""How far from the present an event's time may lie (PutLogEvents)."""


@dataclass(frozen=True)
class Point:
    """One value of one metric."""

    namespace: str
    dimensions: dict[str, str]
    name: str
    unit: str
    """CloudWatch's word, such as Count; `None` for a number without one."""
    value: float
    at: datetime


class MetricStore:
    """The account's metrics; safe to use from several threads."""

    def __init__(self, aws: LocalAws) -> None:
        self._aws, self._lock = aws, threading.Lock()
        self.points: list[Point] = []
        """All points, in the order in which they came."""

    def count(self, namespace: str, dimensions: dict[str, str], **values: int) -> None:
        """Add what a service of AWS counts, now: name -> value."""
        now = datetime.now(UTC)
        self.put(*(Point(namespace, dimensions, k, "Count", v, now) for k, v in values.items()))

    def put_line(self, line: str) -> list[Point]:
        """Do what `put` does with the metrics in a log line."""
        return self.put(*extract(line, datetime.now(UTC)))

    def put(self, *points: Point) -> list[Point]:
        """Keep the points that CloudWatch takes, and return them; the others are dropped."""
        taken: list[Point] = []
        for point in points:
            datum = {
                "MetricName": point.name,
                "Dimensions": [{"Name": k, "Value": v} for k, v in point.dimensions.items()],
                "Unit": point.unit,
                "Value": point.value,
                # Without a zone, as moto has the times that it is asked for.
                "Timestamp": point.at.astimezone(UTC).replace(tzinfo=None),
            }
            asked = {"Namespace": point.namespace, "MetricData": [datum]}
            if not models.violations(models.shape("cloudwatch", "PutMetricData"), asked):
                # Into moto's state: a request for each number took a fifth of a local run's time.
                with self._lock:
                    self._aws.backend("cloudwatch").put_metric_data(point.namespace, [datum])
                taken.append(point)
        self.points.extend(taken)
        return taken


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
