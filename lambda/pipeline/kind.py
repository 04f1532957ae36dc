"""The kinds of SageMaker's jobs, and where the one that may be reclaimed keeps what it has done."""

from enum import StrEnum
from typing import Self

SCRATCH = "_spot/"
"""Begins the keys, in an output bucket, of what belongs to spot jobs and is no result: tools that
read whole prefixes leave out what begins with an underscore."""
CHECKPOINT = "checkpoint/"
"""Below a slot's scratch place."""


class Kind(StrEnum):
    """SageMaker's word for a kind of job: it names alike all that belongs to one."""

    PROCESSING = "Processing"
    TRAINING = "Training"
    """On spot instances, which processing jobs cannot have (ADR 38)."""

    @classmethod
    def of(cls, capacity: str | None) -> Self:
        """Return the kind of the jobs that have a capacity; None is as on demand."""
        return cls("Training" if capacity == "spot" else "Processing")

    @property
    def resource(self) -> str:
        """What precedes a job's name in its ARN, and is in the path of its page in the console."""
        return f"{self.lower()}-job"

    @property
    def change(self) -> tuple[str, str]:
        """Source and detail-type of the event of a job whose status changed."""
        return "aws.sagemaker", f"SageMaker {self} Job State Change"

    @property
    def group(self) -> str:
        """The account's log group of such jobs, and the namespace of what is measured of them.

        A stream begins with its job's name and a slash.
        """
        return f"/aws/sagemaker/{self}Jobs"

    def key(self, part: str) -> str:
        """Return the field that holds a job's Name, Arn or Status."""
        return f"{self}Job{part}"

    def operation(self, verb: str) -> str:
        """Return the operation that does to a job what the verb says, such as Create."""
        return f"{verb}{self}Job"
