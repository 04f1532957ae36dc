"""Alarms."""

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Resources, State, creates, pascal


@creates("aws:cloudwatch/metricAlarm:MetricAlarm")
def _alarm(local: Resources, inputs: State) -> State:
    """Create an alarm; a new one has not enough data for any other state."""
    dimensions: dict[str, str] = inputs.get("dimensions", {})
    request: State = {
        **pascal({key: value for key, value in inputs.items() if key != "name"}),
        "AlarmName": inputs["name"],
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }
    name = inputs["name"]
    client = local.aws.client("cloudwatch")
    client.put_metric_alarm(**request)
    client.set_alarm_state(
        AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="Unchecked: Initial creation"
    )
    arn = f"arn:aws:cloudwatch:{local.aws.region}:{ACCOUNT}:alarm:{name}"
    local.alarms[name] = request
    return {"id": name, "arn": arn}
