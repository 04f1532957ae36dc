"""Dispatch: how EventBridge Scheduler reaches the launcher, and what becomes of what it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import names, role
from components.delivery import QUEUE_RETENTION_S
from components.policies import roles, statements

if TYPE_CHECKING:
    from components.aws.account import Account


@dataclass(frozen=True, kw_only=True)
class DispatchArgs:
    """What the way to the launcher depends on."""

    account: Account
    prefix: str
    permissions_boundary: str | None
    function_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class Dispatch(pulumi.ComponentResource):
    """What the schedules of the stack, and the observer's next attempts, have in common.

    Creates: a schedule group, the role by which EventBridge Scheduler may invoke the launcher and
    nothing else, and the encrypted queue that keeps what it could not deliver.
    """

    group: pulumi.Output[str]
    """The group's name."""
    role_arn: pulumi.Output[str]
    """The role by which EventBridge Scheduler invokes the launcher."""
    failures_arn: pulumi.Output[str]
    """ARN of the queue of undelivered slots."""
    failures_name: pulumi.Output[str]
    """Its name."""
    failures_url: pulumi.Output[str]
    """Its URL."""

    def __init__(
        self, name: str, args: DispatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:dispatch:Dispatch", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.scheduler.ScheduleGroup(f"{name}-group", name=args.prefix, opts=child)
        failures = aws.sqs.Queue(
            f"{name}-failures",
            name=names.queue(args.prefix, "schedule-failures"),
            message_retention_seconds=QUEUE_RETENTION_S,
            kms_master_key_id=args.key_arn,
            opts=child,
        )
        own = role.create(
            name,
            names.role(args.prefix, args.account.region, name),
            trust=statements.trust_schedules(args.account, group.name),
            allowed=roles.schedule(
                args.account,
                f"{args.prefix}/*",
                function_arn=args.function_arn,
                failures_arn=failures.arn,
                key_arn=args.key_arn,
            ),
            boundary=args.permissions_boundary,
            parent=self,
        )
        self.group = group.name
        self.role_arn = own.arn
        self.failures_arn = failures.arn
        self.failures_name = failures.name
        self.failures_url = failures.url
        self.register_outputs(
            {
                "group": self.group,
                "role_arn": self.role_arn,
                "failures_arn": self.failures_arn,
                "failures_name": self.failures_name,
                "failures_url": self.failures_url,
            }
        )
