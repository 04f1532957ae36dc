"""What the functions know about their stack, read once.

Two sources, because Lambda's environment holds 4 KB in all and a job's settings may need more:
`stack.json` beside the code, for what settings decide, and the environment, for what only a
deployment knows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pipeline import cron, slot_fields
from pipeline.attempt import Attempt, slot_jobs
from pipeline.kind import CHECKPOINT, SCRATCH, Kind
from pipeline.prefix import Prefix

FILE = "stack.json"
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


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """What all functions know; components/settings/ says what each setting means."""

    stack: str
    prefix: str
    """Begins the name of every job of this stack, followed by `--`."""
    job_kinds: list[Kind]
    """Those that its jobs may be of."""
    max_concurrent_instances: int | None
    isolation: bool
    encrypt_traffic: bool
    """Between the instances of a job."""
    defaults: ScheduleConfig
    """Of a job that ends after its schedule has been taken out."""
    schedules: dict[str, ScheduleConfig]
    tags: dict[str, str]

    # From here on, of the environment.
    aws_region: str
    journal_table: str
    input_bucket: str
    output_bucket: str
    kms_key_arn: str

    @classmethod
    def load(cls, directory: Path, environ: Mapping[str, str]) -> Self:
        """Return what lies beside the code, completed with `environ`, in capitals there.

        Raises:
            TypeError: names what is in neither.
        """
        document: dict[str, Any] = json.loads((directory / FILE).read_text("utf-8"))
        document["job_kinds"] = [Kind(each) for each in document["job_kinds"]]
        document["defaults"] = ScheduleConfig.of(document["defaults"])
        schedules = document["schedules"].items()
        document["schedules"] = {name: ScheduleConfig.of(each) for name, each in schedules}
        names = {field.name for field in fields(cls)} - document.keys()
        document |= {name: environ[name.upper()] for name in names if name.upper() in environ}
        return cls(**document)

    def schedule(self, name: str) -> ScheduleConfig:
        """Return what is known of a schedule, which may be there no more."""
        return self.schedules.get(name, self.defaults)

    def input_of(self, attempt: Attempt) -> Prefix:
        """Return where the input of an attempt's slot lies."""
        place = self.schedule(attempt.schedule).input
        if place.output_of:
            return self.output_of(replace(attempt, schedule=place.output_of))
        key = self._key(place.prefix, attempt)
        return Prefix(place.bucket or self.input_bucket, key, place.ready)

    def reference_of(self, attempt: Attempt) -> Prefix | None:
        """Return where the reference data of an attempt's slot lie, if its schedule has any."""
        place = self.schedule(attempt.schedule).reference
        return place and Prefix(place.bucket or self.input_bucket, self._key(place.prefix, attempt))

    def output_of(self, attempt: Attempt) -> Prefix:
        """Return where the output of an attempt's slot lies."""
        place = self.schedule(attempt.schedule).output
        return Prefix(place.bucket or self.output_bucket, self._key(place.prefix, attempt))

    def scratch_of(self, attempt: Attempt) -> Prefix:
        """Return where the spot jobs of an attempt's slot keep what is no result."""
        jobs = slot_jobs(self.prefix, attempt)
        return replace(self.output_of(attempt), key=f"{SCRATCH}{jobs}/")

    def checkpoint_of(self, attempt: Attempt) -> Prefix:
        """Return where the spot jobs of an attempt's slot keep their checkpoint."""
        scratch = self.scratch_of(attempt)
        return replace(scratch, key=scratch.key + CHECKPOINT)

    def followers(self, attempt: Attempt) -> list[str]:
        """Return the schedules that wait for an attempt's slot to be successful."""
        return [
            name
            for name, each in self.schedules.items()
            if each.after == attempt.schedule and not each.suspend and each.is_due(attempt.slot)
        ]

    def _key(self, prefix: str, attempt: Attempt) -> str:
        due = self.schedule(attempt.schedule)
        of = (attempt.schedule, attempt.slot, due.expression, due.timezone)
        return slot_fields.render_prefix(prefix, *of)


@dataclass(frozen=True, kw_only=True)
class LauncherConfig(StackConfig):
    """What the launcher knows besides, of the environment."""

    job_role_arn: str
    image_uri: str
    subnets: str = ""
    """Where the stack's jobs run, by ids with a comma between; empty: in SageMaker's own VPC."""
    security_groups: str = ""


@dataclass(frozen=True, kw_only=True)
class ObserverConfig(StackConfig):
    """What the observer knows besides, of the environment."""

    topic_arn: str
    schedule_group: str
    schedule_failures_arn: str
    launcher_arn: str
    retry_role_arn: str
