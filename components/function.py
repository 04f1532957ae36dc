"""Function: a Lambda function that is invoked asynchronously and loses no event."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components import function_packages, names, role
from components.delivery import QUEUE_RETENTION_S
from components.policies import roles, statements

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from components.aws.account import Account
    from components.policies.statements import Statement

_RUNTIME = "python3.13"
_ARCHITECTURE = "arm64"
_PACKAGES = Path("lambda")
_EVENT_AGE_S = 6 * 3600
"""Lambda's maximum: it goes on trying to deliver an event while the function is throttled."""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    """What a function depends on."""

    account: Account
    prefix: str
    key_arn: pulumi.Input[str]
    permissions_boundary: str | None
    log_days: int
    files: Sequence[Path]
    """The code, below `lambda/`."""
    document: Mapping[str, Any]
    """Goes into the archive as `<name>.json`: Lambda's environment holds only 4 KB."""
    environment: Mapping[str, pulumi.Input[str]]
    statements: Sequence[Statement]
    """What its role may do, beyond logging and keeping failed events."""
    timeout_s: int
    memory_mb: int
    after: Sequence[pulumi.Resource] = ()
    """What has to be there when the function is called, and none of its inputs names."""


class Function(pulumi.ComponentResource):
    """One function, `<prefix>-<name>`, whose handler is `<name>.handler.handler`.

    Creates: the function (not in a VPC, with an encrypted environment, and with the packages that
    it needs in its archive), its role and policy, its encrypted log group, the encrypted queue that
    keeps events which failed for good, and the asynchronous configuration that sends them there
    after two retries.
    """

    arn: pulumi.Output[str]
    """The function's ARN."""
    name: pulumi.Output[str]
    """The function's name."""
    log_group: pulumi.Output[str]
    """The log group's name."""
    failures_arn: pulumi.Output[str]
    """ARN of the queue of events that failed."""
    failures_name: pulumi.Output[str]
    """Its name."""
    failures_url: pulumi.Output[str]
    """Its URL."""

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:function:Function", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        log_group = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.function_logs(args.prefix, name),
            retention_in_days=args.log_days,
            kms_key_id=args.key_arn,
            opts=child,
        )
        failures = aws.sqs.Queue(
            f"{name}-failures",
            name=names.queue(args.prefix, f"{name}-failures"),
            message_retention_seconds=QUEUE_RETENTION_S,
            kms_master_key_id=args.key_arn,
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
        self.arn = function.arn
        self.name = function.name
        self.log_group = log_group.name
        self.failures_arn = failures.arn
        self.failures_name = failures.name
        self.failures_url = failures.url
        self.register_outputs(
            {
                "arn": self.arn,
                "name": self.name,
                "log_group": self.log_group,
                "failures_arn": self.failures_arn,
                "failures_name": self.failures_name,
                "failures_url": self.failures_url,
            }
        )

    def _function(
        self,
        name: str,
        args: FunctionArgs,
        failures_arn: pulumi.Output[str],
        log_group: aws.cloudwatch.LogGroup,
    ) -> aws.lambda_.Function:
        function_name = names.function(args.prefix, name)
        common = roles.function(
            args.account,
            function_name,
            failures_arn=failures_arn,
            log_group_arn=log_group.arn,
            key_arn=args.key_arn,
        )
        own = role.create(
            name,
            names.role(args.prefix, args.account.region, name),
            # Without conditions: AWS does not say that Lambda sends its function's ARN or account
            # when it assumes a role, and without them no function would start. A role of this
            # account can be passed only to functions of this account (iam:PassRole).
            trust=statements.trust("lambda.amazonaws.com"),
            allowed=statements.document(*args.statements, *common),
            boundary=args.permissions_boundary,
            parent=self,
        )
        return aws.lambda_.Function(
            f"{name}-function",
            name=function_name,
            role=own.arn,
            runtime=_RUNTIME,
            architectures=[_ARCHITECTURE],
            handler=f"{name}.handler.handler",
            code=_archive(args.files, f"{name}.json", args.document),
            environment={"variables": dict(args.environment)},
            kms_key_arn=args.key_arn,
            timeout=args.timeout_s,
            memory_size=args.memory_mb,
            logging_config={"log_format": "JSON", "log_group": log_group.name},
            # Without its permissions the first event would fail.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[own.policy, *args.after]),
        )


def sources(name: str) -> list[Path]:
    """Return the files of a function's own package, and of the one that all share."""
    folders = (_PACKAGES / name, _PACKAGES / "pipeline")
    return [path for each in folders for path in (*each.glob("*.py"), *each.glob("*.json"))]


def _archive(
    files: Sequence[Path], document_name: str, document: Mapping[str, Any]
) -> pulumi.AssetArchive:
    """Return the code, file by file: a folder would bring caches along, and change by itself."""
    own = {path.relative_to(_PACKAGES).as_posix(): path for path in files}
    places = {**function_packages.files(), **own}
    sources = {place: pulumi.FileAsset(path) for place, path in sorted(places.items())}
    text = json.dumps(document, indent=2, sort_keys=True)
    return pulumi.AssetArchive({**sources, document_name: pulumi.StringAsset(text)})
