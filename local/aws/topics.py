"""SNS topics as the services of AWS publish to them, and the inbox of a person who subscribed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from local.aws.endpoint import ACCOUNT
from local.aws.iam import Access, kms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.aws.endpoint import LocalAws

Message = dict[str, str | None]
"""`subject`, `body` and `at`."""

_INBOX = "inbox"
_LONGEST_SUBJECT = 100
"""Characters (SNS's Publish); longer ones of alarms are cut by CloudWatch."""


class Topics:
    """The topics of the account; functions publish to moto's SNS by themselves."""

    def __init__(self, aws: LocalAws, on_message: Callable[[Message], None]) -> None:
        """Prepare the topics of `aws`; `on_message` gets each message that the inbox got."""
        self._aws, self._on_message = aws, on_message
        self._messages: list[Message] = []
        self._inbox: str | None = None

    def publish(
        self, topic: str, *, service: str, subject: str, body: str, context: Mapping[str, str]
    ) -> bool:
        """Publish as a service of AWS does; return whether topic and key admit it.

        Args:
            topic: the topic's ARN.
            service: who publishes, such as events.amazonaws.com.
            subject: of an e-mail; empty for none.
            body: the text.
            context: the condition keys that the service is known to send.
        """
        of_key = kms.to_send(self._aws.iam.store, topic)
        needed = [Access("sns:Publish", topic, context), *kms.for_service(of_key, context)]
        if not self._aws.iam.admits(service, needed):
            return False
        titled = {"Subject": subject[:_LONGEST_SUBJECT]} if subject else {}
        self._aws.client("sns").publish(TopicArn=topic, Message=body, **titled)
        return True

    def subscribe(self, topic: str) -> None:
        """Subscribe the inbox, which gets every later message of the topic."""
        self._inbox = self._aws.client("sqs").create_queue(QueueName=_INBOX)["QueueUrl"]
        arn = f"arn:aws:sqs:{self._aws.region}:{ACCOUNT}:{_INBOX}"
        self._aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    def messages(self) -> list[Message]:
        """Return everything that the inbox has got, in order."""
        sqs = self._aws.client("sqs")
        while self._inbox:
            found = sqs.receive_message(QueueUrl=self._inbox, MaxNumberOfMessages=10)
            if "Messages" not in found:
                break
            for each in found["Messages"]:
                sqs.delete_message(QueueUrl=self._inbox, ReceiptHandle=each["ReceiptHandle"])
                sent = json.loads(each["Body"])
                message: Message = {
                    "subject": sent.get("Subject"),
                    "body": sent["Message"],
                    "at": sent["Timestamp"],
                }
                self._messages.append(message)
                self._on_message(message)
        return list(self._messages)
