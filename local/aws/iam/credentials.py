"""The keys that sign requests: new ones for each start and each session, so none can be guessed."""

from __future__ import annotations

import secrets
from dataclasses import dataclass


@dataclass(frozen=True, repr=False)
class Keys:
    """What AWS calls an access key; with a token those of a role's session."""

    access_key: str
    secret: str
    token: str | None = None

    @classmethod
    def long_term(cls) -> Keys:
        """Return new keys, as of a user."""
        return cls(f"AKIA{secrets.token_hex(8).upper()}", secrets.token_hex(20))

    @classmethod
    def temporary(cls) -> Keys:
        """Return new keys with a token, as of a role's session."""
        access_key = f"ASIA{secrets.token_hex(8).upper()}"
        return cls(access_key, secrets.token_hex(20), secrets.token_hex(32))

    @property
    def environment(self) -> dict[str, str]:
        """The variables in which AWS's SDKs look for the keys."""
        token = {"AWS_SESSION_TOKEN": self.token} if self.token else {}
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            **token,
        }
