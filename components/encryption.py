"""Encryption: the stack's one key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_aws as aws

from components import resource_policies

if TYPE_CHECKING:
    from components.account import Account


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """What the key depends on."""

    account: Account
    prefix: str
    deletion_days: int
    """From the key's deletion until all that it encrypted is lost: 7 to 30."""


class Encryption(pulumi.ComponentResource):
    """The key of all that this stack keeps or says: buckets, volumes, images, logs, messages.

    Creates: a symmetric KMS key, rotated every year, and its alias `alias/<prefix>`.

    Who may use it is decided by IAM, except for CloudWatch Logs, whose use the key's policy
    limits to the log groups of this stack's functions, and for CloudWatch and EventBridge, which
    publish to the encrypted topic.
    """

    key_arn: pulumi.Output[str]
    """The key's ARN."""

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-processing:encryption:Encryption", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = resource_policies.key_policy(args.account, args.prefix)
        # Replacing the key would make everything that it encrypted unreadable.
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Data, images, logs and messages of {args.prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_days,
            policy=pulumi.Output.json_dumps(policy),
            opts=child,
        )
        aws.kms.Alias(
            f"{name}-alias", name=f"alias/{args.prefix}", target_key_id=key.key_id, opts=child
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})
