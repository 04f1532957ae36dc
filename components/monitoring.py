"""Monitoring: alarms that call somebody, and the dashboard that this person looks at."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components import alarm_definitions, dashboard_body, names
from components.alerts import Alerts
from components.stack import Stack


class Monitoring(pulumi.ComponentResource):
    """The stack's alarms, and its dashboard.

    Creates, unless `alerts.monitoring` is `messages`: an alarm `<prefix>--<suffix>` for each
    definition, which notifies the topic when it goes off, and a dashboard `<prefix>-<region>`, as
    dashboards are global in an account. Alerts has the message when an alarm is over.

    Both come after `watched` and the alerts, whose names they have.
    """

    def __init__(
        self, name: str, stack: Stack, *, alerts: Alerts, watched: Sequence[pulumi.Resource]
    ) -> None:
        super().__init__("sagemaker-processing:monitoring:Monitoring", name, None, stack.opts)
        settings = stack.settings
        child = pulumi.ResourceOptions(parent=self, depends_on=[alerts, *watched])
        if settings.alerts.monitoring == "full":
            alarms = [
                aws.cloudwatch.MetricAlarm(
                    f"{name}-{suffix}",
                    name=names.alarm(stack.prefix, suffix),
                    # Of a failed slot the observer has sent a message already, with the reason.
                    alarm_actions=[] if suffix.endswith(names.SILENT_ALARM) else alerts.topics,
                    datapoints_to_alarm=alarm["evaluation_periods"],
                    opts=child,
                    **alarm,
                )
                for suffix, alarm in alarm_definitions.of(settings, stack.account.id)
            ]
            body = dashboard_body.of(settings, stack.account.id, [alarm.arn for alarm in alarms])
            aws.cloudwatch.Dashboard(
                f"{name}-dashboard",
                dashboard_name=f"{stack.prefix}-{settings.region}",
                dashboard_body=pulumi.Output.json_dumps(body),
                opts=child,
            )
        self.register_outputs({})
