"""What is alarming, as plain data.

No alarm means that something was lost, but that somebody has to look: each description says what
to do first, and names its heading in docs/runbook.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from components import names
from components.settings import ScheduleSettings, Settings
from pipeline.contract import METRIC_NAMESPACE
from pipeline.text import duration

_RUNBOOK = "docs/runbook.md"
_SLACK = timedelta(hours=2)
"""Time for a retry, and for a job that waits for its machine."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm on one metric."""

    suffix: str
    """Its name, after `<prefix>--`."""
    namespace: str = METRIC_NAMESPACE
    metric: str
    dimensions: Mapping[str, str]
    statistic: str = "Maximum"
    threshold: float = 1
    comparison: str = "GreaterThanOrEqualToThreshold"
    period_s: int = 300
    periods: int = 1
    """In a row, all of them beyond the threshold."""
    missing: str
    """How a period without any data counts."""
    warm_up_minutes: int | None = None
    """The alarm notifies nobody so soon after its creation."""
    first: str
    """What it means, and what to do first."""
    anchor: str
    """The runbook's heading."""

    @property
    def notifies(self) -> bool:
        """Of a failed slot the observer has sent a message already, with the reason."""
        return not self.suffix.endswith(names.SILENT_ALARM)

    @property
    def description(self) -> str:
        """What a message about this alarm says."""
        return f"{self.first} Runbook: {_RUNBOOK}#{self.anchor}"


def of(settings: Settings) -> Iterator[Alarm]:
    """Yield every alarm of a stack."""
    prefix = settings.prefix
    for name, schedule in settings.schedules.items():
        yield from _of_schedule(settings, name, schedule)
    for function in names.FUNCTIONS:
        dimensions = {"FunctionName": names.function(prefix, function)}
        yield from _counts("AWS/Lambda", dimensions, "function", function, _FUNCTION)
    for failed in names.FAILURE_QUEUES:
        yield _of_queue(failed, names.failure_queue(prefix, failed))
    group, rule = {"ScheduleGroup": prefix}, {"RuleName": names.job_changes(prefix)}
    yield from _counts("AWS/Scheduler", group, "schedule", "schedule", _SCHEDULE)
    yield from _counts("AWS/Events", rule, "events", "events", _EVENTS)


def _of_schedule(settings: Settings, name: str, schedule: ScheduleSettings) -> Iterator[Alarm]:
    dimensions = {"stack": settings.stack, "schedule": name}
    yield Alarm(
        suffix=f"{name}{names.SILENT_ALARM}",
        metric="JobsFailed",
        dimensions=dimensions,
        # Between two slots nothing is measured: it stays red until a slot succeeds.
        missing="ignore",
        first=f"A slot of {name} has failed for good. First read the message about it: it "
        "has the reason, the last log lines and the command that runs the slot again.",
        anchor="failed",
    )
    limit_s = settings.alerts.running_long_seconds or settings.job.max_runtime_seconds * 3 // 4
    yield Alarm(
        suffix=f"{name}-running-long",
        metric="SecondsRunning",
        dimensions=dimensions,
        threshold=limit_s,
        comparison="GreaterThanThreshold",
        periods=2,
        # The watch measures every five minutes; if it does not, no-success goes off.
        missing="notBreaching",
        first=f"A job of {name} has been running for more than {duration(limit_s)}. "
        "First look at its log: does it still get on? If not, stop it.",
        anchor="running-long",
    )
    if window := _success_window(settings, schedule):
        yield _of_no_success(name, dimensions, int(window.total_seconds()))


