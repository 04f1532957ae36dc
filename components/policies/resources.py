"""The policies of resources: who else than the account's own roles may use them."""

from collections.abc import Sequence
from typing import Any

import pulumi

from components import names
from components.aws.account import Account
from components.policies.statements import TO_PULL, TO_SEND, Statement, allow, document, from_source
from components.stack import Stack

_EVENTBRIDGE = {"Service": "events.amazonaws.com"}
_CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
_ENCRYPT_LOGS = [
    # Without the guide's kms:DescribeKey: it has no encryption context to compare.
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
]


def key_policy(account: Account, prefix: str, log_groups: Sequence[str]) -> dict[str, Any]:
    """Return the policy of the stack's key.

    The account decides by IAM, and three services use the key in their own name: CloudWatch Logs
    for exactly these groups, CloudWatch to reach the encrypted topic, EventBridge to reach that
    and the encrypted queue. All others use it as a role, or by a grant that they make when the
    resource is created (ECR, DynamoDB). "*" in a key's policy means this key.
    """
    groups = [account.arn("logs", f"log-group:{name}") for name in log_groups]
    only_these = {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": groups}}
    logs = {"Service": f"logs.{account.region}.amazonaws.com"}
    root = {"AWS": f"arn:{account.partition}:iam::{account.id}:root"}
    alarms = _alarms(account, prefix)
    return document(
        # kms:* for the account's root delegates to IAM; without it nobody could ever change this
        # policy again.
        allow("AccountDecidesByIam", ["kms:*"], ["*"], principal=root),
        allow("LogsOfThisStack", _ENCRYPT_LOGS, ["*"], only_these, logs),
        allow("AlarmsOfThisStack", TO_SEND, ["*"], alarms, _CLOUDWATCH),
        # Without conditions: on the way to a topic EventBridge sends none of the keys that could
        # be compared, so that with one every message would be lost in silence ("Key management" of
        # the SNS guide). On the way to the queue it would send its rule's ARN.
        allow("EventsToTopicAndQueue", TO_SEND, ["*"], principal=_EVENTBRIDGE),
    )


def topic_policy(stack: Stack, topic_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the topic's policy: the stack's alarms and EventBridge may publish, all over TLS."""
    publish, topic = ["sns:Publish"], [topic_arn]
    alarms = _alarms(stack.account, stack.prefix)
    return document(
        allow("AlarmsOfThisStack", publish, topic, alarms, _CLOUDWATCH),
        # Without conditions: EventBridge supports none in a topic's policy
        # (EventBridge guide, "Using resource-based policies", Amazon SNS permissions).
        allow("EventsToTheTopic", publish, topic, principal=_EVENTBRIDGE),
        _only_tls("sns:Publish", topic),
    )


def queue_policy(
    queue_arn: pulumi.Input[str], rule_arns: Sequence[pulumi.Input[str]]
) -> dict[str, Any]:
    """Return a dead letter queue's policy: these rules may send what they cannot deliver."""
    rules, send = {"ArnEquals": {"aws:SourceArn": rule_arns}}, ["sqs:SendMessage"]
    return document(allow("UndeliveredEvents", send, [queue_arn], rules, _EVENTBRIDGE))


def repository_policy(stack: Stack) -> dict[str, Any] | None:
    """Return the repository's policy: jobs of `image.shared_with` in other accounts may pull.

    None: it is shared with no other account, and where a role's own policy decides. The role is in
    a condition, since ECR refuses a principal that does not exist yet
    (https://github.com/aws/aws-cdk/issues/15070). It needs no right to the key, which ECR uses by
    a grant of its own (ECR user guide, "Encryption at rest").
    """
    here = stack.account
    shared = stack.settings.image.shared_with
    others = [each for each in shared if each.account not in (None, here.id)]
    if not others:
        return None
    iam = f"arn:{here.partition}:iam::"
    owners = sorted({f"{iam}{each.account}:root" for each in others})
    roles = sorted(
        f"{iam}{each.account}:role/{names.role(each.prefix, here.region, 'job')}" for each in others
    )
    jobs = {"ArnEquals": {"aws:PrincipalArn": roles}}
    return document(allow("JobsOfOtherStacks", TO_PULL, [], jobs, {"AWS": owners}))


def bucket_policy(bucket_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return a bucket's policy: nobody, whatever else allows it, without TLS."""
    # Action "*": a Deny is meant for everything.
    return document(_only_tls("s3:*", [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")]))


def _alarms(account: Account, prefix: str) -> dict[str, Any]:
    return from_source(account, account.arn("cloudwatch", f"alarm:{names.alarm(prefix, '*')}"))


def _only_tls(action: str, resources: Sequence[pulumi.Input[str]]) -> Statement:
    # Principal "*": a Deny is meant for everybody.
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return {**allow("OnlyTls", [action], resources, insecure, "*"), "Effect": "Deny"}
