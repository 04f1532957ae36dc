"""Where a schedule's runs read and write, and when a run has its input."""

from typing import Annotated, Literal, NamedTuple

from pydantic import Field

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
    output_of: values.Name | None = None
    """A schedule: what it wrote in the same slot is read instead. Means `after`, too."""
    ready: values.ObjectName | None = None
    """An object below the prefix, such as `_SUCCESS`, that says that all is there; it is no input.
    Without it a slot counts as one without input.
    """
    when_empty: Literal["fail", "skip", "run", "wait"] = "fail"
    """What becomes of a slot without input: a failure, no run, a run without input, or a run as
    soon as it is there.
    """
    wait_seconds: Annotated[int, Field(ge=300, le=86_400)] = 21_600
    """How long a slot waits from its time on: for input, and for the schedule of `after`."""
    when_late: Literal["fail", "skip"] = "fail"
    """What becomes of a slot that has waited for so long: a failure, or no run."""


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
