"""Who is told of an attempt's end: the one message, and the schedule's health that it goes with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from observer import message
from pipeline import aws_errors
from pipeline.config import ObserverConfig
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from pipeline.outcome import NO_FAILURE, Outcome

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sns import SNSClient


_METRIC = '{"_aws":'
"""Begins a metric's line (container/bin/send_metric): for CloudWatch, not for people."""
_QUIET = ("EmptyInput", "InputNotReady", "Predecessor")
"""Begin the reasons of what is skipped as it was asked to be, or of what somebody was told of."""


@dataclass(frozen=True)
class Notifier:
    """Tells people."""

    config: ObserverConfig
    journal: Journal
    logs: CloudWatchLogsClient
    sns: SNSClient

    def tell(self, entry: Entry, now: datetime) -> None:
        """Publish the one message that this end is worth, if any."""
        quiet = entry.outcome == Outcome.SKIPPED and (entry.reason or "").startswith(_QUIET)
        if entry.next_attempt_at or quiet:
            return
        if entry.outcome == Outcome.COMPLETED:
            since = self.journal.record_success(entry.schedule, entry.job_name, now)
            if since:
                self._publish(entry, *message.recovery(self.config, entry, since))
            return
        if entry.outcome not in NO_FAILURE:
            self.journal.record_failure(entry.schedule, entry.slot)
        others = [
            other
            for other in self.journal.attempts(entry.schedule, entry.slot)
            if other.status and other.number != entry.number
        ]
        lines = last_lines(self.logs, entry, message.LOG_LINES) if entry.created else []
        self._publish(entry, *message.failure(self.config, entry, others, lines))

    def _publish(self, entry: Entry, subject: str, body: str) -> None:
        attributes = {
            "outcome": entry.outcome or "",
            "schedule": entry.schedule,
            "stack": self.config.stack,
        }
        self.sns.publish(
            TopicArn=self.config.topic_arn,
            Subject=subject,
            MessageStructure="json",
            Message=message.by_protocol(subject, body, entry.exit_message or entry.reason),
            # For the filter policies of subscriptions.
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )


def last_lines(client: CloudWatchLogsClient, entry: Entry, most: int) -> list[str]:
    """Return the last lines of all of a job's hosts, in the order of their time.

    Where they cannot be had, the one line says why: a message without them is better than none.
    """
    streams = client.get_paginator("describe_log_streams").paginate(
        logGroupName=entry.kind.group, logStreamNamePrefix=f"{entry.job_name}/"
    )
    try:
        events = [
            event
            for page in streams
            for stream in page["logStreams"]
            for event in client.get_log_events(
                logGroupName=entry.kind.group,
                logStreamName=stream.get("logStreamName", ""),
                limit=2 * most,
                startFromHead=False,
            )["events"]
        ]
    except ClientError as error:
        # Before the account's first job there is no group.
        if aws_errors.code(error) == "ResourceNotFoundException":
            return []
        return [f"(The log cannot be read: {aws_errors.summary(error)})"]
    events.sort(key=lambda event: event.get("timestamp", 0))
    lines = [event.get("message", "") for event in events]
    return [line for line in lines if not line.startswith(_METRIC)][-most:]
