"""The data of a stack, as its roles may use it: nothing else in the buckets, and no version."""

import pulumi

from components.policies.statements import Statement, allow
from components.settings import key_prefix
from components.stack import Stack


class Data:
    """The parts of the two buckets that are the stack's: what the keys of all slots begin with."""

    def __init__(
        self, stack: Stack, input_bucket: pulumi.Input[str], output_bucket: pulumi.Input[str]
    ) -> None:
        self.input_arn = stack.account.bucket_arn(input_bucket)
        self.output_arn = stack.account.bucket_arn(output_bucket)
        self._input_prefix = key_prefix.fixed(stack.settings.input.prefix)
        self._output_prefix = key_prefix.fixed(stack.settings.output.prefix)

    def input(self, pattern: str) -> pulumi.Output[str]:
        """Return the ARN of input objects by what follows the prefix."""
        return pulumi.Output.concat(self.input_arn, "/", self._input_prefix, pattern)

    def output(self, pattern: str) -> pulumi.Output[str]:
        """Return the ARN of output objects by what follows the prefix."""
        return pulumi.Output.concat(self.output_arn, "/", self._output_prefix, pattern)

    def list_input(self) -> Statement:
        """Return what it takes to see which objects a slot has."""
        return _list("ListInput", self.input_arn, self._input_prefix)

    def list_output(self) -> Statement:
        """Return what it takes to see whether a slot has a success marker."""
        return _list("ListOutput", self.output_arn, self._output_prefix)


def _list(sid: str, bucket_arn: pulumi.Input[str], prefix: str) -> Statement:
    below = {"StringLike": {"s3:prefix": f"{prefix}*"}}
    return allow(sid, ["s3:ListBucket"], [bucket_arn], below)
