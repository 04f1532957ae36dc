"""Function: a Lambda function that is invoked asynchronously and loses no event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components import failure_queue, function_archive, names
from components.aws.account import Account
from components.policies import roles, statements
from components.policies.statements import Statement
from components.role import create_role
from components.settings import Settings

_RUNTIME = "python3.13"
_ARCHITECTURE = "arm64"
_EVENT_AGE_S = 6 * 3600
"""Lambda's maximum: it goes on trying to deliver an event while the function is throttled."""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What a function depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    """What its role may do, beyond logging and keeping failed events."""
    timeout_s: int
    memory_mb: int
    after: Sequence[pulumi.Resource]
    """What has to be there when the function is called."""


class Function(pulumi.ComponentResource):
    """One function, `<prefix>-<name>`, whose handler is `<name>.handler.handler`.

    Creates: the function (not in a VPC, with an encrypted environment, and with the packages that
    it needs in its archive), its role and policy, its encrypted log group, the encrypted queue that
    keeps events which failed for good, and the asynchronous configuration that sends them there
    after two retries.
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    failures: aws.sqs.Queue
    """The queue of events that failed for good."""

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:function:Function", name, None, opts)
        settings, child = args.settings, pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.function_logs(settings.prefix, name),
            retention_in_days=settings.retention.log_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        self.failures = failure_queue.create(
            name, name, prefix=settings.prefix, key_arn=args.key_arn, parent=self
        )
        function = self._function(name, args, log_group)
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-async",
            function_name=function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=_EVENT_AGE_S,
            destination_config={"on_failure": {"destination": self.failures.arn}},
            opts=child,
        )
        self.arn = function.arn
        self.name = function.name
        self.register_outputs({"arn": self.arn, "name": self.name})

    def _function(
        self, name: str, args: FunctionArgs, log_group: aws.cloudwatch.LogGroup
    ) -> aws.lambda_.Function:
        function_name = names.function(args.settings.prefix, name)
        common = roles.function(
            args.account,
            function_name,
            failures_arn=self.failures.arn,
            log_group_arn=log_group.arn,
            key_arn=args.key_arn,
        )
        role = create_role(
            name,
            args.settings,
            # Without conditions: AWS does not say that Lambda sends its function's ARN or account
            # when it assumes a role, and without them no function would start. A role of this
            # account can be passed only to functions of this account (iam:PassRole).
            trust=statements.trust("lambda.amazonaws.com"),
            allowed=statements.document(*args.statements, *common),
            parent=self,
        )
        return aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            role=role.arn,
            runtime=_RUNTIME,
            architectures=[_ARCHITECTURE],
            handler=f"{name}.handler.handler",
            code=function_archive.build(name, args.settings),
            environment={"variables": dict(args.environment)},
            kms_key_arn=args.key_arn,
            timeout=args.timeout_s,
            memory_size=args.memory_mb,
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            # Without its permissions the first event would fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role.policy, *args.after]),
        )
