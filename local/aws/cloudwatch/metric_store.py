"""Every datapoint of every metric, with its time; moto's CloudWatch gets it too."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.aws.endpoint import InvalidRequestError

if TYPE_CHECKING:
    from local.aws.endpoint import LocalAws


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
        self._aws = aws
        self._points: list[Point] = []
        self._lock = threading.Lock()

    @property
    def points(self) -> list[Point]:
        """All points, in the order in which they came."""
        with self._lock:
            return list(self._points)

    def clear(self) -> None:
        """Forget all points: what is evaluated next begins without a past."""
        with self._lock:
            self._points.clear()

    def count(self, namespace: str, dimensions: dict[str, str], **values: int) -> None:
        """Add what a service of AWS counts, now: name -> value."""
        now = datetime.now(UTC)
        self.put(*(Point(namespace, dimensions, k, "Count", v, now) for k, v in values.items()))

    def put(self, *points: Point) -> list[Point]:
        """Keep the points that CloudWatch takes, and return them; the others are dropped."""
        return [point for point in points if self._put(point)]

    def _put(self, point: Point) -> bool:
        datum = {
            "MetricName": point.name,
            "Dimensions": [{"Name": k, "Value": v} for k, v in point.dimensions.items()],
            "Unit": point.unit,
            "Value": point.value,
            "Timestamp": point.at,
        }
        with self._lock:
            try:
                self._aws.client("cloudwatch").put_metric_data(
                    Namespace=point.namespace, MetricData=[datum]
                )
            except (InvalidRequestError, ClientError):
                return False
            self._points.append(point)
        return True
