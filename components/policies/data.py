"""The data of a stack, as its roles may use it: nothing else in the buckets, and no version."""

from typing import Any

import pulumi

from components.aws.account import Account
from components.policies.statements import Statement, allow
from components.settings import Settings, key_prefix
from pipeline.contract import MARKER


class Data:
    """The parts of the two buckets that are the stack's: what the keys of all slots begin with."""

    def __init__(
        self,
        account: Account,
        settings: Settings,
        input_bucket: pulumi.Input[str],
        output_bucket: pulumi.Input[str],
    ) -> None:
        self.input_arn = account.bucket_arn(input_bucket)
        self.output_arn = account.bucket_arn(output_bucket)
        self._input_prefix = key_prefix.fixed(settings.input.prefix)
        self._output_prefix = key_prefix.fixed(settings.output.prefix)

    def list_input(self) -> Statement:
        """Return what it takes to see which objects a slot has."""
        return allow("ListInput", ["s3:ListBucket"], [self.input_arn], _under(self._input_prefix))

    def read_input(self) -> Statement:
        """Return what a job needs of its input."""
        objects = pulumi.Output.concat(self.input_arn, "/", self._input_prefix, "*")
        return allow("ReadInput", ["s3:GetObject"], [objects])

    def write_output(self) -> Statement:
        """Return what a job needs to leave its output."""
        return allow(
            "WriteOutput", ["s3:PutObject", "s3:AbortMultipartUpload"], [self._output("*")]
        )

    def withdraw_success(self) -> list[Statement]:
        """Return what it takes to see whether a slot has a success marker, and to delete that."""
        return [
            allow("ListOutput", ["s3:ListBucket"], [self.output_arn], _under(self._output_prefix)),
            # No version of it: what is withdrawn can be had back.
            allow("WithdrawSuccess", ["s3:DeleteObject"], [self._output(f"*{MARKER}")]),
        ]

    def mark_success(self) -> Statement:
        """Return what it takes to write a success marker."""
        return allow("MarkSuccess", ["s3:PutObject"], [self._output(f"*{MARKER}")])

    def _output(self, pattern: str) -> pulumi.Output[str]:
        return pulumi.Output.concat(self.output_arn, "/", self._output_prefix, pattern)


def _under(prefix: str) -> dict[str, Any]:
    return {"StringLike": {"s3:prefix": f"{prefix}*"}}
