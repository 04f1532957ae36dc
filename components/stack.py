"""Stack: what all components, and all policies, are made for."""

from dataclasses import dataclass, replace

import pulumi

from components.aws.account import Account
from components.settings import Settings


@dataclass(frozen=True)
class Stack:
    """One deployment: its settings, where it is, its key, and by whom it is created."""

    settings: Settings
    account: Account
    key_arn: pulumi.Input[str]
    """Of the one key that encrypts all that the stack keeps or says."""
    opts: pulumi.ResourceOptions | None = None
    """Of each component: the provider, which tags what it creates."""

    @property
    def prefix(self) -> str:
        """What begins the physical names."""
        return self.settings.prefix

    @property
    def other(self) -> Account | None:
        """Where the same stack is, too: the account in the region of `recovery`."""
        region = self.settings.recovery.region
        return replace(self.account, region=region) if region else None
