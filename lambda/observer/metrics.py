"""The pipeline's metrics, as log lines in CloudWatch's embedded metric format."""

from collections.abc import Mapping

from aws_lambda_powertools.metrics import EphemeralMetrics

from observer.job_result import JobResult
from pipeline.contract import METRIC_NAMESPACE
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


def of_attempt(
    result: JobResult, outcome: Outcome, attempt: int, *, final: bool
) -> dict[str, float]:
    """Return the metrics of an attempt that has ended.

    A failure that is followed by another attempt is none of the slot's: it counts as an attempt.
    """
    values: dict[str, float | None] = {
        "JobDuration": result.run_s,
        "QueueTime": result.queue_s,
        "EstimatedCost": result.cost_usd,
    }
    if final:
        values |= _of_slot(outcome, attempt)
    return {name: value for name, value in values.items() if value is not None}


def _of_slot(outcome: Outcome, attempt: int) -> dict[str, float]:
    if outcome == Outcome.COMPLETED:
        return {"JobsSucceeded": 1, "JobsFailed": 0, "Attempts": attempt}
    if outcome == Outcome.SKIPPED:
        return {"SlotsSkipped": 1}
    return {} if outcome in NO_FAILURE else {"JobsFailed": 1, "Attempts": attempt}


def emit(stack: str, schedule: str, values: Mapping[str, float]) -> None:
    """Print the metrics of one schedule, with the dimensions stack and schedule only."""
    if not values:
        return
    metrics = EphemeralMetrics(namespace=METRIC_NAMESPACE)
    metrics.add_dimension("stack", stack)
    metrics.add_dimension("schedule", schedule)
    for name, value in values.items():
        metrics.add_metric(name, UNITS[name], value)
    metrics.flush_metrics()
