"""The parts of IAM policies: plain data, rendered with `pulumi.Output.json_dumps`.

`roles.py` has the policies of roles, `resources.py` those of resources. Every statement has a Sid,
exact actions and exact resources. Each `*` that is left says why.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws.account import Account

Statement = dict[str, Any]


def document(*statements: Statement) -> dict[str, Any]:
    """Return a policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: Sequence[pulumi.Input[str]],
    conditions: Mapping[str, Any] | None = None,
) -> Statement:
    """Return a statement of an identity's policy."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Action": actions,
        "Resource": resources,
        **({"Condition": conditions} if conditions else {}),
    }


def trust(service: str, conditions: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a trust policy: only `service` may assume the role, under `conditions`."""
    return document(
        {
            "Sid": "OnlyThisService",
            "Effect": "Allow",
            "Principal": {"Service": service},
            "Action": "sts:AssumeRole",
            **({"Condition": conditions} if conditions else {}),
        }
    )


def trust_schedules(account: Account, group: pulumi.Input[str]) -> dict[str, Any]:
    """Return a trust policy: only EventBridge Scheduler, for the schedules of this group."""
    # The form that AWS documents: schedules of this group, not of anybody's.
    group_arn = pulumi.Output.concat(account.arn("scheduler", "schedule-group/"), group)
    return trust("scheduler.amazonaws.com", from_source(account, group_arn))


def from_source(account: Account, source_arn: pulumi.Input[str]) -> dict[str, Any]:
    """Return the conditions that keep a service from acting for somebody else's resource."""
    return {
        "StringEquals": {"aws:SourceAccount": account.id},
        "ArnLike": {"aws:SourceArn": source_arn},
    }
