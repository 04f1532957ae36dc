"""Job: what every processing job of the stack runs as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi

from components import names, role
from components.policies import roles, statements, vpc
from components.settings import key_prefix

if TYPE_CHECKING:
    from components.aws.account import Account
    from components.network.component import Place
    from components.policies.statements import Statement
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
    place: Place | None = None
    """Where in a VPC the jobs run; None: in none."""


class Job(pulumi.ComponentResource):
    """The role of the stack's processing jobs.

    Creates: the execution role that SageMaker assumes, and its policy: read under the input
    prefix, write under the output prefix, the stack's key, image and log streams; in a VPC its
    network interfaces; the secrets of job.secrets.

    Does not create jobs: the launcher does, at run time.
    """

    role_arn: pulumi.Output[str]
    """The execution role's ARN."""

    def __init__(
        self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:job:Job", name, None, opts)
        account, settings = args.account, args.settings
        any_job = account.arn("sagemaker", "processing-job/*")
        allowed = roles.job(
            account,
            settings.prefix,
            *_more(args),
            input_arn=account.bucket_arn(args.input_bucket),
            input_prefix=key_prefix.fixed(settings.input.prefix),
            input_key_arn=settings.input.kms_key_arn,
            output_arn=account.bucket_arn(args.output_bucket),
            output_prefix=key_prefix.fixed(settings.output.prefix),
            key_arn=args.key_arn,
            repository_arn=args.repository_arn,
        )
        own = role.create(
            name,
            names.role(settings.prefix, account.region, name),
            trust=statements.trust(
                "sagemaker.amazonaws.com", statements.from_source(account, any_job)
            ),
            allowed=allowed,
            boundary=settings.permissions_boundary,
            parent=self,
        )
        self.role_arn = own.arn
        self.register_outputs({"role_arn": self.role_arn})


def _more(args: JobArgs) -> list[Statement]:
    inside = args.place and vpc.interfaces(args.account, args.place)
    secrets = vpc.secrets(args.account, args.settings.job.secrets)
    return [*(inside or []), *secrets]
