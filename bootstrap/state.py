"""State: where Pulumi keeps what the stacks are, and the key of their secrets."""

from typing import Any

import pulumi
import pulumi_aws as aws

from bootstrap.settings import MAIN_PROJECT
from bootstrap.stack import Stack
from components import private_bucket
from components.aws.account import Account
from components.policies.statements import Statement, allow

NAME = "pulumi-state"
"""Of the key's alias; begins the bucket's name."""
_CONTEXT = "stack"
"""What KMS has to be told beside a stack's encrypted key: so no role can decrypt another stack's,
which lies in the repository for all to read."""


class State(pulumi.ComponentResource):
    """The backend of all stacks of the account.

    Creates: a symmetric KMS key, rotated every year, with an alias, and a private bucket that it
    encrypts. Both are protected, and outlive this program.
    """

    backend_url: str
    """As `pulumi login` and PULUMI_BACKEND_URL take it."""
    bucket_arn: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, account: Account, opts: pulumi.ResourceOptions) -> None:
        super().__init__("sagemaker-processing-bootstrap:state:State", name, None, opts)
        self._name, self._region = name, account.region
        key = aws.kms.Key(
            f"{name}-key",
            description="State and secrets of Pulumi's stacks",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=self._kept(protect=True),
        )
        alias = f"alias/{NAME}"
        aws.kms.Alias(f"{name}-alias", name=alias, target_key_id=key.key_id, opts=self._kept())
        physical = f"{NAME}-{account.id}-{account.region}"
        bucket, _ = private_bucket.create(
            f"{name}-bucket", physical, key.arn, self._kept, keep=True
        )
        self.backend_url = f"s3://{physical}?region={account.region}"
        self.bucket_arn, self.key_arn = bucket.arn, key.arn
        self.register_outputs({})

    def secrets_provider(self, stack: str) -> str:
        """Return what `pulumi stack init --secrets-provider` takes for a stack."""
        return f"awskms://alias/{NAME}?region={self._region}&context_{_CONTEXT}={stack}"

    def may_read(self, stack: Stack) -> list[Statement]:
        """Return what a preview needs, which takes no lock: the state, and its secrets."""
        return [
            # Of all: to those who may not list, S3 says "denied" of what is not there, and a
            # preview looks for a file of tags that hardly a stack has.
            allow("ListState", ["s3:ListBucket"], [self.bucket_arn]),
            allow("ReadState", ["s3:GetObject"], self._objects("meta.yaml", *_files(stack))),
            allow("ReadEncryptedState", ["kms:Decrypt"], [self.key_arn], self._of_bucket()),
            allow("ReadSecrets", ["kms:Decrypt"], [self.key_arn], _of_secrets(stack)),
        ]

    def may_write(self, stack: Stack) -> list[Statement]:
        """Return what an update needs beside that: this stack's state, its lock and its history."""
        encrypt = ["kms:GenerateDataKey"]
        return [
            allow("KeepState", ["s3:DeleteObject", "s3:PutObject"], self._objects(*_files(stack))),
            allow("EncryptState", encrypt, [self.key_arn], self._of_bucket()),
        ]

    def _objects(self, *keys: str) -> list[pulumi.Output[str]]:
        return [pulumi.Output.concat(self.bucket_arn, "/.pulumi/", each) for each in keys]

    def _of_bucket(self) -> dict[str, Any]:
        """Return the condition that S3 uses the key for the bucket."""
        via = f"s3.{self._region}.amazonaws.com"
        context = {"kms:EncryptionContext:aws:s3:arn": self.bucket_arn}
        return {"StringEquals": {"kms:ViaService": via, **context}}

    def _kept(self, **more: Any) -> pulumi.ResourceOptions:  # noqa: ANN401 - as Pulumi
        return pulumi.ResourceOptions(parent=self, retain_on_delete=True, **more)


def _files(stack: Stack) -> list[str]:
    """Return the keys of a stack's state, below .pulumi/, as the CLI's DIY backend writes them.

    https://github.com/pulumi/pulumi/blob/master/pkg/backend/diy/store.go
    """
    own = f"{MAIN_PROJECT}/{stack.name}"
    kept = [f"stacks/{own}.{ending}" for ending in ("json", "json.bak", "pulumi-tags")]
    folders = ("backups", "history", "journal", "locks/organization")
    return [*kept, *(f"{each}/{own}/*" for each in folders)]


def _of_secrets(stack: Stack) -> dict[str, Any]:
    return {"StringEquals": {f"kms:EncryptionContext:{_CONTEXT}": stack.name}}