def _of_no_success(schedule: str, dimensions: Mapping[str, str], window_s: int) -> Alarm:
    return Alarm(
        suffix=f"{schedule}-no-success",
        metric="SecondsSinceSuccess",
        dimensions=dimensions,
        threshold=window_s,
        comparison="GreaterThanThreshold",
        period_s=600,
        periods=3,
        # If nobody measures, nobody knows of a success: a dead watch is as bad as none.
        missing="breaching",
        # The first watch comes minutes after the first deployment.
        warm_up_minutes=60,
        first=f"{schedule} has had no success for more than {duration(window_s)}, or the "
        "observer does not measure any more. First list its last slots: failed, skipped, or "
        "none at all?",
        anchor="no-success",
    )


def _success_window(settings: Settings, schedule: ScheduleSettings) -> timedelta | None:
    """Return how long a schedule may go without a success; None where none is due."""
    if schedule.suspend:
        return None
    if schedule.success_within_hours is not None:
        return timedelta(hours=schedule.success_within_hours)
    gap = schedule.longest_gap
    run = timedelta(seconds=settings.job.max_runtime_seconds)
    return None if gap is None else gap + run + _SLACK


def _of_queue(failed: str, name: str) -> Alarm:
    queue = f"{failed}-failures"
    return Alarm(
        suffix=queue,
        namespace="AWS/SQS",
        metric="ApproximateNumberOfMessagesVisible",
        dimensions={"QueueName": name},
        # Only queues that hold messages, or were used within six hours, are measured at all.
        missing="notBreaching",
        first=f"The queue {queue} holds something that could not be handled. First read a "
        "message in it: it names the slot or the job, and the error.",
        anchor="queue-not-empty",
    )


def _counts(
    namespace: str,
    dimensions: Mapping[str, str],
    kind: str,
    subject: str,
    metrics: Mapping[str, tuple[str, str]],
) -> Iterator[Alarm]:
    """Yield an alarm for each metric that counts something which should never happen."""
    for ending, (metric, first) in metrics.items():
        yield Alarm(
            suffix=f"{subject}-{ending}",
            namespace=namespace,
            metric=metric,
            dimensions=dimensions,
            statistic="Sum",
            # AWS sends these metrics only when there is something to count.
            missing="notBreaching",
            first=first.format(subject=subject),
            anchor=f"{kind}-{ending}",
        )


_FUNCTION = {
    "errors": (
        "Errors",
        "The {subject} failed on an event. First read its log: Lambda tries twice more, then the "
        "event is in the queue {subject}-failures.",
    ),
    "throttles": (
        "Throttles",
        "The {subject} could not start: the account's concurrent executions are used up. First "
        "see which function uses them; Lambda goes on trying for six hours.",
    ),
    "dropped": (
        "AsyncEventsDropped",
        "The {subject} gave up an event, after all tries or six hours. First look into the queue "
        "{subject}-failures, then replay what is there.",
    ),
    "undelivered": (
        "DestinationDeliveryFailures",
        "The {subject} failed on an event that could not be kept either. First find the event in "
        "its log, then replay the slot that it names.",
    ),
}
_SCHEDULE = {
    "target-errors": (
        "TargetErrorCount",
        "A function refused a schedule's event. First see whether it exists and the schedule's "
        "role may invoke it; the event is delivered again for an hour.",
    ),
    "dropped": (
        "InvocationDroppedCount",
        "EventBridge Scheduler gave up an event. First look into the queue schedule-failures, "
        "then replay the slots that are there.",
    ),
    "undelivered": (
        "InvocationsFailedToBeSentToDeadLetterCount",
        "A schedule's event could neither be delivered nor kept. First list the last slots, then "
        "run the slot that is missing.",
    ),
}
_EVENTS = {
    "missed": (
        "FailedInvocations",
        "An event about a job did not reach the observer. First see whether the function exists "
        "and admits the rule; the event is in the queue observer-failures.",
    ),
    "undelivered": (
        "InvocationsFailedToBeSentToDlq",
        "An event about a job reached neither the observer nor its queue. First see whether the "
        "queue's policy admits the rule; the watch finds the job within minutes.",
    ),
}
"""The ending of an alarm's name -> the metric, and what to do first."""
