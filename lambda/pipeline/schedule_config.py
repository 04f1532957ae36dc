"""What the functions know about one schedule: its part of stack.json."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pipeline import cron
from pipeline.kind import Kind

_LONGEST_WAITS = timedelta(days=2)
"""Of a slot: input.wait_seconds and then retries.deadline_seconds are a day each, at most."""


@dataclass(frozen=True)
class SizeConfig:
    """The machines of a slot whose input is as large as that."""

    up_to_gb: float | None
    """None: however large."""
    instance_types: list[str]
    """In the order in which they are tried when there is no capacity."""
    attempt_types: list[str]
    """Those, and the larger ones that follow them when they run out of memory."""
    instance_count: int
    volume_gb: int | None
    """None: as large as the input needs."""


@dataclass(frozen=True)
class JobConfig:
    """The machines that a schedule's jobs ask for, and what each attempt passes to the script."""

    sizes: list[SizeConfig]
    """By the size of the input, ascending; one where that does not matter."""
    cluster: bool
    """Several instances have the whole input each, and reach each other."""
    capacity: Literal["on-demand", "spot"]
    max_wait_seconds: int
    """Of a spot job, for waiting and running together."""
    max_runtime_seconds: int
    arguments: list[str]
    environment: dict[str, str]
    volume_keys: dict[str, bool]
    """Each type that an attempt may use, and whether its volume takes the stack's key."""
    volume_limits: dict[str, int]
    """Each of them, and the most GB of its volume."""


@dataclass(frozen=True)
class PlaceConfig:
    """Where a schedule's jobs read or write, and what becomes of it if there is nothing."""

    bucket: str | None
    """None: the stack's own."""
    prefix: str
    """Key prefix; may contain `{schedule}` and the fields of slot_fields."""
    when_empty: Literal["fail", "skip", "run", "wait", "allow"]


@dataclass(frozen=True)
class InputConfig(PlaceConfig):
    """Where a schedule's jobs read, and what a slot does whose input is not there."""

    ready: str | None
    """Below the prefix; None: nothing says that the input is complete."""
    output_of: str | None
    """A schedule: what it wrote in the same slot is read instead of bucket and prefix."""
    wait_seconds: int
    """From the slot on; for `when_empty: wait`, and for the schedule that it follows."""
    when_late: Literal["fail", "skip"]
    """What becomes of a slot that has waited for so long."""


@dataclass(frozen=True)
class RetryConfig:
    """Which failures get a next attempt."""

    instance_types: list[str]
    """In the order in which they are tried when there is no capacity."""
    larger: dict[str, str]
    """For each type that may run out of memory, the one to take then."""
    max_size_increases: int
    deadline_seconds: int


@dataclass(frozen=True)
class ScheduleConfig:
    """What one schedule's jobs are, and when they are not to start."""

    expression: str
    timezone: str
    overlap: Literal["Allow", "Forbid", "Replace"]
    """What a slot does whose predecessor still runs, in the words of Kubernetes' CronJob."""
    start_deadline_seconds: int | None
    suspend: bool
    after: str | None
    """The schedule whose same slot has to be successful before."""
    script: str
    """Below the image's scripts/."""
    job: JobConfig
    input: InputConfig
    reference: PlaceConfig | None
    """What each instance gets whole, beside its input."""
    output: PlaceConfig
    retries: RetryConfig

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return what a schedule of stack.json says."""
        job, reference = document["job"], document["reference"]
        sizes: Any = [SizeConfig(**each) for each in job["sizes"]]
        parts: dict[str, Any] = {
            "job": JobConfig(**{**job, "sizes": sizes}),
            "input": InputConfig(**document["input"]),
            "reference": reference and PlaceConfig(**reference, when_empty="fail"),
            "output": PlaceConfig(**document["output"]),
            "retries": RetryConfig(**document["retries"]),
        }
        return cls(**{**document, **parts})

    def kind(self, planned: str | None) -> Kind:
        """Return the kind of an attempt's job, whose capacity may have been planned otherwise."""
        return Kind.of("on-demand" if planned == "on-demand" else self.job.capacity)

    def is_due(self, at: datetime) -> bool:
        """Return whether that is one of its slots."""
        due = cron.parse(self.expression)
        return due.previous(at + timedelta(seconds=1), ZoneInfo(self.timezone)) == at

    @property
    def reach(self) -> timedelta:
        """How long after its slot an attempt may be planned: others have waited, and run, before.

        On spot one, on demand three: after an internal error, and with too little memory.
        """
        job = self.job
        return _LONGEST_WAITS + timedelta(seconds=job.max_wait_seconds + job.max_runtime_seconds)

    def waits_until(self, slot: datetime) -> datetime:
        """Return until when a slot waits, if it waits for anything."""
        return slot + timedelta(seconds=self.input.wait_seconds)
