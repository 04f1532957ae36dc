"""Where the stack lives: partition, region and account, and ARNs there."""

from collections.abc import Generator
from contextlib import contextmanager
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
    with asking("whose account this is; check the credentials with: aws sts get-caller-identity"):
        here = Account(
            partition=aws.get_partition(opts=opts).partition,
            region=region,
            id=aws.get_caller_identity(opts=opts).account_id,
        )
    if permissions_boundary and permissions_boundary.split(":")[4] not in (here.id, "aws"):
        raise pulumi.RunError(
            f"permissions_boundary = {permissions_boundary}: is not of the account {here.id} that "
            "the credentials belong to, and no role there can have it"
        )
    return here


@contextmanager
def asking(what: str) -> Generator[None]:
    """Say in a sentence that AWS has not answered a look-up, where Pulumi has only a traceback.

    Args:
        what: was asked, and what to do if AWS refuses to say.

    Raises:
        RunError: the look-up has failed.
    """
    try:
        yield
    except pulumi.RunError:
        raise
    except Exception as error:
        raise pulumi.RunError(f"AWS does not say {what}\n{error}") from error
