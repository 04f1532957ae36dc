"""Monitoring: alarms that call somebody, and the dashboard that this person looks at."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import alarm_definitions, dashboard_body, names
from components.alarm_definitions import Alarm
from components.settings import Settings


@dataclass(frozen=True, kw_only=True)
class MonitoringArgs:
    """What is watched, and who hears of it."""

    settings: Settings
    topic_arn: pulumi.Input[str]
    watched: Sequence[pulumi.Resource]
    """What alarms and dashboard name: they come after it."""


class Monitoring(pulumi.ComponentResource):
    """The stack's alarms, and its dashboard.

    Creates, unless `alerts.monitoring` is `messages`: an alarm `<prefix>--<suffix>` for each
    definition, which notifies the topic when it goes off, and a dashboard `<prefix>-<region>`, as
    dashboards are global in an account. Alerts has the message when an alarm is over.
    """

    def __init__(
        self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:monitoring:Monitoring", name, None, opts)
        settings = args.settings
        if settings.alerts.monitoring == "full":
            alarms = [self._alarm(name, args, alarm) for alarm in alarm_definitions.of(settings)]
            body = dashboard_body.of(settings, [alarm.arn for alarm in alarms])
            aws.cloudwatch.Dashboard(
                f"{name}-dashboard",
                dashboard_name=f"{settings.prefix}-{settings.region}",
                dashboard_body=pulumi.Output.json_dumps(body),
                opts=pulumi.ResourceOptions(parent=self, depends_on=args.watched),
            )
        self.register_outputs({})

    def _alarm(self, name: str, args: MonitoringArgs, alarm: Alarm) -> aws.cloudwatch.MetricAlarm:
        minutes = alarm.warm_up_minutes
        return aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm.suffix}",
            name=names.alarm(args.settings.prefix, alarm.suffix),
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
            alarm_actions=[args.topic_arn] if alarm.notifies else [],
            warm_up_configuration=(
                {"warm_up_period_duration_in_minutes": minutes} if minutes else None
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=args.watched),
        )
