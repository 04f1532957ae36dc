"""Where the stack lives: partition, region and account, and ARNs there."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True)
class Account:
    """One account in one region."""

    partition: str
    region: str
    id: str

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.id}:{resource}"

    def bucket_arn(self, name: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the ARN of a bucket, which names neither region nor account."""
        return pulumi.Output.format("arn:{0}:s3:::{1}", self.partition, name)


def lookup(region: str, permissions_boundary: str | None, provider: aws.Provider) -> Account:
    """Return the account that the provider's credentials belong to.

    Raises:
        RunError: AWS does not say, or it is another than the permissions boundary's.
    """
    opts = pulumi.InvokeOptions(provider=provider)
    try:
        here = Account(
            partition=aws.get_partition(opts=opts).partition,
            region=region,
            id=aws.get_caller_identity(opts=opts).account_id,
        )
    except Exception as error:  # Pulumi's invokes raise nothing narrower
        raise pulumi.RunError(
            "AWS does not say whose account this is; check the credentials with: "
            f"aws sts get-caller-identity\n{error}"
        ) from error
    if permissions_boundary and permissions_boundary.split(":")[4] not in (here.id, "aws"):
        raise pulumi.RunError(
            f"permissions_boundary = {permissions_boundary}: is not of the account {here.id} that "
            "the credentials belong to, and no role there can have it"
        )
    return here
