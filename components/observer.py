"""Observer: the function that hears how jobs end, decides what follows, and sends messages."""

import json

import pulumi
import pulumi_aws as aws

from components import failure_queue, names
from components.alerts import Alerts
from components.function import Function
from components.journal import Journal
from components.launcher import Launcher
from components.policies import roles
from components.role import create_role
from components.schedule_group import ScheduleGroup
from components.stack import Stack
from components.storage import Storage
from pipeline.contract import NOTICE
from pipeline.outcome import State

_WATCH = "_watch"
"""Begins unlike every name that the settings allow for a schedule."""


class Observer(pulumi.ComponentResource):
    """The function that gets an event at every end of a job, and looks after all jobs.

    Creates: a Function; the rule on the stack's job ends and on what the launcher did not start,
    with a dead letter queue (the function's own queue of failures); the schedule that invokes the
    function every five minutes, to find what no event reports.
    """

    function: Function

    def __init__(  # noqa: PLR0913 - one value for each thing that the observer touches
        self,
        name: str,
        stack: Stack,
        *,
        storage: Storage,
        journal: Journal,
        alerts: Alerts,
        launcher: Launcher,
        group: ScheduleGroup,
    ) -> None:
        super().__init__("sagemaker-processing:observer:Observer", name, None, stack.opts)
        self.function = Function(
            name,
            stack,
            self,
            environment={
                "JOURNAL_TABLE": journal.table,
                "TOPIC_ARN": alerts.topic_arn,
                **({"CHAT_TOPIC_ARN": alerts.chat_arn} if alerts.chat_arn else {}),
                "SCHEDULE_GROUP": group.name,
                "LAUNCHER_ARN": launcher.function.arn,
                "RETRY_ROLE_ARN": group.role_arn,
                "SCHEDULE_FAILURES_ARN": group.failures_arn,
                "INPUT_BUCKET": storage.input_bucket,
                "OUTPUT_BUCKET": storage.output_bucket,
                "KMS_KEY_ARN": stack.key_arn,
            },
            allowed=roles.observer(
                stack,
                storage.data,
                retry_role_arn=group.role_arn,
                table_arn=journal.table_arn,
                topic_arns=alerts.topics,
            ),
            memory_mb=512,
            after=[storage, launcher, group],
        )
        self._rule(name, stack)
        self._watch(name, stack, group)
        self.register_outputs({})

    def _rule(self, name: str, stack: Stack) -> None:
        function, child = self.function, pulumi.ResourceOptions(parent=self)
        prefix, kinds = stack.prefix, stack.settings.job_kinds
        events = [*(kind.change for kind in kinds), NOTICE]
        states = ["Completed", "Failed", "Stopped", State.REFUSED, State.SKIPPED]
        ends = [
            {
                kind.key("Name"): [{"prefix": names.job_name_prefix(prefix)}],
                kind.key("Status"): states,
            }
            for kind in kinds
        ]
        pattern = {
            "source": list(dict.fromkeys(source for source, _ in events)),
            "detail-type": [each for _, each in events],
            "detail": {"$or": ends} if len(ends) > 1 else ends[0],
        }
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=names.job_changes(prefix),
            description=f"Ends of the jobs of {prefix}, and what was not started",
            event_pattern=json.dumps(pattern),
            opts=child,
        )
        may_invoke = aws.lambda_.Permission(
            f"{name}-permission",
            action="lambda:InvokeFunction",
            function=function.name,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            opts=child,
        )
        may_keep = failure_queue.admit(name, function.failures, [rule], self)
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=function.arn,
            dead_letter_config={"arn": function.failures.arn},
            # Before the permissions the first event would be lost, and so would one on which the
            # function fails, before its own queue is set.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, may_invoke, may_keep]),
        )

    def _watch(self, name: str, stack: Stack, group: ScheduleGroup) -> None:
        function = self.function
        role = create_role(
            # Not `<name>`, which is the function's.
            f"{name}-watch",
            stack,
            self,
            service="scheduler",
            source_arn=group.arn,
            allowed=roles.schedule(stack, _WATCH, function.arn, function.failures.arn),
        )
        aws.scheduler.Schedule(
            f"{name}-watch",
            name=_WATCH,
            group_name=group.name,
            schedule_expression="rate(5 minutes)",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=stack.key_arn,
            target={
                "arn": function.arn,
                "role_arn": role.arn,
                "input": json.dumps({"watch": "<aws.scheduler.scheduled-time>"}),
                # The next watch, after five minutes, sees all that this one would have seen.
                "retry_policy": {"maximum_retry_attempts": 3, "maximum_event_age_in_seconds": 300},
                "dead_letter_config": {"arn": function.failures.arn},
            },
            # Creating a schedule fails while its role cannot do what it needs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, role.policy]),
        )
