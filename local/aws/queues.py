"""SQS queues as the services of AWS use them: to keep what could not be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.aws.iam import Access, kms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.aws.endpoint import LocalAws
    from local.aws.iam import Session

_EVENTS = "events.amazonaws.com"


def send(
    aws: LocalAws, session: Session | None, queue_arn: str, body: str, attributes: Mapping[str, str]
) -> bool:
    """Send in a role's name; return whether there is such a queue that the role may send to.

    Without a session, because the role cannot be assumed, nothing is sent.

    Raises:
        NotImplementedError: the ARN is none of a queue.
    """
    if queue_arn.split(":")[2] != "sqs":
        raise NotImplementedError(f"nothing is sent to {queue_arn} here, which is no queue")
    needed = [Access("sqs:SendMessage", queue_arn), *kms.to_send(aws.iam.store, queue_arn)]
    if session is None or aws.iam.refusal(session, needed):
        return False
    return _put(aws, queue_arn, body, attributes)


def send_for_rule(
    aws: LocalAws, rule_arn: str, queue_arn: str, body: str, attributes: Mapping[str, str]
) -> bool:
    """Send for a rule of EventBridge, which has no role; return whether queue and key admit it."""
    context = {"aws:SourceArn": rule_arn, "aws:SourceAccount": rule_arn.split(":")[4]}
    # As with topics, it is not documented that EventBridge tells a key which rule it works for.
    of_key = kms.for_service(kms.to_send(aws.iam.store, queue_arn), {})
    needed = [Access("sqs:SendMessage", queue_arn, context), *of_key]
    return aws.iam.admits(_EVENTS, needed) and _put(aws, queue_arn, body, attributes)


def _put(aws: LocalAws, queue_arn: str, body: str, attributes: Mapping[str, str]) -> bool:
    """Return whether there is such a queue."""
    sqs = aws.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        sqs.send_message(
            QueueUrl=url,
            MessageBody=body,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value[:1024]}
                for name, value in attributes.items()
            },
        )
    except ClientError:
        return False
    return True


def depth(aws: LocalAws, name: str) -> int | None:
    """Return the number of messages that can be received; None if there is no such queue."""
    sqs = aws.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        attribute = "ApproximateNumberOfMessages"
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[attribute])
    except ClientError:
        return None
    return int(found["Attributes"][attribute])
