"""The parts of IAM policies: plain data, rendered with `pulumi.Output.json_dumps`.

`roles.py` has the policies of roles, `resources.py` those of resources. Every statement has a Sid,
exact actions and exact resources. Each `*` that is left says why.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws.account import Account
from components.stack import Stack

Statement = dict[str, Any]

TO_SEND = ["kms:Decrypt", "kms:GenerateDataKey"]
"""What SNS and SQS ask of the sender's rights to the key of a topic or a queue.

Decrypt checks the data key, which SQS uses again for five minutes.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
"""


def document(*statements: Statement) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Mapping[str, Any] | None = None,
    principal: Mapping[str, str] | str | None = None,
) -> Statement:
    """Return a statement; a resource's policy, unlike an identity's, has a principal."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        **({"Principal": principal} if principal else {}),
        "Action": actions,
        "Resource": resources,
        **({"Condition": conditions} if conditions else {}),
    }


def trust(
    account: Account, service: str, source_arn: pulumi.Input[str] | None = None
) -> dict[str, Any]:
    """Return a trust policy: only `service` may assume the role, and only for `source_arn`."""
    conditions = {} if source_arn is None else {"Condition": from_source(account, source_arn)}
    return document(
        {
            "Sid": "OnlyThisService",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            **conditions,
        }
    )


def from_source(account: Account, source_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the conditions that keep a service from acting for somebody else's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account.id},
        "ArnLike": {"aws:SourceArn": source_arn},
    }


def via(stack: Stack, service: str) -> dict[str, Any]:
    """Return the condition that a role uses the key only through this service."""
    name = f"{service}.{stack.account.region}.amazonaws.com"
    return {"StringEquals": {"kms:ViaService": name}}
