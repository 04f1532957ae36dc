"""What is alarming, as plain data.

No alarm means that something was lost, but that somebody has to look: each description says what
to do first, and names its heading in docs/runbook.md.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from components import names, replicated
from components.settings import ScheduleSettings, Settings
from pipeline.contract import METRIC_NAMESPACE
from pipeline.text import duration

Alarm = dict[str, Any]
"""Arguments of aws.cloudwatch.MetricAlarm, but for its name and whom it tells."""

_SLACK = timedelta(hours=2)
"""Time for a retry, and for a job that waits for its machine."""


def of(settings: Settings, account: str) -> Iterator[tuple[str, Alarm]]:
    """Yield every alarm of a stack in an account, after the end of its name."""
    prefix = settings.prefix
    for name, schedule in settings.schedules.items():
        yield from _of_schedule(settings, name, schedule)
    for function in names.FUNCTIONS:
        dimensions = {"FunctionName": names.function(prefix, function)}
        yield from _counts("function", function, "AWS/Lambda", dimensions)
    for failed in names.FAILURE_QUEUES:
        queue = f"{failed}-failures"
        # Only queues that hold messages, or were used within six hours, are measured at all.
        waiting = _alarm(
            f"The queue {queue} holds something that could not be handled. First read a "
            "message in it: it names the slot or the job, and the error.",
            "queue-not-empty",
            namespace="AWS/SQS",
            metric_name="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.failure_queue(prefix, failed)},
        )
        yield queue, waiting
    yield from _counts("schedule", "schedule", "AWS/Scheduler", {"ScheduleGroup": prefix})
    yield from _counts("events", "events", "AWS/Events", {"RuleName": names.job_changes(prefix)})
    yield from _of_replication(settings, account)


def _alarm(first: str, anchor: str, **arguments: Any) -> Alarm:  # noqa: ANN401 - as the provider
    """Return an alarm by what it means and what to do first, and by the runbook's heading.

    Goes off at the first 1, or whatever `arguments` say otherwise.
    """
    return {
        "alarm_description": f"{first} Runbook: docs/runbook.md#{anchor}",
        "namespace": METRIC_NAMESPACE,
        "statistic": "Maximum",
        "comparison_operator": "GreaterThanOrEqualToThreshold",
        "threshold": 1,
        "period": 300,
        "evaluation_periods": 1,
        "treat_missing_data": "notBreaching",
        **arguments,
    }


def _of_schedule(
    settings: Settings, name: str, schedule: ScheduleSettings
) -> Iterator[tuple[str, Alarm]]:
    dimensions = {"stack": settings.stack, "schedule": name}
    failed = _alarm(
        f"A slot of {name} has failed for good. First read the message about it: it "
        "has the reason, the last log lines and the command that runs the slot again.",
        "failed",
        metric_name="JobsFailed",
        dimensions=dimensions,
        # Between two slots nothing is measured: it stays red until a slot succeeds.
        treat_missing_data="ignore",
    )
    yield f"{name}{names.SILENT_ALARM}", failed
    job = schedule.job
    # SecondsRunning counts from a job's creation: a spot job may spend any part of it waiting.
    usual = job.longest_wait_seconds if job.is_spot else job.max_runtime_seconds * 3 // 4
    limit_s = settings.alerts.running_long_seconds or usual
    # The watch measures every five minutes; if it does not, no-success goes off.
    running_long = _alarm(
        f"A job of {name} has been running for more than {duration(limit_s)}. "
        "First look at its log: does it still get on? If not, stop it.",
        "running-long",
        metric_name="SecondsRunning",
        dimensions=dimensions,
        comparison_operator="GreaterThanThreshold",
        threshold=limit_s,
        evaluation_periods=2,
    )
    yield f"{name}-running-long", running_long
    if window := _success_window(schedule):
        yield f"{name}-no-success", _no_success(name, dimensions, int(window.total_seconds()))


def _no_success(schedule: str, dimensions: Mapping[str, str], window_s: int) -> Alarm:
    return _alarm(
        f"{schedule} has had no success for more than {duration(window_s)}, or the "
        "observer does not measure any more. First list its last slots: failed, skipped, or "
        "none at all?",
        "no-success",
        metric_name="SecondsSinceSuccess",
        dimensions=dimensions,
        comparison_operator="GreaterThanThreshold",
        threshold=window_s,
        period=600,
        evaluation_periods=3,
        # If nobody measures, nobody knows of a success: a dead watch is as bad as none.
        treat_missing_data="breaching",
        # The first watch comes minutes after the first deployment.
        warm_up_configuration={"warm_up_period_duration_in_minutes": 60},
    )


def _success_window(schedule: ScheduleSettings) -> timedelta | None:
    """Return how long a schedule may go without a success; None where none is due."""
    if schedule.suspend:
        return None
    if schedule.success_within_hours is not None:
        return timedelta(hours=schedule.success_within_hours)
    gap = schedule.longest_gap
    run = timedelta(seconds=schedule.job.longest_run_seconds)
    return None if gap is None else gap + schedule.longest_wait + run + _SLACK


def _counts(
    kind: str, subject: str, namespace: str, dimensions: Mapping[str, str]
) -> Iterator[tuple[str, Alarm]]:
    """Yield an alarm for each metric that counts something which should never happen.

    AWS sends these metrics only when there is something to count.
    """
    for ending, (metric, first) in _COUNTED[kind].items():
        counted = _alarm(
            first.format(subject=subject),
            f"{kind}-{ending}",
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic="Sum",
        )
        yield f"{subject}-{ending}", counted


def _of_replication(settings: Settings, account: str) -> Iterator[tuple[str, Alarm]]:
    """Yield alarms of what the other region sends, and of what this one could not send.

    S3 publishes latency in the region of the destination, where it is heard of even if the source
    is lost, and failures in the region of the source. It measures nothing where nothing is
    replicated, such as before the other region's stack is there, or after.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
    """
    here, other = settings.region, settings.recovery.region or ""
    lag_s = settings.recovery.lag_minutes * 60
    for rule in replicated.rules(settings):
        lag = _alarm(
            f"Replicas of {rule.bucket} from {other} are more than {duration(lag_s)} behind. First "
            "see whether that region has an incident: what is not here yet would be lost with it.",
            "replication-lag",
            namespace="AWS/S3",
            metric_name="ReplicationLatency",
            dimensions=rule.dimensions(settings.prefix, account, other, here),
            comparison_operator="GreaterThanThreshold",
            threshold=lag_s,
            evaluation_periods=2,
        )
        yield f"{rule.id}-lag", lag
        yield from _counts(
            "replication", rule.id, "AWS/S3", rule.dimensions(settings.prefix, account, here, other)
        )


_COUNTED = {
    "function": {
        "errors": (
            "Errors",
            "The {subject} failed on an event. First read its log: Lambda tries twice more, then "
            "the event is in the queue {subject}-failures.",
        ),
        "throttles": (
            "Throttles",
            "The {subject} could not start: the account's concurrent executions are used up. First "
            "see which function uses them; Lambda goes on trying for six hours.",
        ),
        "dropped": (
            "AsyncEventsDropped",
            "The {subject} gave up an event, after all tries or six hours. First look into the "
            "queue {subject}-failures, then replay what is there.",
        ),
        "undelivered": (
            "DestinationDeliveryFailures",
            "The {subject} failed on an event that could not be kept either. First find the event "
            "in its log, then replay the slot that it names.",
        ),
    },
    "replication": {
        "given-up": (
            "OperationsFailedReplication",
            "S3 gave up replicating a version of {subject} to the other region. First see whether "
            "the other stack's bucket and key are there; S3 does not try it again.",
        ),
    },
    "schedule": {
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
            "A schedule's event could neither be delivered nor kept. First list the last slots, "
            "then run the slot that is missing.",
        ),
    },
    "events": {
        "missed": (
            "FailedInvocations",
            "An event about a job did not reach the observer. First see whether the function "
            "exists and admits the rule; the event is in the queue observer-failures.",
        ),
        "undelivered": (
            "InvocationsFailedToBeSentToDlq",
            "An event about a job reached neither the observer nor its queue. First see whether "
            "the queue's policy admits the rule; the watch finds the job within minutes.",
        ),
    },
}
"""Of what -> the ending of an alarm's name -> the metric, and what to do first."""
