"""How CloudWatch decides on an alarm's state: pure, from its PutMetricAlarm and its datapoints.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from local.aws.cloudwatch.metric_store import Point

Definition = dict[str, Any]
"""The request of a PutMetricAlarm."""
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
WARM_UP = "WarmUpPeriodDurationInMinutes"
"""How long after its creation nothing is decided, unless data fill all periods."""
_PLAYED = {
    *("AlarmName", "AlarmDescription", "AlarmActions", "Namespace", "MetricName", "Dimensions"),
    *("Statistic", "Period", "EvaluationPeriods", "DatapointsToAlarm", "Threshold"),
    *("ComparisonOperator", "TreatMissingData", "WarmUpConfiguration"),
}


def check(alarm: Definition) -> None:
    """Refuse an alarm that is not played here: played is one after so many breaches in a row.

    Raises:
        NotImplementedError: names what the alarm has.
    """
    unknown = alarm.keys() - _PLAYED
    unknown |= alarm.get("WarmUpConfiguration", {}).keys() - {WARM_UP}
    for key, played in (
        ("ComparisonOperator", _COMPARE),
        ("Statistic", _STATISTICS),
        ("TreatMissingData", ("breaching", "ignore", "notBreaching")),
        ("DatapointsToAlarm", (alarm["EvaluationPeriods"], None)),
    ):
        if alarm.get(key) not in played:
            unknown.add(f"{key} {alarm.get(key)}")
    if unknown:
        names = ", ".join(sorted(unknown))
        raise NotImplementedError(f"the local CloudWatch plays no alarms with {names}")


def values(alarm: Definition, points: Sequence[Point], now: datetime) -> list[Value]:
    """Return the statistic of every period of the evaluation range, the newest last.

    Periods end at `now`, which the newest includes.
    """
    dimensions = {each["Name"]: each["Value"] for each in alarm.get("Dimensions", [])}
    watched = (alarm["Namespace"], alarm["MetricName"], dimensions)
    count = alarm["EvaluationPeriods"] + _FURTHER_PERIODS
    found: list[list[float]] = [[] for _ in range(count)]
    for point in points:
        age = (now - point.at) // timedelta(seconds=alarm["Period"])
        if 0 <= age < count and (point.namespace, point.name, point.dimensions) == watched:
            found[count - 1 - age].append(point.value)
    statistic = _STATISTICS[alarm["Statistic"]]
    return [statistic(each) if each else None for each in found]


def state(alarm: Definition, found: Sequence[Value], current: State) -> State:
    """Return the state that the values of the evaluation range lead to."""
    compare, treatment = _COMPARE[alarm["ComparisonOperator"]], alarm["TreatMissingData"]
    breaching = [compare(value, alarm["Threshold"]) for value in found if value is not None]
    missing = alarm["EvaluationPeriods"] - len(breaching)
    if missing > 0 and treatment == "ignore":
        return "OK" if False in breaching else current
    breaching += [treatment == "breaching"] * missing
    return "ALARM" if all(breaching[-alarm["EvaluationPeriods"] :]) else "OK"
