"""How CloudWatch decides on an alarm's state: pure, from its definition and its datapoints.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

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
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTICS: dict[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}
_PLAYED = {
    *("AlarmName", "AlarmArn", "AlarmDescription", "ActionsEnabled", "AlarmActions", "OKActions"),
    *("InsufficientDataActions", "Namespace", "MetricName", "Dimensions", "Unit", "Statistic"),
    *("Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold", "ComparisonOperator"),
    *("TreatMissingData", "WarmUpConfiguration"),
}


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """What an alarm watches, and when it is in alarm."""

    namespace: str
    metric: str
    dimensions: dict[str, str]
    unit: str | None
    statistic: str
    period: timedelta
    periods: int
    datapoints: int
    """How many of the periods have to breach."""
    threshold: float
    comparison: str
    missing: str
    """breaching, notBreaching, ignore or missing."""
    warm_up: timedelta
    """Zero for none."""
    whole_warm_up: bool
    """Whether data that fill the window do not end the warm-up."""

    @classmethod
    def read(cls, definition: dict[str, Any]) -> AlarmRule:
        """Return the rule of a PutMetricAlarm.

        Raises:
            NotImplementedError: the alarm has something that is not played here.
        """
        if unknown := definition.keys() - _PLAYED:
            names = ", ".join(sorted(unknown))
            raise NotImplementedError(f"the local CloudWatch plays no alarms with {names}")
        warm_up: dict[str, Any] = definition.get("WarmUpConfiguration", {})
        return cls(
            namespace=definition["Namespace"],
            metric=definition["MetricName"],
            dimensions={each["Name"]: each["Value"] for each in definition.get("Dimensions", [])},
            unit=definition.get("Unit"),
            statistic=definition["Statistic"],
            period=timedelta(seconds=definition["Period"]),
            periods=definition["EvaluationPeriods"],
            datapoints=definition.get("DatapointsToAlarm", definition["EvaluationPeriods"]),
            threshold=definition["Threshold"],
            comparison=definition["ComparisonOperator"],
            missing=definition.get("TreatMissingData", "missing"),
            warm_up=timedelta(minutes=warm_up.get("WarmUpPeriodDurationInMinutes", 0)),
            whole_warm_up=warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds", False),
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

    def fills_window(self, values: Sequence[Value]) -> bool:
        """Return whether none of the evaluation periods is without data."""
        return None not in values[-self.periods :]

    def state(self, values: Sequence[Value], current: State) -> State:
        """Return the state that the values of the evaluation range lead to."""
        real = [self._breaches(value) for value in values if value is not None]
        if len(real) >= self.periods:
            return self._decide(real[-self.periods :])
        missing = self.periods - len(real)
        if self.missing in ("breaching", "notBreaching"):
            return self._decide([*real, *[self.missing == "breaching"] * missing])
        if False in real or real.count(True) >= self.datapoints:
            return self._decide(real)
        if self.missing == "ignore":
            return current
        return self._premature(values) if real else "INSUFFICIENT_DATA"

    def _decide(self, breaching: Sequence[bool]) -> State:
        return "ALARM" if breaching.count(True) >= self.datapoints else "OK"

    def _breaches(self, value: float) -> bool:
        return _COMPARE[self.comparison](value, self.threshold)

    def _premature(self, values: Sequence[Value]) -> State:
        """Decide on too few datapoints, all of which breach: by the age of the oldest."""
        age = max(len(values) - index for index, value in enumerate(values) if value is not None)
        return "ALARM" if age >= self.datapoints else "OK"

    def _watches(self, point: Point) -> bool:
        return (
            (point.namespace, point.name) == (self.namespace, self.metric)
            and point.dimensions == self.dimensions
            and self.unit in (None, point.unit)
        )
