"""What spot adds to the roles (ADR 38): nothing in a stack without it.

A spot job writes its artifacts and its checkpoint below a place of its slot's, apart from outputs;
the observer makes outputs of what completed, and clears the place.
"""

from components.policies.data import Data
from components.policies.statements import Statement, allow, via
from components.stack import Stack


def job(data: Data) -> list[Statement]:
    """Return what SageMaker may do there: artifacts in, and the checkpoint in, out and away.

    SageMaker mirrors the checkpoint's directory, deleted files too, and an attempt on demand reads
    it. One role for all slots: under isolation the script itself has no credentials.
    """
    if not data.scratch():
        return []
    keep = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject"]
    return [*data.list_scratch(), allow("KeepScratch", keep, data.scratch())]


def observer(stack: Stack, data: Data) -> list[Statement]:
    """Return what it takes to copy artifacts into the output, and to clear up behind them."""
    if not data.scratch():
        return []
    return [
        allow("MoveScratch", ["s3:GetObject", "s3:DeleteObject"], data.scratch()),
        allow("WriteOutput", ["s3:PutObject", "s3:AbortMultipartUpload"], data.output("*")),
        allow("DecryptScratch", ["kms:Decrypt"], [stack.key_arn], via(stack, "s3")),
    ]
