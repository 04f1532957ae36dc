"""Roles: by which CI previews and deploys one stack, and what bounds the roles that it makes."""

from collections.abc import Mapping
from functools import partial

import pulumi
import pulumi_aws as aws

from bootstrap.github import Github, Use
from bootstrap.policies import boundary, deploying, network, reading, testing
from bootstrap.stack import PATH, Stack
from bootstrap.state import State
from components.policies.statements import Statement, document

_LONGEST = 6_144
"""Characters of a managed policy (IAM user guide, "IAM and AWS STS quotas")."""


class Roles(pulumi.ComponentResource):
    """What CI needs for one stack.

    Creates: the permissions boundary of the stack's own roles, and two roles with the policies of
    what they may do: the preview role reads, and the deploy role writes, too.

    Raises:
        RunError: IAM does not take so long a policy.
    """

    arns: dict[Use, pulumi.Output[str]]
    boundary_arn: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        stack: Stack,
        *,
        github: Github,
        state: State,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("sagemaker-processing-bootstrap:roles:Roles", name, None, opts)
        self._name, self._stack, self._github = name, stack, github
        self.boundary_arn = self._policy("boundary", boundary.statements(stack))
        # By what a reviewer would read together, as IAM takes 6,144 characters at a time.
        read = {
            "read-state": [*state.may_read(stack), *reading.statements(stack)],
            "read": reading.of_kinds(stack),
        }
        written = {
            "write-state": [*state.may_write(stack), *deploying.statements(stack)],
            "write": deploying.of_kinds(stack),
            "write-network": network.statements(stack),
            **({"test": testing.statements(stack)} if stack.settings.tested else {}),
        }
        arns = {part: self._policy(part, each) for part, each in (read | written).items()}
        self.arns = {
            "preview": self._role("preview", {part: arns[part] for part in read}),
            "deploy": self._role("deploy", arns),
        }
        self.register_outputs({})

    def _policy(self, part: str, statements: list[Statement]) -> pulumi.Output[str]:
        """Create a managed policy, and return its ARN."""
        text = pulumi.Output.json_dumps(document(*statements), separators=(",", ":"))
        return aws.iam.Policy(
            f"{self._name}-{part}",
            name=f"{self._stack.regional}-{part}",
            path=PATH,
            policy=text.apply(partial(_short_enough, f"{self._stack.name}: its policy {part}")),
            opts=pulumi.ResourceOptions(parent=self),
        ).arn

    def _role(self, use: Use, policies: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
        """Create a role that GitHub's workflows of this use assume, and return its ARN."""
        role = aws.iam.Role(
            f"{self._name}-{use}",
            name=f"{self._stack.regional}-{use}",
            path=PATH,
            assume_role_policy=pulumi.Output.json_dumps(self._github.trust(self._stack.name, use)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        for part, arn in policies.items():
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{use}-{part}",
                role=role.name,
                policy_arn=arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role.arn


def _short_enough(which: str, policy: str) -> str:
    if len(policy) <= _LONGEST:
        return policy
    raise pulumi.RunError(
        f"stacks.{which} would have {len(policy):,} characters, and IAM takes {_LONGEST:,}; "
        "shorten `uses`, or the prefix"
    )
