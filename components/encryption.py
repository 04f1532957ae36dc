"""Encryption: the stack's one key."""

import pulumi
import pulumi_aws as aws

from components import names
from components.aws.account import Account
from components.policies import resources
from components.settings import Settings

_DELETION_DAYS, _SHORTEST_DELETION_DAYS = 30, 7
"""From a key's deletion until all that it encrypted is lost; KMS takes 7 to 30."""


class Encryption(pulumi.ComponentResource):
    """The key of all that this stack keeps or says: see docs/adr/0011-one-key-per-stack.md.

    Creates: a symmetric KMS key, rotated every year, and its alias `alias/<prefix>`.
    """

    key_arn: pulumi.Output[str]

    def __init__(
        self, name: str, settings: Settings, account: Account, opts: pulumi.ResourceOptions | None
    ) -> None:
        super().__init__("sagemaker-processing:encryption:Encryption", name, None, opts)
        prefix, keep = settings.prefix, settings.keep_images
        log_groups = [names.function_logs(prefix, each) for each in names.FUNCTIONS]
        if settings.network.mode == "vpc":
            log_groups.append(names.flow_logs(prefix))
        policy = resources.key_policy(account, prefix, log_groups)
        # Without the key everything that it encrypted is unreadable.
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Data, images, logs and messages of {prefix}",
            enable_key_rotation=True,
            deletion_window_in_days=_DELETION_DAYS if keep else _SHORTEST_DELETION_DAYS,
            policy=pulumi.Output.json_dumps(policy),
            opts=pulumi.ResourceOptions(parent=self, protect=keep, retain_on_delete=keep),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=names.key_alias(prefix),
            target_key_id=key.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.key_arn = key.arn
        self.register_outputs({})
