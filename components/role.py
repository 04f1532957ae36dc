"""Role: what a service acts as, what it may do, and what bounds it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from components.settings import Settings


class Role(NamedTuple):
    """A role with its policy."""

    arn: pulumi.Output[str]
    policy: aws.iam.RolePolicy
    """Depend on it where the first call would fail without the role's permissions."""


def create_role(
    name: str,
    settings: Settings,
    *,
    trust: Mapping[str, Any],
    allowed: Mapping[str, Any],
    parent: pulumi.Resource,
) -> Role:
    """Create a role within the stack's permissions boundary, and its one inline policy.

    Args:
        name: of the resources `<name>-role` and `<name>-policy`, and the end of the physical name.
        settings: the stack's.
        trust: policy that says who may assume the role.
        allowed: policy that says what the role may do.
        parent: the component that the role belongs to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-role",
        # With the region: roles are the account's, and the same stack may be in two regions. Only
        # another name replaces a role, so it is never in its successor's way.
        name=f"{settings.prefix}-{settings.region}-{name}",
        assume_role_policy=pulumi.Output.json_dumps(trust),
        permissions_boundary=settings.permissions_boundary,
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=pulumi.Output.json_dumps(allowed), opts=child
    )
    return Role(role.arn, policy)
