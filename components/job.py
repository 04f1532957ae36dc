"""Job: what every job of the stack runs as."""

import pulumi

from components.image import Image
from components.network.component import Network
from components.policies import roles
from components.role import create_role
from components.stack import Stack
from components.storage import Storage


class Job(pulumi.ComponentResource):
    """The role of the stack's jobs.

    Creates: the execution role that SageMaker assumes, and its policy: read under the input
    prefixes, write under the output prefixes, the stack's key, image and log streams; in a VPC its
    network interfaces; the secrets of job.secrets; on spot the checkpoint. All schedules share it.

    Does not create jobs: the launcher does, at run time.
    """

    role_arn: pulumi.Output[str]

    def __init__(
        self, name: str, stack: Stack, *, storage: Storage, network: Network, image: Image
    ) -> None:
        super().__init__("sagemaker-processing:job:Job", name, None, stack.opts)
        kinds = stack.settings.job_kinds
        images = pulumi.Output.concat(image.owner.arn("ecr", "repository/"), image.repository)
        role = create_role(
            name,
            stack,
            self,
            service="sagemaker",
            source_arn=[stack.account.arn("sagemaker", f"{kind.resource}/*") for kind in kinds],
            allowed=roles.job(stack, storage.data, images, network.placement),
        )
        self.role_arn = role.arn
        self.register_outputs({})
