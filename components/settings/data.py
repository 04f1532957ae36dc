"""Where a schedule's runs read and write."""

from typing import Literal, NamedTuple

from components.settings import values
from components.settings.values import Frozen


class InputSettings(Frozen):
    """Where a run reads."""

    bucket: values.BucketName | None = None
    """An existing bucket; null creates one."""
    prefix: values.Prefix = "input/{slot:%Y/%m/%d}/"
    """May name the slot, and the schedule as `{schedule}`."""
    kms_key_arn: values.KeyArn | None = None
    """The key of an existing bucket that is encrypted with one of its own."""
    when_empty: Literal["fail", "skip", "run"] = "fail"
    """What becomes of a slot without input: a failure, no run, or a run without input."""


class ReferenceSettings(Frozen):
    """What a run reads beside its input, and every instance gets whole: a model, a lookup table."""

    bucket: values.BucketName | None = None
    """An existing bucket; null: the stack's own for input."""
    prefix: values.Prefix | None = None
    """May name the slot, and the schedule as `{schedule}`; null: there is no such data."""
    kms_key_arn: values.KeyArn | None = None
    """The key of an existing bucket that is encrypted with one of its own."""


class Source(NamedTuple):
    """Where a run reads: its input, or reference data."""

    bucket: str | None
    prefix: str
    kms_key_arn: str | None


class OutputSettings(Frozen):
    """Where a run writes: its own prefix for each schedule and slot."""

    bucket: values.BucketName | None = None
    """An existing bucket; null creates one."""
    prefix: values.Prefix = "output/{schedule}/{slot:%Y/%m/%d/%H%M%S}/"
    """Must name the slot, so that no two share it, and where there are several the `{schedule}`."""
    when_empty: Literal["fail", "allow"] = "fail"
    """What becomes of a run whose script succeeds and writes nothing: a failure, or a success."""
