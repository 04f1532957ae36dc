"""How CloudWatch decides on an alarm's state: pure, from its definition and its datapoints.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

from local.aws.cloudwatch.metric_store import Point

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Value = float | None
"""A period's statistic; None where there is no data."""

_FURTHER_PERIODS = 2
"""Periods beyond the evaluation periods that are looked at in case some are missing, as in AWS's
examples; the exact number is not documented."""
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {"Sum": sum, "Maximum": max}
_MISSING = ("breaching", "ignore", "notBreaching")
_WARM_UP = "WarmUpPeriodDurationInMinutes"
_PLAYED = {
    *("AlarmName", "AlarmArn", "AlarmDescription", "AlarmActions", "Namespace", "MetricName"),
    *("Dimensions", "Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
    *("ComparisonOperator", "TreatMissingData", "WarmUpConfiguration"),
}


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """What an alarm watches, and when it is in alarm: after `periods` in a row that breach."""

    namespace: str
    metric: str
    dimensions: dict[str, str]
    statistic: str
    period: timedelta
    periods: int
    threshold: float
    comparison: str
    missing: str
    """How periods without data count."""
    warm_up: timedelta
    """Nothing is decided so long after the alarm's creation, unless data fill all periods."""

    @classmethod
    def read(cls, definition: dict[str, Any]) -> Self:
        """Return the rule of a PutMetricAlarm.

        Raises:
            NotImplementedError: the alarm has something that is not played here.
        """
        warm_up: dict[str, Any] = definition.get("WarmUpConfiguration", {})
        periods = definition["EvaluationPeriods"]
        unknown = (definition.keys() - _PLAYED) | (warm_up.keys() - {_WARM_UP})
        for key, played in (
            ("ComparisonOperator", _COMPARE),
            ("Statistic", _STATISTICS),
            ("TreatMissingData", _MISSING),
            ("DatapointsToAlarm", (periods, None)),
        ):
            if definition.get(key) not in played:
                unknown.add(f"{key} {definition.get(key)}")
        if unknown:
            names = ", ".join(sorted(unknown))
            raise NotImplementedError(f"the local CloudWatch plays no alarms with {names}")
        return cls(
            namespace=definition["Namespace"],
            metric=definition["MetricName"],
            dimensions={each["Name"]: each["Value"] for each in definition.get("Dimensions", [])},
            statistic=definition["Statistic"],
            period=timedelta(seconds=definition["Period"]),
            periods=periods,
            threshold=definition["Threshold"],
            comparison=definition["ComparisonOperator"],
            missing=definition["TreatMissingData"],
            warm_up=timedelta(minutes=warm_up.get(_WARM_UP, 0)),
        )

    def values(self, points: Sequence[Point], now: datetime) -> list[Value]:
        """Return the statistic of every period of the evaluation range, the newest last.

        Periods end at `now`, which the newest includes.
        """
        count = self.periods + _FURTHER_PERIODS
        found: list[list[float]] = [[] for _ in range(count)]
        for point in points:
            age = (now - point.at) // self.period
            if 0 <= age < count and self._watches(point):
                found[count - 1 - age].append(point.value)
        return [_STATISTICS[self.statistic](values) if values else None for values in found]

    def state(self, values: Sequence[Value], current: State) -> State:
        """Return the state that the values of the evaluation range lead to."""
        compare = _COMPARE[self.comparison]
        breaching = [compare(value, self.threshold) for value in values if value is not None]
        missing = self.periods - len(breaching)
        if missing > 0 and self.missing == "ignore":
            return "OK" if False in breaching else current
        breaching += [self.missing == "breaching"] * missing
        return "ALARM" if all(breaching[-self.periods :]) else "OK"

    def _watches(self, point: Point) -> bool:
        watched = (self.namespace, self.metric, self.dimensions)
        return (point.namespace, point.name, point.dimensions) == watched
