"""Where the stack lives: partition, region and account, and ARNs there."""

from __future__ import annotations

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


def lookup(region: str, provider: aws.Provider) -> Account:
    """Return the account that the provider's credentials belong to."""
    opts = pulumi.InvokeOptions(provider=provider)
    return Account(
        partition=aws.get_partition(opts=opts).partition,
        region=region,
        id=aws.get_caller_identity(opts=opts).account_id,
    )
