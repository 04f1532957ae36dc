"""A queue for the time of a test, which gets what the stack's people are told."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from components import names
from ops.stack import Stack
from pipeline.attempt import Attempt, slot_text

_LONGEST_S = 12 * 3600
"""That SQS hides what was received once (VisibilityTimeout), and so longer than a test."""


@dataclass
class Inbox:
    """The queue of one test, subscribed to the stack's topic between `open` and `close`."""

    stack: Stack
    name: str
    """Of the test."""
    _messages: list[str] = field(default_factory=list[str])

    @property
    def queue(self) -> str:
        """The queue's name."""
        return f"{self.stack.prefix}--acceptance-{self.name}"

    def open(self) -> None:
        """Create the queue, and subscribe it. The topic alone may send to it."""
        statement = {
            "Sid": "AlertsOfTheStack",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self._queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": self._topic_arn}},
        }
        self._sqs.create_queue(
            QueueName=self.queue,
            Attributes={
                "Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
                "SqsManagedSseEnabled": "true",
                "VisibilityTimeout": str(_LONGEST_S),
            },
        )
        # Without a filter: it may take 15 minutes until one holds (SNS guide, "Message filtering").
        self.stack.client("sns").subscribe(
            TopicArn=self._topic_arn,
            Protocol="sqs",
            Endpoint=self._queue_arn,
            Attributes={"RawMessageDelivery": "true"},
        )

    def told_of(self, attempt: Attempt) -> list[str]:
        """Return the texts of the messages so far about an attempt's slot, each once."""
        # SQS may give fewer than there are, and deliver one twice.
        asked = {"QueueUrl": self._url(), "MaxNumberOfMessages": 10}
        while found := self._sqs.receive_message(**asked).get("Messages"):
            self._messages += [each["Body"] for each in found]
        # A message that a schedule is green again may name the slot, too.
        slot = re.compile(rf"^Slot: .*\({slot_text(attempt.slot)}\)$", re.MULTILINE)
        return [each for each in dict.fromkeys(self._messages) if slot.search(each)]

    def close(self) -> bool:
        """Take subscription and queue away; return whether there was any of them."""
        sns, removed = self.stack.client("sns"), False
        pages = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=self._topic_arn)
        for each in [found for page in pages for found in page["Subscriptions"]]:
            if each["Endpoint"] == self._queue_arn:
                sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])
                removed = True
        if url := self._url():
            self._sqs.delete_queue(QueueUrl=url)
        return removed or bool(url)

    def _url(self) -> str | None:
        try:
            return self._sqs.get_queue_url(QueueName=self.queue)["QueueUrl"]
        except self._sqs.exceptions.QueueDoesNotExist:
            return None

    @property
    def _sqs(self) -> Any:  # noqa: ANN401 - a boto3 client
        return self.stack.client("sqs")

    @property
    def _queue_arn(self) -> str:
        return self.stack.arn("sqs", self.queue)

    @property
    def _topic_arn(self) -> str:
        return self.stack.arn("sns", names.topic(self.stack.prefix, "alerts"))
