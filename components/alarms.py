"""Alarms: what calls somebody, apart from the message about a failed slot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pulumi
import pulumi_aws as aws

from components import alarm_definitions, names, success_window
from pipeline import cron

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from components.alarm_definitions import Alarm
    from components.settings import ScheduleSettings, Settings


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What is watched."""

    settings: Settings
    topic_arn: pulumi.Input[str]
    functions: Mapping[str, pulumi.Input[str]]
    """Its part of an alarm's name -> the function's physical name."""
    queues: Mapping[str, pulumi.Input[str]]
    """The alarm's name -> the queue's physical name."""
    schedule_group: pulumi.Input[str]
    rule: pulumi.Input[str]
    """The rule that brings the ends of jobs to the observer."""


class Alarms(pulumi.ComponentResource):
    """The alarms of the stack, `<prefix>--<suffix>`.

    Creates: one alarm for each definition, which tells the topic when it goes off; none where the
    settings switch them off. That one is over is told by Alerts.
    """

    arns: list[pulumi.Output[str]]
    """The alarms' ARNs."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:alarms:Alarms", name, None, opts)
        self._name, self._args = name, args
        wanted = definitions(args) if args.settings.alerts.monitoring == "full" else ()
        self.arns = [self._create(alarm).arn for alarm in wanted]
        self.register_outputs({"arns": self.arns})

    def _create(self, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        minutes = alarm.warm_up_minutes
        return aws.cloudwatch.MetricAlarm(
            f"{self._name}-{alarm.suffix}",
            name=names.alarm(self._args.settings.prefix, alarm.suffix),
            alarm_description=alarm.description,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=dict(alarm.dimensions),
            statistic=alarm.statistic,
            comparison_operator=alarm.comparison,
            threshold=alarm.threshold,
            period=alarm.period_s,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.periods,
            treat_missing_data=alarm.missing,
            alarm_actions=[self._args.topic_arn] if alarm.notifies else [],
            warm_up_configuration=(
                {"warm_up_period_duration_in_minutes": minutes} if minutes else None
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )


def definitions(args: AlarmsArgs) -> Iterator[Alarm]:
    """Yield every alarm of the stack."""
    settings = args.settings
    for name, schedule in settings.schedules.items():
        yield from alarm_definitions.of_schedule(
            settings.stack, name, settings.running_long_seconds, _window(settings, schedule)
        )
    for function, name in args.functions.items():
        yield from alarm_definitions.of_function(function, name)
    for queue, name in args.queues.items():
        yield alarm_definitions.of_queue(queue, name)
    yield from alarm_definitions.of_scheduler(args.schedule_group)
    yield from alarm_definitions.of_rule(args.rule)


def _window(settings: Settings, schedule: ScheduleSettings) -> timedelta | None:
    """Return how long the schedule may go without a success; None where none is due."""
    if schedule.suspend:
        return None
    if schedule.success_within_hours is not None:
        return timedelta(hours=schedule.success_within_hours)
    return success_window.derived(
        cron.parse(schedule.expression),
        ZoneInfo(schedule.timezone),
        timedelta(seconds=settings.job.max_runtime_seconds),
    )
