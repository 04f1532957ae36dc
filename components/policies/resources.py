"""The policies of resources: who else than the account's own roles may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components import names
from components.policies.key_uses import TO_SEND
from components.policies.statements import Statement, document, from_source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.account import Account


def key_policy(account: Account, prefix: str, log_groups: Sequence[str]) -> dict[str, Any]:
    """Return the policy of the stack's key.

    The account decides by IAM, and three services use the key in their own name: CloudWatch Logs
    for exactly these groups, CloudWatch to reach the encrypted topic, EventBridge to reach that
    and the encrypted queue. All others use it as a role, or by a grant that they make when the
    resource is created (ECR, DynamoDB).
    """
    groups = [account.arn("logs", f"log-group:{name}") for name in log_groups]
    return document(
        {
            # kms:* for the account's root delegates to IAM; without it nobody could ever change
            # this policy again. "*": in a key's policy it means this key.
            "Sid": "AccountDecidesByIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:{account.partition}:iam::{account.id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogsOfThisStack",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{account.region}.amazonaws.com"},
            "Action": [
                # Without the guide's kms:DescribeKey: it has no encryption context to compare.
                "kms:Decrypt",
                "kms:Encrypt",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
            ],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}},
        },
        {
            "Sid": "AlarmsOfThisStack",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": TO_SEND,
            "Resource": "*",
            "Condition": _alarms(account, prefix),
        },
        {
            # Without conditions: on the way to a topic EventBridge sends none of the keys that
            # could be compared, so that with one every message would be lost in silence ("Key
            # management" of the SNS guide). On the way to the queue it would send its rule's ARN.
            "Sid": "EventsToTopicAndQueue",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": TO_SEND,
            "Resource": "*",
        },
    )


def _alarms(account: Account, prefix: str) -> dict[str, Any]:
    return from_source(account, account.arn("cloudwatch", f"alarm:{names.alarm(prefix, '*')}"))


def topic_policy(account: Account, prefix: str, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the topic's policy: the stack's alarms and EventBridge may publish, all over TLS."""
    return document(
        {
            "Sid": "AlarmsOfThisStack",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": _alarms(account, prefix),
        },
        {
            # Without conditions: EventBridge supports none in a topic's policy
            # (EventBridge guide, "Using resource-based policies", Amazon SNS permissions).
            "Sid": "EventsToTheTopic",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sns:Publish",
            "Resource": topic_arn,
        },
        _only_tls("sns:Publish", [topic_arn]),
    )


def queue_policy(
    queue_arn: pulumi.Input[str], rule_arns: Sequence[pulumi.Input[str]]
) -> dict[str, Any]:
    """Return a dead letter queue's policy: these rules may send what they cannot deliver."""
    return document(
        {
            "Sid": "UndeliveredEvents",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue_arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule_arns}},
        }
    )


def bucket_policy(bucket_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return a bucket's policy: nobody, whatever else allows it, without TLS."""
    # Action "*": a Deny is meant for everything.
    return document(_only_tls("s3:*", [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")]))


def _only_tls(action: str, resources: list[pulumi.Input[str]]) -> Statement:
    return {
        # Principal "*": a Deny is meant for everybody.
        "Sid": "OnlyTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
