"""Role: what a service acts as, what it may do, and what bounds it."""

from collections.abc import Iterable
from functools import partial
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from components import names
from components.policies.statements import Statement, document, short_enough, trust
from components.stack import Stack


class Role(NamedTuple):
    """A role with its policy."""

    arn: pulumi.Output[str]
    policy: aws.iam.RolePolicy
    """Depend on it where the first call would fail without the role's permissions."""


def create_role(  # noqa: PLR0913 - who, for what, and what
    name: str,
    stack: Stack,
    parent: pulumi.Resource,
    *,
    service: str,
    source_arn: pulumi.Input[str] | list[str] | None,
    allowed: Iterable[Statement],
) -> Role:
    """Create a role within the stack's permissions boundary, and its one inline policy.

    Only `<service>.amazonaws.com` may assume it, and for `source_arn` only, if that is given.

    Raises:
        RunError: IAM does not take so long a policy; from its output, which a preview has, too.
    """
    child = pulumi.ResourceOptions(parent=parent)
    trusted = trust(stack.account, f"{service}.amazonaws.com", source_arn)
    role = aws.iam.Role(
        f"{name}-role",
        # Only another name replaces a role, so it is never in its successor's way.
        name=names.role(stack.prefix, stack.account.region, name),
        assume_role_policy=pulumi.Output.json_dumps(trusted),
        permissions_boundary=stack.settings.permissions_boundary,
        opts=child,
    )
    permissions = pulumi.Output.from_input(document(*allowed))
    policy = aws.iam.RolePolicy(
        f"{name}-policy",
        role=role.name,
        policy=pulumi.Output.json_dumps(
            permissions.apply(partial(short_enough, name), run_with_unknowns=True)
        ),
        opts=child,
    )
    return Role(role.arn, policy)
