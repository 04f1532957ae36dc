"""Job: what every processing job of the stack runs as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import key_prefix, policies, role_policies

if TYPE_CHECKING:
    from components.account import Account
    from components.settings import Settings


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """What a job depends on."""

    account: Account
    settings: Settings
    input_bucket: pulumi.Input[str]
    output_bucket: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    repository_arn: pulumi.Input[str]


class Job(pulumi.ComponentResource):
    """The role of the stack's processing jobs.

    Creates: the execution role that SageMaker assumes, and its policy: read under the input
    prefix, write under the output prefix, the stack's key, image and log streams.

    Does not create jobs: the launcher does, at run time.
    """

    role_arn: pulumi.Output[str]
    """The execution role's ARN."""

    def __init__(
        self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:job:Job", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account, settings = args.account, args.settings
        any_job = account.arn("sagemaker", "processing-job/*")
        role = aws.iam.Role(
            f"{name}-role",
            assume_role_policy=pulumi.Output.json_dumps(
                policies.trust("sagemaker.amazonaws.com", policies.from_source(account, any_job))
            ),
            opts=child,
        )
        policy = role_policies.job(
            account,
            settings.prefix,
            input_arn=account.bucket_arn(args.input_bucket),
            input_prefix=key_prefix.fixed(settings.input.prefix),
            input_key_arn=settings.input.kms_key_arn,
            output_arn=account.bucket_arn(args.output_bucket),
            output_prefix=key_prefix.fixed(settings.output.prefix),
            key_arn=args.key_arn,
            repository_arn=args.repository_arn,
        )
        aws.iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=pulumi.Output.json_dumps(policy), opts=child
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})
