"""Roles for tests of the embedded AWS."""

import json
from typing import Any
from uuid import uuid4

from local.aws.endpoint import LocalAws


def trusted_by(aws: LocalAws, service: str, *statements: dict[str, Any]) -> str:
    """Create a role that only `service` may assume, and return its ARN.

    Args:
        aws: where to create it.
        service: such as lambda.amazonaws.com.
        statements: what it may do; everything without them.
    """
    trusted = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam = aws.client("iam")
    # moto's state belongs to the process, so tests of other files may have made the same one.
    name = f"for-{service.partition('.')[0]}-{uuid4().hex[:8]}"
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trusted))
    policy = _document(*(statements or (everything,)))
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=policy)
    return role["Role"]["Arn"]


def _document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
