"""The parts of IAM policies: plain data, rendered with `pulumi.Output.json_dumps`.

`roles.py` has the policies of roles, `resources.py` those of resources. Every statement has a Sid,
exact actions and exact resources. Each `*` that is left says why.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws.account import Account
from components.stack import Stack

Statement = dict[str, Any]

TO_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
"""What SageMaker asks of the job's role to the repository of its image.

"CreateProcessingJob API: Execution Role Permissions" in
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""
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
    principal: Mapping[str, str | list[str]] | str | None = None,
) -> Statement:
    """Return a statement; a resource's policy, unlike an identity's, has a principal.

    Without resources it is one of a repository's policy, which takes none.
    """
    return {
        "Sid": sid,
        "Effect": "Allow",
        **({"Principal": principal} if principal else {}),
        "Action": actions,
        **({"Resource": resources} if resources else {}),
        **({"Condition": conditions} if conditions else {}),
    }


LONGEST = 10_240
"""Characters of a role's inline policies in all, without white space (IAM user guide, "IAM and AWS
STS quotas")."""
_UNKNOWN = "?" * 75
"""What a preview does not know yet, as long as the ARN of a key, which most of it is."""


def short_enough(role: str, policy: dict[str, Any]) -> dict[str, Any]:
    """Return the one policy of a role, of which a preview may not know all.

    Raises:
        RunError: IAM does not take so long a policy.
    """
    if (size := _size(policy)) <= LONGEST:
        return policy
    most, longest = max((_size(each), each["Sid"]) for each in policy["Statement"])
    raise pulumi.RunError(
        f"schedules: the policy of the role {role} would have {size:,} characters, {most:,} of "
        f"them in {longest}, and IAM takes {LONGEST:,}. Let the schedules' buckets be few, and "
        "their prefixes begin alike, as in data/{schedule}/: a role is given what stands before "
        "the first {, and that once. Or move schedules into another stack."
    )


def _size(part: Any) -> int:  # noqa: ANN401 - a tree of JSON
    return len("".join(json.dumps(part, default=lambda _: _UNKNOWN).split()))


def trust(
    account: Account, service: str, source_arn: pulumi.Input[str] | list[str] | None = None
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


def from_source(account: Account, source_arn: pulumi.Input[str] | list[str]) -> dict[str, Any]:
    """Return the conditions that keep a service from acting for somebody else's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account.id},
        "ArnLike": {"aws:SourceArn": source_arn},
    }


def via(stack: Stack, service: str) -> dict[str, Any]:
    """Return the condition that a role uses the key only through this service."""
    name = f"{service}.{stack.account.region}.amazonaws.com"
    return {"StringEquals": {"kms:ViaService": name}}
