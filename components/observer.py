"""Observer: the function that hears how jobs end, decides what follows, and sends messages."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import failure_queue, names
from components.aws.account import Account
from components.function import Function, FunctionArgs
from components.journal import Journal
from components.launcher import Launcher
from components.policies import roles, statements
from components.role import create_role
from components.schedule_group import ScheduleGroup
from components.settings import Settings
from components.storage import Storage
from pipeline.contract import JOB_CHANGE, NOTICE
from pipeline.outcome import State

_WATCH = "_watch"
"""Begins unlike every name that the settings allow for a schedule."""


@dataclass(frozen=True, kw_only=True)
class ObserverArgs:
    """What the observer depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    storage: Storage
    journal: Journal
    topic_arn: pulumi.Input[str]
    launcher: Launcher
    schedule_group: ScheduleGroup
    """By it the observer plans the next attempts, too."""


class Observer(pulumi.ComponentResource):
    """The function that gets an event at every end of a job, and looks after all jobs.

    Creates: a Function; the rule on the stack's job ends and on what the launcher did not start,
    with a dead letter queue (the function's own queue of failures); the schedule that invokes the
    function every five minutes, to find what no event reports.
    """

    function: Function

    def __init__(
        self, name: str, args: ObserverArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:observer:Observer", name, None, opts)
        self.function = self._function(name, args)
        self._rule(name, args.settings.prefix)
        self._watch(name, args)
        self.register_outputs({})

    def _function(self, name: str, args: ObserverArgs) -> Function:
        return Function(
            name,
            FunctionArgs(
                account=args.account,
                settings=args.settings,
                key_arn=args.key_arn,
                environment={
                    "JOURNAL_TABLE": args.journal.table,
                    "TOPIC_ARN": args.topic_arn,
                    "SCHEDULE_GROUP": args.schedule_group.group,
                    "LAUNCHER_ARN": args.launcher.function.arn,
                    "RETRY_ROLE_ARN": args.schedule_group.role_arn,
                    "SCHEDULE_FAILURES_ARN": args.schedule_group.failures_arn,
                    "INPUT_BUCKET": args.storage.input_bucket,
                    "OUTPUT_BUCKET": args.storage.output_bucket,
                    "KMS_KEY_ARN": args.key_arn,
                },
                statements=roles.observer(
                    args.account,
                    args.settings.prefix,
                    data=args.storage.data,
                    key_arn=args.key_arn,
                    retry_role_arn=args.schedule_group.role_arn,
                    table_arn=args.journal.table_arn,
                    topic_arn=args.topic_arn,
                ),
                # Lambda's maximum: a slot of a million objects is read and listed in minutes.
                timeout_s=900,
                memory_mb=512,
                after=[args.storage, args.launcher, args.schedule_group],
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _rule(self, name: str, prefix: str) -> None:
        function, child = self.function, pulumi.ResourceOptions(parent=self)
        sources, types = zip(JOB_CHANGE, NOTICE, strict=True)
        states = ["Completed", "Failed", "Stopped", State.REFUSED, State.SKIPPED]
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=names.job_changes(prefix),
            description=f"Ends of the jobs of {prefix}, and what was not started",
            event_pattern=json.dumps(
                {
                    "source": sources,
                    "detail-type": types,
                    "detail": {
                        "ProcessingJobName": [{"prefix": names.job_name_prefix(prefix)}],
                        "ProcessingJobStatus": states,
                    },
                }
            ),
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

    def _watch(self, name: str, args: ObserverArgs) -> None:
        function, group = self.function, args.schedule_group.group
        role = create_role(
            # Not `<name>`, which is the function's.
            f"{name}-watch",
            args.settings,
            trust=statements.trust_schedules(args.account, group),
            allowed=roles.schedule(
                args.account,
                f"{args.settings.prefix}/{_WATCH}",
                function_arn=function.arn,
                failures_arn=function.failures.arn,
                key_arn=args.key_arn,
            ),
            parent=self,
        )
        aws.scheduler.Schedule(
            f"{name}-watch",
            name=_WATCH,
            group_name=group,
            schedule_expression="rate(5 minutes)",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=args.key_arn,
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
