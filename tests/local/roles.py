"""Roles for tests of the embedded AWS."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from local.aws import LocalAws


def trusted_by(aws: LocalAws, service: str) -> str:
    """Create a role that only `service` may assume, and return its ARN."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    role = aws.client("iam").create_role(
        # moto's state belongs to the process, so tests of other files may have made the same one.
        RoleName=f"for-{service.partition('.')[0]}-{uuid4().hex[:8]}",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )
    return role["Role"]["Arn"]
