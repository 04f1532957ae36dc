"""Launcher: the function that turns a slot into a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components import function_config
from components.aws import instance_types
from components.function import Function, FunctionArgs, sources
from components.policies import job_conditions, roles
from components.settings import key_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from components.aws.account import Account
    from components.network.component import Place
    from components.settings import Settings


@dataclass(frozen=True, kw_only=True)
class LauncherArgs:
    """What the launcher depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    job_role_arn: pulumi.Input[str]
    image_uri: pulumi.Input[str]
    input_bucket: pulumi.Input[str]
    output_bucket: pulumi.Input[str]
    table: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    place: Place | None = None
    """Where in a VPC the jobs run; None: in none."""
    after: Sequence[pulumi.Resource] = ()
    """What a job needs, and no value here depends on: the policies of its role and its buckets."""


class Launcher(pulumi.ComponentResource):
    """The function that starts one processing job for each slot.

    Creates: a Function, whose role may start, describe, list and stop this stack's jobs, pass
    their one role, keep the journal, see whether there is input, and tell on the event bus what
    it did not start.
    """

    function_arn: pulumi.Output[str]
    """The function's ARN."""
    function_name: pulumi.Output[str]
    """The function's name, `<prefix>-launcher`."""
    log_group: pulumi.Output[str]
    """The log group's name."""
    failures_name: pulumi.Output[str]
    """Name of the queue of events that failed."""
    failures_url: pulumi.Output[str]
    """Its URL."""

    def __init__(
        self, name: str, args: LauncherArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:launcher:Launcher", name, None, opts)
        settings = args.settings
        if warning := instance_types.keyless(settings.attempt_types):
            pulumi.log.warn(warning)
        function = Function(
            name,
            FunctionArgs(
                account=args.account,
                prefix=settings.prefix,
                key_arn=args.key_arn,
                permissions_boundary=settings.permissions_boundary,
                log_days=settings.retention.log_days,
                files=sources("launcher"),
                document=function_config.launcher(settings),
                environment={
                    "JOB_ROLE_ARN": args.job_role_arn,
                    "IMAGE_URI": args.image_uri,
                    "INPUT_BUCKET": args.input_bucket,
                    "OUTPUT_BUCKET": args.output_bucket,
                    "KMS_KEY_ARN": args.key_arn,
                    "JOURNAL_TABLE": args.table,
                    **_ids(args.place),
                },
                statements=roles.launcher(
                    args.account,
                    settings.prefix,
                    job_role_arn=args.job_role_arn,
                    table_arn=args.table_arn,
                    key_arn=args.key_arn,
                    input_arn=args.account.bucket_arn(args.input_bucket),
                    input_prefix=key_prefix.fixed(settings.input.prefix),
                    output_arn=args.account.bucket_arn(args.output_bucket),
                    output_prefix=key_prefix.fixed(settings.output.prefix),
                    job_conditions=job_conditions.conditions(
                        settings,
                        args.place and args.place.subnets,
                        args.place and args.place.security_groups,
                    ),
                ),
                timeout_s=60,
                memory_mb=256,
                after=[*args.after, *(args.place.ready if args.place else ())],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.function_arn = function.arn
        self.function_name = function.name
        self.log_group = function.log_group
        self.failures_name = function.failures_name
        self.failures_url = function.failures_url
        self.register_outputs(
            {
                "function_arn": self.function_arn,
                "function_name": self.function_name,
                "log_group": self.log_group,
                "failures_name": self.failures_name,
                "failures_url": self.failures_url,
            }
        )


def _ids(place: Place | None) -> dict[str, pulumi.Input[str]]:
    """Return the variables that name the jobs' place; none where they are in no VPC."""
    if place is None:
        return {}
    return {"SUBNETS": _joined(place.subnets), "SECURITY_GROUPS": _joined(place.security_groups)}


def _joined(ids: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
    return pulumi.Output.all(*ids).apply(",".join)
