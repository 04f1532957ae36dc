"""Who is told of an attempt's end: the one message, and the schedule's health that it goes with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from observer import message
from observer.logs import last_lines
from pipeline.outcome import NO_FAILURE, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sns import SNSClient

    from observer.config import ObserverConfig
    from pipeline.journal import Journal
    from pipeline.journal_items import Entry


@dataclass(frozen=True)
class Notifier:
    """Tells people."""

    config: ObserverConfig
    journal: Journal
    logs: CloudWatchLogsClient
    sns: SNSClient

    def tell(self, entry: Entry, now: datetime) -> None:
        """Publish the one message that this end is worth, if any."""
        outcome, attempt = Outcome(entry.outcome or ""), entry.attempt
        quiet = outcome == Outcome.SKIPPED and (entry.reason or "").startswith("EmptyInput")
        if entry.next_attempt_at or quiet:
            return
        if outcome == Outcome.COMPLETED:
            since = self.journal.record_success(attempt.schedule, entry.job_name, now)
            if since:
                self._publish(entry, *message.recovery(self._facts(entry), since))
            return
        if outcome not in NO_FAILURE:
            self.journal.record_failure(attempt.schedule, attempt.slot)
        self._publish(entry, *message.failure(self._facts(entry)))

    def _facts(self, entry: Entry) -> message.Facts:
        others = [
            other
            for other in self.journal.attempts(entry.schedule, entry.slot)
            if other.status and other.number != entry.number
        ]
        costs = [each.cost_usd for each in (*others, entry) if each.created]
        lines = last_lines(self.logs, entry.job_name, message.LOG_LINES) if entry.created else []
        return message.Facts(
            stack=self.config.stack,
            zone=self.config.time_zones.get(entry.schedule, "UTC"),
            partition=self.config.deployed.launcher_arn.split(":")[1],
            region=self.config.deployed.aws_region,
            entry=entry,
            attempts=len(others) + 1,
            cost_usd=None if None in costs else sum(each or 0 for each in costs),
            log_lines=lines,
        )

    def _publish(self, entry: Entry, subject: str, body: str) -> None:
        attributes = {
            "outcome": entry.outcome or "",
            "schedule": entry.schedule,
            "stack": self.config.stack,
        }
        self.sns.publish(
            TopicArn=self.config.deployed.topic_arn,
            Subject=subject,
            MessageStructure="json",
            Message=message.by_protocol(subject, body, entry.exit_message or entry.reason),
            # For the filter policies of subscriptions.
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )
