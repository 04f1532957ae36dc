"""Schedule: when the launcher is called."""

import json

import pulumi
import pulumi_aws as aws

from components.launcher import Launcher
from components.observer import Observer
from components.schedule_group import ScheduleGroup
from components.stack import Stack


class Schedule(pulumi.ComponentResource):
    """The schedules of the stack: the last that is created, and the first that is deleted.

    Creates: one schedule for each that is configured, after all that a slot needs until somebody
    hears of its end.

    The event holds the scheduled time, which is the same for every delivery of a slot. It is
    encrypted with the stack's key.
    """

    def __init__(
        self,
        name: str,
        stack: Stack,
        *,
        group: ScheduleGroup,
        launcher: Launcher,
        observer: Observer,
    ) -> None:
        super().__init__("sagemaker-processing:schedule:Schedule", name, None, stack.opts)
        # Creating a schedule fails while its role cannot do what it needs, too.
        needed = [group, launcher, observer]
        for schedule, settings in stack.settings.schedules.items():
            # EventBridge Scheduler fills in the time in angle brackets.
            slot = "<aws.scheduler.scheduled-time>"
            event = {"schedule": schedule, "slot": slot, "trigger": "schedule"}
            aws.scheduler.Schedule(
                f"{name}-{schedule}",
                name=schedule,
                group_name=group.name,
                schedule_expression=settings.expression,
                schedule_expression_timezone=settings.timezone,
                state="DISABLED" if settings.suspend else "ENABLED",
                flexible_time_window={"mode": "OFF"},
                kms_key_arn=stack.key_arn,
                target={
                    "arn": launcher.function.arn,
                    "role_arn": group.role_arn,
                    "input": json.dumps(event),
                    # After an hour a slot goes to the queue, where somebody sees it.
                    "retry_policy": {
                        "maximum_retry_attempts": 10,
                        "maximum_event_age_in_seconds": 3600,
                    },
                    "dead_letter_config": {"arn": group.failures_arn},
                },
                opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
            )
        self.register_outputs({})
