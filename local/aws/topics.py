"""SNS topics as the services of AWS publish to them, and what a person who subscribed has got."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from local.aws.iam import Access, kms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Request

    from local.aws.endpoint import LocalAws

Message = dict[str, str | None]
"""`subject`, `body` and `at`."""

_LONGEST_SUBJECT = 100
"""Characters (SNS's Publish); longer ones of alarms are cut by CloudWatch."""


class Topics:
    """Hears what is published to the topics of the account; the service itself is moto's."""

    def __init__(self, aws: LocalAws, on_message: Callable[[Message], None]) -> None:
        """Hear the topics of `aws`; `on_message` gets each message."""
        self._aws, self._on_message = aws, on_message
        self.messages: list[Message] = []
        """Everything that was published, in order."""
        aws.services["sns"] = self

    def answer(self, request: Request) -> None:
        """Keep what a Publish says that SNS takes; moto answers."""
        asked = request.form
        subject = asked.get("Subject")
        known = asked.get("TopicArn") in self._aws.backend("sns").topics
        if asked.get("Action") == "Publish" and known and len(subject or "") <= _LONGEST_SUBJECT:
            at = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
            message: Message = {"subject": subject, "body": asked["Message"], "at": at}
            self.messages.append(message)
            self._on_message(message)

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
