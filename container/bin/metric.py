"""The one form of a metric that a script may send, which send_metric writes and relay lets pass."""

import json

NAMESPACE = "SageMakerProcessing"
DIMENSIONS = ("stack", "schedule")
TAKEN = {
    *("JobsSucceeded", "JobsFailed", "JobDuration", "QueueTime", "Attempts", "EstimatedCost"),
    *("SlotsSkipped", "SecondsSinceSuccess", "SecondsRunning"),
}
"""The observer's own metrics, on which alarms rely: a script must not send them."""
_SIZES = (
    *("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes"),
    *("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits"),
)
UNITS = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
    *(*_SIZES, *(f"{size}/Second" for size in _SIZES)),
)


def line(name: str, value: float, unit: str, at: int, environment: dict[str, str]) -> str:
    """Return a metric as the log line in which CloudWatch finds it; `at` is in milliseconds.

    A ValueError says why CloudWatch would not take it, or a script may not send it.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    """
    printable = name.isascii() and name.isprintable() and name.strip()
    if not printable or len(name) > 255 or name[0] == ":":
        rule = "1 to 255 printable ASCII characters, not only blanks, the first one not a colon"
        raise ValueError(f"name {name!r}: must be {rule}")
    if name in {"_aws", *DIMENSIONS, *TAKEN}:
        raise ValueError(f"name {name!r}: the pipeline itself uses it; choose another")
    if not abs(value) <= 2.0**360:  # false for NaN too
        raise ValueError(f"value {value}: must be finite and at most 2^360")
    if unit not in UNITS:
        raise ValueError(f"unit {unit!r}: must be one of {', '.join(UNITS)}")
    dimensions = {key: environment.get(key.upper()) for key in DIMENSIONS}
    if not all(dimensions.values()):
        raise ValueError("the environment variable STACK or SCHEDULE is missing")
    metric = {
        "Namespace": NAMESPACE,
        "Dimensions": [DIMENSIONS],
        "Metrics": [{"Name": name, "Unit": unit}],
    }
    told = {"Timestamp": at, "CloudWatchMetrics": [metric]}
    return json.dumps({"_aws": told, **dimensions, name: value})
