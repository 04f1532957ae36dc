"""Observer: the function that hears how jobs end, decides what follows, and tells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import function_config, names, role
from components.delivery import DELIVERY
from components.function import Function, FunctionArgs, sources
from components.policies import resources, roles, statements
from components.settings import key_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.account import Account
    from components.settings import Settings

_WATCH = "_watch"
"""Begins unlike every name that the settings allow for a schedule."""
_WATCH_DELIVERY: aws.scheduler.ScheduleTargetRetryPolicyArgsDict = {
    "maximum_retry_attempts": 3,
    "maximum_event_age_in_seconds": 300,
}
"""The next watch comes after five minutes, and sees all that this one would have seen."""


@dataclass(frozen=True, kw_only=True)
class ObserverArgs:
    """What the observer depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    input_bucket: pulumi.Input[str]
    output_bucket: pulumi.Input[str]
    table: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    topic_arn: pulumi.Input[str]
    launcher_arn: pulumi.Input[str]
    schedule_group: pulumi.Input[str]
    schedule_role_arn: pulumi.Input[str]
    """By it EventBridge Scheduler invokes the launcher: for slots, and for the next attempts."""
    schedule_failures_arn: pulumi.Input[str]
    after: Sequence[pulumi.Resource] = ()
    """What the observer needs, and no value here depends on: whatever completes what it names."""


class Observer(pulumi.ComponentResource):
    """The function that is told of every end of a job, and looks after all of them.

    Creates: a Function; the rule on the stack's job ends and on what the launcher did not start,
    with a dead letter queue (the function's own queue of failures); the schedule that invokes the
    function every five minutes, to find what no event tells.
    """

    function_name: pulumi.Output[str]
    """The function's name, `<prefix>-observer`."""
    log_group: pulumi.Output[str]
    """The log group's name."""
    failures_name: pulumi.Output[str]
    """Name of the queue of events that failed, or that never reached the function."""
    failures_url: pulumi.Output[str]
    """Its URL."""
    rule: pulumi.Output[str]
    """The rule's name."""

    def __init__(
        self, name: str, args: ObserverArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:observer:Observer", name, None, opts)
        function = self._function(name, args)
        rule = self._rule(name, args.settings.prefix, function)
        self._watch(name, args, function)
        self.function_name = function.name
        self.log_group = function.log_group
        self.failures_name = function.failures_name
        self.failures_url = function.failures_url
        self.rule = rule.name
        self.register_outputs(
            {
                "function_name": self.function_name,
                "log_group": self.log_group,
                "failures_name": self.failures_name,
                "failures_url": self.failures_url,
                "rule": self.rule,
            }
        )

    def _function(self, name: str, args: ObserverArgs) -> Function:
        account, settings = args.account, args.settings
        return Function(
            name,
            FunctionArgs(
                account=account,
                prefix=settings.prefix,
                key_arn=args.key_arn,
                permissions_boundary=settings.permissions_boundary,
                log_days=settings.retention.log_days,
                files=sources("observer"),
                document=function_config.observer(settings),
                environment={
                    "JOURNAL_TABLE": args.table,
                    "TOPIC_ARN": args.topic_arn,
                    "SCHEDULE_GROUP": args.schedule_group,
                    "LAUNCHER_ARN": args.launcher_arn,
                    "RETRY_ROLE_ARN": args.schedule_role_arn,
                    "SCHEDULE_FAILURES_ARN": args.schedule_failures_arn,
                    "INPUT_BUCKET": args.input_bucket,
                    "OUTPUT_BUCKET": args.output_bucket,
                    "KMS_KEY_ARN": args.key_arn,
                },
                statements=roles.observer(
                    account,
                    settings.prefix,
                    retry_role_arn=args.schedule_role_arn,
                    table_arn=args.table_arn,
                    key_arn=args.key_arn,
                    topic_arn=args.topic_arn,
                    input_arn=account.bucket_arn(args.input_bucket),
                    input_prefix=key_prefix.fixed(settings.input.prefix),
                    output_arn=account.bucket_arn(args.output_bucket),
                    output_prefix=key_prefix.fixed(settings.output.prefix),
                ),
                # Lambda's maximum: a slot of a million objects is read and listed in minutes.
                timeout_s=900,
                memory_mb=512,
                after=args.after,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _rule(self, name: str, prefix: str, function: Function) -> aws.cloudwatch.EventRule:
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            f"{name}-rule",
            name=f"{prefix}-job-changes",
            description=f"Ends of the jobs of {prefix}, and what was not started",
            event_pattern=json.dumps(_job_changes(prefix)),
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
        may_keep = aws.sqs.QueuePolicy(
            f"{name}-queue-policy",
            queue_url=function.failures_url,
            policy=pulumi.Output.json_dumps(
                resources.queue_policy(function.failures_arn, [rule.arn])
            ),
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            arn=function.arn,
            retry_policy=DELIVERY,
            dead_letter_config={"arn": function.failures_arn},
            # Before the permissions the first event would be lost, and so would one on which the
            # function fails, before its own queue is set.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, may_invoke, may_keep]),
        )
        return rule

    def _watch(self, name: str, args: ObserverArgs, function: Function) -> None:
        own = role.create(
            # Not `<name>`, which is the function's.
            f"{name}-watch",
            names.role(args.settings.prefix, args.account.region, f"{name}-watch"),
            trust=statements.trust_schedules(args.account, args.schedule_group),
            allowed=roles.schedule(
                args.account,
                f"{args.settings.prefix}/{_WATCH}",
                function_arn=function.arn,
                failures_arn=function.failures_arn,
                key_arn=args.key_arn,
            ),
            boundary=args.settings.permissions_boundary,
            parent=self,
        )
        aws.scheduler.Schedule(
            f"{name}-watch",
            name=_WATCH,
            group_name=args.schedule_group,
            schedule_expression="rate(5 minutes)",
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=args.key_arn,
            target={
                "arn": function.arn,
                "role_arn": own.arn,
                "input": json.dumps({"watch": "<aws.scheduler.scheduled-time>"}),
                "retry_policy": _WATCH_DELIVERY,
                "dead_letter_config": {"arn": function.failures_arn},
            },
            # Creating a schedule fails while its role cannot do what it needs.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[function, own.policy]),
        )


def _job_changes(prefix: str) -> dict[str, object]:
    """Return the pattern of the events that end an attempt: SageMaker's, and the launcher's own."""
    return {
        "source": ["aws.sagemaker", names.EVENT_SOURCE],
        "detail-type": ["SageMaker Processing Job State Change", "Processing Job Not Started"],
        "detail": {
            "ProcessingJobName": [{"prefix": names.job_name_prefix(prefix)}],
            "ProcessingJobStatus": ["Completed", "Failed", "Stopped", "Skipped"],
        },
    }
