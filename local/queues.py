"""SQS queues as the services of AWS use them: to keep what could not be delivered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from local.admission import admits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.aws import LocalAws


def send(aws: LocalAws, queue_arn: str, body: str, attributes: Mapping[str, str]) -> bool:
    """Send with the permissions of a role; return whether there is such a queue."""
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


def admit_rule(aws: LocalAws, queue_arn: str, rule_arn: str) -> bool:
    """Return whether a queue's own policy admits a rule of EventBridge, which has no role."""
    sqs = aws.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    except ClientError:
        return False
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])
    return admits(
        found.get("Attributes", {}).get("Policy"),
        service="events.amazonaws.com",
        action="sqs:SendMessage",
        resource=queue_arn,
        context={"aws:SourceArn": rule_arn, "aws:SourceAccount": rule_arn.split(":")[4]},
    )


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
