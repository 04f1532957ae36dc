"""Function: a Lambda function that is invoked asynchronously and loses no event."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

from components import failure_queue, function_archive, names
from components.policies import roles
from components.policies.statements import Statement
from components.role import Role, create_role
from components.stack import Stack

TIMEOUT_S = 900
"""Lambda's maximum: who is throttled waits, and a slot of a million objects is read in minutes."""
TRIES = 20
"""Of each call. An account has one CreateProcessingJob a second, which nobody can raise: who is
throttled gets its turn within five minutes of pauses, where Lambda would try twice more. A call
that hangs each time is raised after some twelve minutes, before the function is cut off.
https://docs.aws.amazon.com/general/latest/gr/sagemaker.html
"""


class Function(pulumi.ComponentResource):
    """One function, `<prefix>-<name>`, whose handler is `<name>.handler.handler`.

    Creates: the function (not in a VPC, with an encrypted environment, and with the packages that
    it needs in its archive), its role and policy, its encrypted log group, the encrypted queue that
    keeps events which failed for good, and the asynchronous configuration that sends them there
    after two retries.

    `allowed` is what its role may do beyond logging and keeping failed events, and `after` what has
    to be there when the function is called.
    """

    arn: pulumi.Output[str]
    name: pulumi.Output[str]
    failures: aws.sqs.Queue
    """The queue of events that failed for good."""

    def __init__(  # noqa: PLR0913 - each is one thing that it depends on
        self,
        name: str,
        stack: Stack,
        parent: pulumi.Resource,
        *,
        environment: Mapping[str, pulumi.Input[str]],
        allowed: Sequence[Statement],
        memory_mb: int,
        after: Sequence[pulumi.Resource],
    ) -> None:
        opts = pulumi.ResourceOptions(parent=parent)
        super().__init__("sagemaker-processing:function:Function", name, None, opts)
        self.failures = failure_queue.create(name, stack, self, of=name)
        logs, role = self._logs_and_role(name, stack, allowed)
        function = aws.lambda_.Function(
            f"{name}-function",
            name=names.function(stack.prefix, name),
            role=role.arn,
            runtime="python3.13",
            architectures=["arm64"],
            handler=f"{name}.handler.handler",
            code=function_archive.build(name, stack.settings),
            environment={"variables": {**environment, "AWS_MAX_ATTEMPTS": str(TRIES)}},
            kms_key_arn=stack.key_arn,
            timeout=TIMEOUT_S,
            memory_size=memory_mb,
            logging_config={"log_format": "JSON", "log_group": logs.name},
            # Without its permissions the first event would fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role.policy, *after]),
        )
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-async",
            function_name=function.name,
            maximum_retry_attempts=2,
            # Lambda's maximum: it goes on trying while the function is throttled.
            maximum_event_age_in_seconds=6 * 3600,
            destination_config={"on_failure": {"destination": self.failures.arn}},
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn, self.name = function.arn, function.name
        self.register_outputs({})

    def _logs_and_role(
        self, name: str, stack: Stack, allowed: Sequence[Statement]
    ) -> tuple[aws.cloudwatch.LogGroup, Role]:
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.function_logs(stack.prefix, name),
            retention_in_days=stack.settings.retention.log_days,
            kms_key_id=stack.key_arn,
            opts=pulumi.ResourceOptions(parent=self),
        )
        role = create_role(
            name,
            stack,
            self,
            service="lambda",
            # AWS does not say that Lambda sends its function's ARN or account when it assumes a
            # role, and with a condition no function would start. A role of this account can be
            # passed only to functions of this account (iam:PassRole).
            source_arn=None,
            allowed=[*allowed, *roles.function(stack, name, self.failures.arn, logs.arn)],
        )
        return logs, role
