"""Launcher: the function that turns a slot into a job."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components import policies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from components.account import Account

POWERTOOLS_VERSION = "3.37.0"
"""The layer's version, and the version that the tests and the local run install."""

_RUNTIME = "python3.13"
_ARCHITECTURE = "arm64"
_CODE = Path("lambda/launcher")
_QUEUE_RETENTION_S = 14 * 24 * 3600
"""SQS's maximum: a failed event waits through a holiday."""
_EVENT_AGE_S = 6 * 3600
"""Lambda's maximum: it goes on trying to deliver an event while the function is throttled."""


@dataclass(frozen=True, kw_only=True)
class LauncherArgs:
    """What the launcher depends on."""

    account: Account
    prefix: str
    key_arn: pulumi.Input[str]
    log_days: int
    job_role_arn: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]]
    config: Mapping[str, Any]
    """Goes into the code archive as `launcher.json`: Lambda's environment holds only 4 KB."""


class Launcher(pulumi.ComponentResource):
    """The function that starts one processing job for each slot.

    Creates: the function (not in a VPC), its role and policy, its encrypted log group, the queue
    that keeps events which failed for good, and the asynchronous configuration that sends them
    there after two retries.
    """

    function_arn: pulumi.Output[str]
    """The function's ARN."""
    function_name: pulumi.Output[str]
    """The function's name, `<prefix>-launcher`."""
    log_group: pulumi.Output[str]
    """The log group's name."""
    failures_url: pulumi.Output[str]
    """URL of the queue of events that failed."""

    def __init__(
        self, name: str, args: LauncherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:launcher:Launcher", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/lambda/{_function_name(args)}",
            retention_in_days=args.log_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        failures = aws.sqs.Queue(
            f"{name}-failures",
            message_retention_seconds=_QUEUE_RETENTION_S,
            sqs_managed_sse_enabled=True,
            opts=child,
        )
        function = self._function(name, args, failures.arn, log_group)
        aws.lambda_.FunctionEventInvokeConfig(
            f"{name}-async",
            function_name=function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=_EVENT_AGE_S,
            destination_config={"on_failure": {"destination": failures.arn}},
            opts=child,
        )
        self.function_arn = function.arn
        self.function_name = function.name
        self.log_group = log_group.name
        self.failures_url = failures.url
        self.register_outputs(
            {
                "function_arn": self.function_arn,
                "function_name": self.function_name,
                "log_group": self.log_group,
                "failures_url": self.failures_url,
            }
        )

    def _function(
        self,
        name: str,
        args: LauncherArgs,
        failures_arn: pulumi.Output[str],
        log_group: aws.cloudwatch.LogGroup,
    ) -> aws.lambda_.Function:
        role, policy = self._role(name, args, failures_arn, log_group.arn)
        return aws.lambda_.Function(
            f"{name}-function",
            name=_function_name(args),
            role=role.arn,
            runtime=_RUNTIME,
            architectures=[_ARCHITECTURE],
            handler="launcher.handler.handler",
            code=_code(args.config),
            layers=[_powertools(self)],
            environment={"variables": dict(args.environment)},
            timeout=30,
            memory_size=256,
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            # Without its permissions the first event would fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )

    def _role(
        self,
        name: str,
        args: LauncherArgs,
        failures_arn: pulumi.Output[str],
        log_group_arn: pulumi.Output[str],
    ) -> tuple[aws.iam.Role, aws.iam.RolePolicy]:
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=json.dumps(policies.trust("lambda.amazonaws.com")),
            opts=child,
        )
        policy = policies.launcher_role(
            args.account,
            args.prefix,
            job_role_arn=args.job_role_arn,
            failures_arn=failures_arn,
            log_group_arn=log_group_arn,
        )
        return role, aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=pulumi.Output.json_dumps(policy), opts=child
        )


def _function_name(args: LauncherArgs) -> str:
    return f"{args.prefix}-launcher"


def _code(config: Mapping[str, Any]) -> pulumi.AssetArchive:
    """Return the code, file by file: a folder would bring caches along, and change by itself."""
    sources = {
        f"{_CODE.name}/{path.name}": pulumi.FileAsset(path) for path in sorted(_CODE.glob("*.py"))
    }
    document = pulumi.StringAsset(json.dumps(config, indent=2, sort_keys=True))
    return pulumi.AssetArchive({**sources, "launcher.json": document})


def _powertools(parent: pulumi.Resource) -> pulumi.Output[str]:
    """Return the ARN of AWS's public layer of Powertools, of exactly our version."""
    parameter = aws.ssm.get_parameter_output(
        name=f"/aws/service/powertools/python/{_ARCHITECTURE}/{_RUNTIME}/{POWERTOOLS_VERSION}",
        opts=pulumi.InvokeOptions(parent=parent),
    )
    return parameter.insecure_value
