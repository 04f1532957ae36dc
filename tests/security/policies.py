"""Every policy that a recorded program registers, found by its shape and not by a list of kinds."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, cast

from local.deploy.program import plain
from tests.conftest import ACCOUNT, REGION, Recorder
from tests.recorded import STACKS, VARIANTS, listed, program

Kind = Literal[
    "identity", "trust", "key", "bucket", "topic", "queue", "endpoint", "function", "repository"
]

_KINDS: dict[tuple[str, str], Kind] = {
    ("aws:iam/role:Role", "assumeRolePolicy"): "trust",
    ("aws:iam/rolePolicy:RolePolicy", "policy"): "identity",
    ("aws:kms/key:Key", "policy"): "key",
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): "bucket",
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): "topic",
    ("aws:sqs/queuePolicy:QueuePolicy", "policy"): "queue",
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "policy"): "endpoint",
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy"): "repository",
}
_PERMISSION = "aws:lambda/permission:Permission"


@dataclass(frozen=True)
class Policy:
    """One policy document, and what it belongs to."""

    kind: Kind
    owner: str
    """What has it: `job` for the role `job-role` and its policy, else the resource's name."""
    text: str
    """As AWS gets it."""

    @property
    def statements(self) -> list[dict[str, Any]]:
        return json.loads(self.text)["Statement"]

    def __str__(self) -> str:
        return f"{self.kind} policy of {self.owner}"


@cache
def everywhere() -> list[tuple[str, Policy]]:
    """Return every policy of every stack and variant, with that one's name."""
    return [
        (stack, policy) for stack in (*STACKS, *VARIANTS) for policy in policies(program(stack))
    ]


def policies(recorder: Recorder) -> list[Policy]:
    """Return every policy of a program.

    Raises:
        KeyError: a kind of resource has a policy, and is not known here.
    """
    found = [
        Policy(_KINDS[args.typ, key], _owner(args.name, inputs), value)
        for args in recorder.created
        for inputs in [plain(args.inputs)]
        for key, value in _documents(inputs)
    ]
    permissions = recorder.inputs(_PERMISSION).items()
    return found + [Policy("function", name, _permission(name, each)) for name, each in permissions]


def _documents(inputs: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in inputs.items():
        if isinstance(value, str) and re.search(r'"Statement"\s*:', value):
            yield key, value


def _owner(name: str, inputs: dict[str, Any]) -> str:
    if "role" in inputs:
        return of_role(str(inputs["role"]))
    return re.sub(r"-(role|key|policy|tls|queue-policy)$|(?<=-endpoint)-.*", "", name)


def of_role(role: str) -> str:
    """Return whose a role is by its physical name: `job` for `processing-prod-eu-central-1-job`."""
    return role.partition(f"-{REGION}-")[2]


def _permission(name: str, inputs: dict[str, Any]) -> str:
    """Return a function's permission as the statement that Lambda makes of it."""
    conditions = {
        operator: {key: inputs[name]}
        for operator, key, name in (
            ("ArnLike", "aws:SourceArn", "sourceArn"),
            ("StringEquals", "aws:SourceAccount", "sourceAccount"),
        )
        if name in inputs
    }
    statement = {
        "Sid": inputs.get("statementId", re.sub(r"\W", "", name.title())),
        "Effect": "Allow",
        "Principal": {"Service": inputs["principal"]},
        "Action": inputs["action"],
        "Resource": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{inputs['function']}",
        "Condition": conditions,
    }
    return json.dumps({"Statement": [statement]})


def actions(statement: dict[str, Any]) -> list[str]:
    return listed(statement["Action"])


def resources(statement: dict[str, Any]) -> list[str]:
    """Return the statement's resources; a trust policy has none."""
    return listed(statement.get("Resource", []))


def services(statement: dict[str, Any]) -> list[str]:
    """Return the services of AWS that the statement lets in."""
    principal = statement.get("Principal")
    if not isinstance(principal, dict):
        return []
    return listed(cast("dict[str, Any]", principal).get("Service", []))


def conditions(statement: dict[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the operator, the key and the values of every condition."""
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            yield operator, key, [str(each) for each in listed(values)]
