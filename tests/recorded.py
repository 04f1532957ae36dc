"""The recorded program of each stack, and its policies with a small judge of them."""

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from tests.conftest import PROJECT, Recorder, record_program, stack_keys

STACKS = ["dev", "staging", "prod", "local"]

CHATS = {
    "slack": {"workspace": "T07EA123LEP", "channel": "C07EZ1ABC23"},
    "teams": {
        "tenant": "0b9de68a-5e2b-4e5a-8d0f-2f9a3e1c7d55",
        "team": "5c1d7e6a-1b1c-4e59-9a70-3f0b6c2f8a11",
        "channel": "19%3Aab12cd34ef%40thread.tacv2",
    },
}
"""The settings of `alerts` by which chats show the messages."""

VARIANTS: dict[str, dict[str, Any]] = {
    "vpc": {"network": {"mode": "vpc"}},
    "vpc, two instances": {
        "network": {
            "mode": "vpc",
            "endpoints": ["logs", "monitoring", "secretsmanager", "sts"],
        },
        "job": {"instance_count": 2, "secrets": ["database"]},
        "limits": {
            "max_concurrent_instances": 4,
        },
        "permissions_boundary": "arn:aws:iam::123456789012:policy/boundary",
    },
    "two scripts": {
        "schedules": {
            "daily": {"expression": "cron(0 4 * * ? *)"},
            "weekly": {
                "expression": "cron(0 6 ? * MON *)",
                "script": "to_parquet",
                "job": {"instance_type": "ml.m5.xlarge", "max_runtime_seconds": 7200},
                "input": {"prefix": "sales/"},
                "reference": {"prefix": "models/"},
                "output": {"prefix": "weekly/{slot:%Y%m%d%H%M%S}/"},
            },
            "report": {"expression": "cron(0 4 * * ? *)", "input": {"output_of": "daily"}},
        },
    },
    "vpc, spot": {"network": {"mode": "vpc"}, "job": {"capacity": "spot"}},
    "recovery": {
        "recovery": {"region": "eu-west-1", "inputs": True},
        "retention": {"lock_days": 30},
        "data": "keep",
        "schedules": {
            "daily": {"expression": "cron(0 4 * * ? *)"},
            "report": {"expression": "cron(0 4 * * ? *)", "input": {"output_of": "daily"}},
        },
    },
    "vpc, chats": {"network": {"mode": "vpc"}, "alerts": CHATS},
    "existing": {
        "network": {
            "mode": "existing",
            "subnets": ["subnet-0123456789abcdef0"],
            "security_groups": ["sg-0123456789abcdef0"],
        },
        "image": {
            "shared_with": [
                {"prefix": "data"},
                {"prefix": "more", "account": "123456789012"},  # its own
                {"prefix": "data", "account": "210987654321"},
            ]
        },
    },
}
"""Name -> what such a stack sets otherwise than the local one."""

POLICIES = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:kms/key:Key": "policy",
    "aws:s3/bucketPolicy:BucketPolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "policy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
}
"""Kind -> the key of its inputs that holds a policy."""


@cache
def program(stack: str) -> Recorder:
    """Return the recorded program of a stack, or of a variant of the local one."""
    return record_program("local", varied(stack)) if stack in VARIANTS else record_program(stack)


def varied(variant: str) -> dict[str, str]:
    """Return a variant's configuration, as Pulumi hands it over."""
    found = stack_keys("local")
    for key, changes in VARIANTS[variant].items():
        full = f"{PROJECT}:{key}"
        if isinstance(changes, str):
            found[full] = changes
        else:
            found[full] = json.dumps({**json.loads(found.get(full, "{}")), **changes})
    return found


def policy(recorder: Recorder, kind: str) -> list[dict[str, Any]]:
    """Return every statement of every policy of a kind."""
    return [
        statement
        for inputs in recorder.inputs(kind).values()
        for statement in json.loads(inputs[POLICIES[kind]])["Statement"]
    ]


def statements(recorder: Recorder) -> list[dict[str, Any]]:
    """Return every statement of every policy that the program registers."""
    return [statement for kind in POLICIES for statement in policy(recorder, kind)]


def of_role(recorder: Recorder, arn: str) -> list[dict[str, Any]]:
    """Return what a role may do."""
    name = arn.rpartition("/")[2]
    return [
        statement
        for inputs in recorder.inputs("aws:iam/rolePolicy:RolePolicy").values()
        if inputs["role"] == name
        for statement in json.loads(inputs["policy"])["Statement"]
    ]


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def allows(
    found: Iterable[dict[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
    service: str | None = None,
) -> bool:
    """Return whether a statement allows this.

    Args:
        found: the statements of a role's policy, or of a resource's.
        action: spelled out.
        resource: its ARN.
        context: the condition keys that the caller sends; a condition on another one fails.
        service: the principal, for a resource's policy.
    """
    return any(
        statement["Effect"] == "Allow"
        and statement.get("Principal") == ({"Service": service} if service else None)
        and action in listed(statement["Action"])
        and any(fnmatchcase(resource, pattern) for pattern in listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}), context or {})
        for statement in found
    )


def _holds(conditions: dict[str, dict[str, Any]], context: Mapping[str, str]) -> bool:
    matches = {
        "StringEquals": str.__eq__,
        "ArnEquals": str.__eq__,
        "ArnLike": fnmatchcase,
        "StringLike": fnmatchcase,
    }
    return all(
        key in context and any(matches[operator](context[key], each) for each in listed(wanted))
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )
