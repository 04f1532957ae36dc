"""Alarms and dashboards."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import State, creates
from local.deploy.kinds.shapes import pascal

if TYPE_CHECKING:
    from local.deploy.resources import Resources

_SPELLED_OTHERWISE = {"name": "AlarmName", "okActions": "OKActions"}


@creates("aws:cloudwatch/metricAlarm:MetricAlarm")
def _alarm(local: Resources, inputs: State) -> State:
    """Create an alarm; a new one has not enough data for any other state."""
    dimensions: dict[str, str] = inputs.get("dimensions", {})
    request: State = {
        **{_SPELLED_OTHERWISE.get(k, k[0].upper() + k[1:]): pascal(v) for k, v in inputs.items()},
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    name = request["AlarmName"]
    client = local.aws.client("cloudwatch")
    client.put_metric_alarm(**request)
    client.set_alarm_state(
        AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="Unchecked: Initial creation"
    )
    arn = f"arn:aws:cloudwatch:{local.aws.region}:{ACCOUNT}:alarm:{name}"
    local.alarms[name] = {**request, "AlarmArn": arn}
    return {"id": name, "arn": arn}


@creates("aws:cloudwatch/dashboard:Dashboard", "dashboardName", "dashboardBody")
def _dashboard(local: Resources, inputs: State) -> State:
    name = inputs["dashboardName"]
    answer = local.aws.client("cloudwatch").put_dashboard(
        DashboardName=name, DashboardBody=inputs["dashboardBody"]
    )
    if problems := answer.get("DashboardValidationMessages"):
        raise ValueError(f"dashboard {name}: {problems}")
    return {"id": name}
