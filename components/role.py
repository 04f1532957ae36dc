"""Role: what a service acts as, what it may do, and what bounds it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pulumi
import pulumi_aws as aws

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(NamedTuple):
    """A role with its policy."""

    arn: pulumi.Output[str]
    """The role's ARN."""
    policy: aws.iam.RolePolicy
    """Depend on it where the first call would fail without the role's permissions."""


def create(  # noqa: PLR0913 - each is one thing that it depends on
    name: str,
    role_name: str,
    *,
    trust: Mapping[str, Any],
    allowed: Mapping[str, Any],
    boundary: str | None,
    parent: pulumi.Resource,
) -> Role:
    """Create a role, its one inline policy, and its permissions boundary.

    Args:
        name: of the resources `<name>-role` and `<name>-policy`.
        role_name: the physical name. Nothing but a new name replaces a role, so it is never in the
            way of its successor.
        trust: policy that says who may assume the role.
        allowed: policy that says what the role may do.
        boundary: ARN of the managed policy of settings.permissions_boundary; None sets none.
        parent: the component that the role belongs to.
    """
    child = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        f"{name}-role",
        name=role_name,
        assume_role_policy=pulumi.Output.json_dumps(trust),
        permissions_boundary=boundary,
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-policy", role=role.name, policy=pulumi.Output.json_dumps(allowed), opts=child
    )
    return Role(role.arn, policy)
