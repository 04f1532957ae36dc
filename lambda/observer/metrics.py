"""The pipeline's metrics, as log lines in CloudWatch's embedded metric format."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics

from pipeline.contract import METRIC_NAMESPACE
from pipeline.journal_items import Entry, seconds_between
from pipeline.outcome import NO_FAILURE, Outcome

UNITS = {
    "JobsSucceeded": "Count",
    "JobsFailed": "Count",
    "JobDuration": "Seconds",
    "QueueTime": "Seconds",
    "Attempts": "Count",
    "EstimatedCost": "None",
    "SlotsSkipped": "Count",
    "SecondsSinceSuccess": "Seconds",
    "SecondsRunning": "Seconds",
}
"""Name -> CloudWatch's unit; costs are US dollars, for which it has none."""


def of_attempt(entry: Entry) -> dict[str, float]:
    """Return the metrics of an attempt that has ended.

    A failure that is followed by another attempt is none of the slot's: it counts as an attempt.
    """
    values = {
        "JobDuration": entry.run_s,
        "QueueTime": seconds_between(entry.created, entry.started),
        "EstimatedCost": entry.cost_usd,
    }
    known = {name: value for name, value in values.items() if value is not None}
    if entry.next_attempt_at:
        return known
    if entry.outcome == Outcome.COMPLETED:
        return known | {"JobsSucceeded": 1, "JobsFailed": 0, "Attempts": entry.number}
    if entry.outcome == Outcome.SKIPPED:
        return known | {"SlotsSkipped": 1}
    if entry.outcome in NO_FAILURE:
        return known
    return known | {"JobsFailed": 1, "Attempts": entry.number}


def emit(stack: str, schedule: str, values: Mapping[str, float]) -> None:
    """Print the metrics of one schedule, with the dimensions stack and schedule only."""
    metrics = EphemeralMetrics(namespace=METRIC_NAMESPACE)
    metrics.add_dimension("stack", stack)
    metrics.add_dimension("schedule", schedule)
    for name, value in values.items():
        metrics.add_metric(name, UNITS[name], value)
    metrics.flush_metrics()
