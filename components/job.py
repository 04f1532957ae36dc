"""Job: what every processing job of the stack runs as."""

from dataclasses import dataclass

import pulumi

from components.aws.account import Account
from components.network.component import Network
from components.policies import roles
from components.policies.statements import from_source, trust
from components.role import create_role
from components.settings import Settings
from components.storage import Storage


@dataclass(frozen=True, kw_only=True)
class JobArgs:
    """What a job depends on."""

    account: Account
    settings: Settings
    key_arn: pulumi.Input[str]
    storage: Storage
    network: Network
    repository: pulumi.Input[str]
    """Name of the only repository that images are pulled from."""


class Job(pulumi.ComponentResource):
    """The role of the stack's processing jobs.

    Creates: the execution role that SageMaker assumes, and its policy: read under the input
    prefix, write under the output prefix, the stack's key, image and log streams; in a VPC its
    network interfaces; the secrets of job.secrets.

    Does not create jobs: the launcher does, at run time.
    """

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:job:Job", name, None, opts)
        any_job = args.account.arn("sagemaker", "processing-job/*")
        role = create_role(
            name,
            args.settings,
            trust=trust("sagemaker.amazonaws.com", from_source(args.account, any_job)),
            allowed=roles.job(
                args.account,
                args.settings,
                data=args.storage.data,
                key_arn=args.key_arn,
                repository=args.repository,
                placement=args.network.placement,
            ),
            parent=self,
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})
