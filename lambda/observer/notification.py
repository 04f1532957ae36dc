"""Who is told of an attempt's end: the one message, and the schedule's health that it goes with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from observer import job_log, message
from observer.job_log import Log
from pipeline.config import ObserverConfig
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from pipeline.outcome import NO_FAILURE, STANDBY, SUCCESSFUL, Outcome

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sns import SNSClient


_QUIET = ("EmptyInput", "InputNotReady", "Predecessor", SUCCESSFUL)
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
        if entry.next_attempt_at or _is_quiet(entry):
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
        read = job_log.read(self.logs, entry, message.LOG_LINES) if entry.created else Log()
        self._publish(entry, *message.failure(self.config, entry, others, read))

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
        if self.config.chat_topic_arn:
            shown = message.for_chat(subject, body)
            self.sns.publish(TopicArn=self.config.chat_topic_arn, Message=shown)


def _is_quiet(entry: Entry) -> bool:
    """Return whether nobody is to hear of it.

    The other region's slots are skipped each time; a next attempt only once, if a region is left
    while a slot is under way.
    """
    reason = entry.reason or ""
    of_standby = reason.startswith(STANDBY) and entry.number == 1
    return entry.outcome == Outcome.SKIPPED and (of_standby or reason.startswith(_QUIET))
