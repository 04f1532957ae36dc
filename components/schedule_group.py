"""Schedule group: how EventBridge Scheduler reaches the launcher, and what it cannot deliver."""

import pulumi
import pulumi_aws as aws

from components import failure_queue
from components.launcher import Launcher
from components.policies import roles
from components.role import create_role
from components.stack import Stack


class ScheduleGroup(pulumi.ComponentResource):
    """What the schedules of the stack, and the observer's next attempts, have in common.

    Creates: a schedule group, the role by which EventBridge Scheduler may invoke the launcher and
    nothing else, and the encrypted queue that keeps what it could not deliver.
    """

    name: pulumi.Output[str]
    arn: pulumi.Output[str]
    role_arn: pulumi.Output[str]
    failures_arn: pulumi.Output[str]
    """ARN of the queue of undelivered slots."""

    def __init__(self, name: str, stack: Stack, *, launcher: Launcher) -> None:
        super().__init__("sagemaker-processing:schedulegroup:ScheduleGroup", name, None, stack.opts)
        child = pulumi.ResourceOptions(parent=self)
        self.name = aws.scheduler.ScheduleGroup(name, name=stack.prefix, opts=child).name
        self.arn = pulumi.Output.concat(
            stack.account.arn("scheduler", "schedule-group/"), self.name
        )
        self.failures_arn = failure_queue.create(name, stack, self, of="schedule").arn
        self.role_arn = create_role(
            name,
            stack,
            self,
            service="scheduler",
            # The form that AWS documents: schedules of this group, not of anybody's.
            source_arn=self.arn,
            allowed=roles.schedule(stack, "*", launcher.function.arn, self.failures_arn),
        ).arn
        self.register_outputs({})
