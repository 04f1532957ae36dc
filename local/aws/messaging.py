"""SQS and SNS as the services of AWS use them, and what a person who subscribed has got."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from botocore.exceptions import ClientError
from werkzeug.wrappers import Request

from local.aws.endpoint import LocalAws
from local.aws.iam import Access, Session
from local.aws.iam.required_permissions import to_send
from local.aws.protocols import ServiceError

Message = dict[str, str | None]
"""`subject`, `body` (as mail has it) and `at`."""

_EVENTS, _SNS = "events.amazonaws.com", "sns.amazonaws.com"
_LONGEST_SUBJECT = 100
"""Characters (SNS's Publish); longer ones of alarms are cut by CloudWatch."""


def send(aws: LocalAws, session: Session | None, queue_arn: str, body: str) -> bool:
    """Send in a role's name; return whether there is such a queue that the role may send to.

    Without a session, because the role cannot be assumed, nothing is sent.

    Raises:
        NotImplementedError: the ARN is none of a queue.
    """
    if queue_arn.split(":")[2] != "sqs":
        raise NotImplementedError(f"nothing is sent to {queue_arn} here, which is no queue")
    needed = [Access("sqs:SendMessage", queue_arn), *to_send(aws.iam.store, queue_arn)]
    if session is None or aws.iam.refusal(session, needed):
        return False
    return _put(aws, queue_arn, body)


def send_for_rule(aws: LocalAws, rule_arn: str, queue_arn: str, body: str) -> bool:
    """Send for a rule of EventBridge, which has no role; return whether queue and key admit it."""
    context = {"aws:SourceArn": rule_arn, "aws:SourceAccount": rule_arn.split(":")[4]}
    # As with topics, it is not documented that EventBridge tells a key which rule it works for.
    of_key = to_send(aws.iam.store, queue_arn, source={})
    needed = [Access("sqs:SendMessage", queue_arn, context), *of_key]
    return aws.iam.admits(_EVENTS, needed) and _put(aws, queue_arn, body)


def _put(aws: LocalAws, queue_arn: str, body: str) -> bool:
    """Return whether there is such a queue."""
    sqs = aws.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=body)
    except ClientError:
        return False
    return True


def queue_depth(aws: LocalAws, name: str) -> int | None:
    """Return the number of messages that can be received; None if there is no such queue."""
    queue = aws.backend("sqs").queues.get(name)
    return queue.approximate_number_of_messages if queue else None


class Topics:
    """Hears what is published to the topics of the account; the service itself is moto's."""

    def __init__(self, aws: LocalAws, tell: Callable[[str, str], None]) -> None:
        self._aws, self._tell = aws, tell
        self.messages: list[Message] = []
        """Everything that was published, in order."""

    def answer(self, request: Request) -> None:
        """Keep what a Publish says that SNS takes, and look at a queue's policy; moto answers.

        Raises:
            ServiceError: a queue would lose the topic's messages. AWS tells nobody of that, and
                moto delivers them all the same.
        """
        asked = request.form
        if asked.get("Action") == "Subscribe" and asked.get("Protocol") == "sqs":
            self._refuse_unless_admitted(asked["TopicArn"], asked.get("Endpoint", ""))
        subject = asked.get("Subject")
        known = asked.get("TopicArn") in self._aws.backend("sns").topics
        if asked.get("Action") == "Publish" and known and len(subject or "") <= _LONGEST_SUBJECT:
            at = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
            body = asked["Message"]
            if asked.get("MessageStructure") == "json":  # one text for each protocol
                body = json.loads(body)["default"]
            self.messages.append({"subject": subject, "body": body, "at": at})
            self._tell("message", subject or "(no subject)")

    def _refuse_unless_admitted(self, topic: str, queue: str) -> None:
        source = {"aws:SourceArn": topic, "aws:SourceAccount": topic.split(":")[4]}
        of_key = to_send(self._aws.iam.store, queue, source=source)
        if not self._aws.iam.admits(_SNS, [Access("sqs:SendMessage", queue, source), *of_key]):
            said = f"{queue} does not let {topic} send to it: see the policies of queue and key"
            raise ServiceError("InvalidParameter", said)

    def publish(
        self, topic: str, *, service: str, subject: str, body: str, context: Mapping[str, str]
    ) -> bool:
        """Publish as a service of AWS does; return whether topic and key admit it.

        The subject may be empty; `context` is the condition keys that the service is known to send.
        """
        of_key = to_send(self._aws.iam.store, topic, source=context)
        needed = [Access("sns:Publish", topic, context), *of_key]
        if not self._aws.iam.admits(service, needed):
            return False
        titled = {"Subject": subject[:_LONGEST_SUBJECT]} if subject else {}
        self._aws.client("sns").publish(TopicArn=topic, Message=body, **titled)
        return True
