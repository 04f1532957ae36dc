"""Schedule group: how EventBridge Scheduler reaches the launcher, and what it cannot deliver."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import failure_queue
from components.aws.account import Account
from components.policies import roles, statements
from components.role import create_role
from components.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ScheduleGroupArgs:
    """What the way to the launcher depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    launcher_arn: pulumi.Input[str]


class ScheduleGroup(pulumi.ComponentResource):
    """What the schedules of the stack, and the observer's next attempts, have in common.

    Creates: a schedule group, the role by which EventBridge Scheduler may invoke the launcher and
    nothing else, and the encrypted queue that keeps what it could not deliver.
    """

    group: pulumi.Output[str]
    """Its name."""
    role_arn: pulumi.Output[str]
    failures_arn: pulumi.Output[str]
    """ARN of the queue of undelivered slots."""

    def __init__(
        self, name: str, args: ScheduleGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:schedulegroup:ScheduleGroup", name, None, opts)
        prefix = args.settings.prefix
        group = aws.scheduler.ScheduleGroup(
            name, name=prefix, opts=pulumi.ResourceOptions(parent=self)
        )
        failures = failure_queue.create(
            name, "schedule", prefix=prefix, key_arn=args.key_arn, parent=self
        )
        role = create_role(
            name,
            args.settings,
            trust=statements.trust_schedules(args.account, group.name),
            allowed=roles.schedule(
                args.account,
                f"{prefix}/*",
                function_arn=args.launcher_arn,
                failures_arn=failures.arn,
                key_arn=args.key_arn,
            ),
            parent=self,
        )
        self.group = group.name
        self.role_arn = role.arn
        self.failures_arn = failures.arn
        self.register_outputs(
            {"group": self.group, "role_arn": self.role_arn, "failures_arn": self.failures_arn}
        )
