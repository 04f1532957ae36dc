"""Schedule: when the launcher is called, and what becomes of a call that cannot be delivered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pulumi
import pulumi_aws as aws

from components import cron, policies, role, role_policies
from components.delivery import QUEUE_RETENTION_S

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.account import Account
    from components.settings import ScheduleSettings

_RETRY_POLICY: aws.scheduler.ScheduleTargetRetryPolicyArgsDict = {
    "maximum_retry_attempts": 10,
    "maximum_event_age_in_seconds": 3600,
}
"""After an hour without delivery a slot goes to the queue, where somebody sees it."""


@dataclass(frozen=True, kw_only=True)
class ScheduleArgs:
    """What the schedules depend on."""

    account: Account
    prefix: str
    permissions_boundary: str | None
    schedules: Mapping[str, ScheduleSettings]
    function_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class Schedule(pulumi.ComponentResource):
    """The schedules of the stack.

    Creates: a schedule group, one schedule for each that is configured, the role by which
    EventBridge Scheduler may invoke the launcher and nothing else, and the queue that keeps what
    it could not deliver.

    The event holds the scheduled time, which is the same for every delivery of a slot. Events and
    queue are encrypted with the stack's key.
    """

    group: pulumi.Output[str]
    """The group's name."""
    role_arn: pulumi.Output[str]
    """The role by which EventBridge Scheduler invokes the launcher, for later attempts too."""
    failures_arn: pulumi.Output[str]
    """ARN of the queue of undelivered slots."""
    failures_name: pulumi.Output[str]
    """Its name."""
    failures_url: pulumi.Output[str]
    """Its URL."""

    def __init__(
        self, name: str, args: ScheduleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:schedule:Schedule", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.scheduler.ScheduleGroup(f"{name}-group", name=args.prefix, opts=child)
        failures = aws.sqs.Queue(
            f"{name}-failures",
            message_retention_seconds=QUEUE_RETENTION_S,
            kms_master_key_id=args.key_arn,
            opts=child,
        )
        own = role.create(
            name,
            trust=policies.trust_schedules(args.account, args.prefix),
            allowed=role_policies.schedule(
                args.account,
                f"{args.prefix}/*",
                function_arn=args.function_arn,
                failures_arn=failures.arn,
                key_arn=args.key_arn,
            ),
            boundary=args.permissions_boundary,
            parent=self,
        )
        for schedule, settings in args.schedules.items():
            _warn_of_lost_slots(schedule, settings)
            aws.scheduler.Schedule(
                f"{name}-{schedule}",
                name=schedule,
                group_name=group.name,
                schedule_expression=settings.expression,
                schedule_expression_timezone=settings.timezone,
                state="DISABLED" if settings.suspend else "ENABLED",
                flexible_time_window={"mode": "OFF"},
                kms_key_arn=args.key_arn,
                target={
                    "arn": args.function_arn,
                    "role_arn": own.arn,
                    "input": json.dumps(_event(schedule)),
                    "retry_policy": _RETRY_POLICY,
                    "dead_letter_config": {"arn": failures.arn},
                },
                # Creating a schedule fails while its role cannot do what it needs.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[own.policy]),
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


def _warn_of_lost_slots(schedule: str, settings: ScheduleSettings) -> None:
    """Say at preview which local times of the coming year daylight saving takes away."""
    expression, zone = cron.parse(settings.expression), ZoneInfo(settings.timezone)
    now = datetime.now(zone).replace(tzinfo=None)
    gaps = [gap for year in (now.year, now.year + 1) for gap in expression.dst_gaps(zone, year)]
    for gap in gaps:
        if now <= gap <= now + timedelta(days=366):
            pulumi.log.warn(
                f"schedule {schedule} will not run at {gap:%Y-%m-%d %H:%M}: {settings.timezone} "
                "skips that time; choose another hour, or UTC"
            )


def _event(schedule: str) -> dict[str, str]:
    """Return the launcher's event; EventBridge Scheduler fills in the time in angle brackets."""
    return {
        "schedule": schedule,
        "slot": "<aws.scheduler.scheduled-time>",
        "trigger": "schedule",
    }
