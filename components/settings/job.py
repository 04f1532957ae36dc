"""The job's own settings and its next attempts, which every schedule may set otherwise."""

from typing import Annotated, Literal

from pydantic import Field

from components.settings import values
from components.settings.sizes import SizeSettings
from components.settings.values import Frozen


class JobSettings(Frozen):
    """The machine of a job, and what every run passes to the script."""

    instance_type: values.InstanceType = "ml.t3.medium"
    """The type to try first."""
    instance_count: values.InstanceCount = 1
    """More than one: each gets a share of the input objects (ShardedByS3Key)."""
    volume_gb: values.Volume = 30
    """Must hold input, reference data and output. `auto`: three times the input, and 10 more, into
    which the reference data have to fit.
    """
    sizes: Annotated[tuple[SizeSettings, ...], Field(max_length=10)] = ()
    """Tiers by the size of the slot's input, ascending. They take the place of the three keys above
    and of `retries.fallback_instance_types`.
    """
    cluster: bool = False
    """Several instances work as one: each has the whole input, and reaches the others by the names
    in HOSTS. Without it each gets a share of the input objects, and works alone.
    """
    capacity: Literal["on-demand", "spot"] = "on-demand"
    """spot: a machine that AWS may reclaim, for less; what cannot be had so ends on demand."""
    max_wait_seconds: values.SpotWait | None = None
    """How long a spot job may wait and run together; null: twice max_runtime_seconds."""
    max_runtime_seconds: values.Runtime = 3600
    """A job that runs longer is stopped."""
    arguments: tuple[values.Argument, ...] = ()
    """Given to the script, before those of the schedule; may name the slot."""
    environment: values.Environment = Field(default_factory=dict)
    """Variables of the script; may name the slot. Readable by whoever may describe the job: no
    secrets.
    """
    secrets: Annotated[tuple[values.SecretName, ...], Field(max_length=20)] = ()
    """Names in Secrets Manager of what the script may read there."""

    @property
    def longest_wait_seconds(self) -> int:
        """How long a spot job may wait and run together."""
        return self.max_wait_seconds or 2 * self.max_runtime_seconds

    @property
    def is_spot(self) -> bool:
        """Whether its first attempts are on spot."""
        return self.capacity == "spot"

    @property
    def longest_attempt_seconds(self) -> int:
        """How long an attempt may take, on spot with its wait for a machine."""
        return self.longest_wait_seconds if self.is_spot else self.max_runtime_seconds

    @property
    def longest_run_seconds(self) -> int:
        """How long a run may take: one on spot may end there, and then has all its time anew."""
        return self.longest_attempt_seconds + (self.max_runtime_seconds if self.is_spot else 0)


class RetrySettings(Frozen):
    """The next attempts, by the cause of the last one's failure. A script's own error has none."""

    fallback_instance_types: tuple[values.InstanceType, ...] = ()
    """Types to try, in this order, where the job's own has no capacity."""
    max_size_increases: Annotated[int, Field(ge=0, le=3)] = 1
    """How many sizes of the same family a run may grow when it runs out of memory."""
    deadline_seconds: Annotated[int, Field(ge=0, le=86_400)] = 21_600
    """From a slot's first launch; no attempt waits for quota or capacity beyond it."""
