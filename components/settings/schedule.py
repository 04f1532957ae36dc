"""What a schedule sets for itself; it has the stack's value of what it leaves out."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field

from components.aws import instance_types
from components.settings import slot_gaps, values
from components.settings.data import InputSettings, OutputSettings, ReferenceSettings, Source
from components.settings.job import JobSettings, RetrySettings
from components.settings.sizes import SizeSettings
from components.settings.values import Frozen
from pipeline import cron, slot_fields
from pipeline.attempt import slot_text
from pipeline.slots import Rate


class ScheduleSettings(Frozen):
    """When to run, and what this schedule sets otherwise than the stack."""

    expression: values.Expression
    """When slots are due, as EventBridge Scheduler writes it, such as `cron(0 4 * * ? *)`."""
    timezone: values.Zone = "UTC"
    """A local time that daylight saving skips is not run, one that it repeats runs once."""
    suspend: bool = False
    """Slots pass without a run; running by hand still works."""
    overlap: Literal["Allow", "Forbid", "Replace"] = "Allow"
    """When a run is due while the last one goes on: run both, skip the new, or stop the old."""
    start_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None
    """A slot that is delivered later is skipped (EventBridge Scheduler is exact to a minute)."""
    after: values.Name | None = None
    """A schedule that has every slot of this one: a run waits until that is successful there."""
    success_within_hours: Annotated[int, Field(ge=1, le=24 * values.LONGEST_DAYS)] | None = None
    """An alarm goes off without a success for so long; null: as long as the expression allows."""
    arguments: tuple[values.Argument, ...] = ()
    """Appended to the job's arguments; may name the slot."""
    environment: values.Environment = Field(default_factory=dict)
    """Added to the job's environment; wins where both set a name. May name the slot."""
    script: values.Script = values.SCRIPT
    """The file below container/scripts/ that runs, in any language with a first line `#!`."""
    job: JobSettings = JobSettings()
    """What it sets otherwise than the stack's `job`."""
    input: InputSettings = InputSettings()
    """What it sets otherwise than the stack's `input`."""
    reference: ReferenceSettings = ReferenceSettings()
    """What it sets otherwise than the stack's `reference`."""
    output: OutputSettings = OutputSettings()
    """What it sets otherwise than the stack's `output`."""
    retries: RetrySettings = RetrySettings()
    """What it sets otherwise than the stack's `retries`."""

    def completed(self, defaults: Mapping[str, Any]) -> Self:
        """Return the schedule with the stack's value of whatever it does not set itself."""
        whole = {
            name: getattr(self, name).over(default) if isinstance(default, Frozen) else default
            for name, default in defaults.items()
            if isinstance(default, Frozen) or name not in self.model_fields_set
        }
        return self.model_copy(update=whole)

    @property
    def follows(self) -> str | None:
        """The schedule whose same slot has to be successful before."""
        return self.after or self.input.output_of

    @property
    def ready(self) -> str | None:
        """What says that its input is complete; another one's output is, by its marker."""
        return None if self.input.output_of else self.input.ready

    @property
    def longest_wait(self) -> timedelta:
        """How long a slot may wait before its run starts."""
        waits = self.follows or self.input.when_empty == "wait"
        return timedelta(seconds=self.input.wait_seconds if waits else 0)

    @property
    def all_arguments(self) -> list[str]:
        """The arguments of its script: the job's, then its own."""
        return [*self.job.arguments, *self.arguments]

    @property
    def all_environment(self) -> dict[str, str]:
        """The variables of its script that the settings give: the job's, then its own."""
        return {**self.job.environment, **self.environment}

    @property
    def sources(self) -> dict[str, Source]:
        """Where its runs read, by the part of the settings that says so; no other's output."""
        parts = {"input": self.input, "reference": self.reference}
        if self.input.output_of:
            del parts["input"]
        return {
            name: Source(part.bucket, part.prefix, part.kms_key_arn)
            for name, part in parts.items()
            if part.prefix
        }

    @property
    def sizes(self) -> tuple[SizeSettings, ...]:
        """The tiers of the input; without job.sizes one, of the job's own machine."""
        own = self.job.model_dump(include={"instance_type", "instance_count", "volume_gb"})
        types = self.retries.fallback_instance_types
        return self.job.sizes or (SizeSettings(**own, fallback_instance_types=types),)

    @property
    def most_instances(self) -> int:
        """The most instances that one of its jobs may have."""
        return max(size.instance_count for size in self.sizes)

    @property
    def instance_types(self) -> tuple[str, ...]:
        """The instance types to try, whatever the input is."""
        return tuple(dict.fromkeys(each for size in self.sizes for each in size.instance_types))

    @property
    def attempt_types(self) -> list[str]:
        """Every instance type that an attempt may use."""
        return sorted({*self.instance_types, *self.larger_types.values()})

    def attempt_types_of(self, size: SizeSettings) -> list[str]:
        """Return the instance types that an attempt at a slot of that size may use."""
        types = size.instance_types
        larger = instance_types.larger(types, self.retries.max_size_increases)
        return sorted({*types, *larger.values()})

    @property
    def larger_types(self) -> dict[str, str]:
        """Each type that may run out of memory -> the one that the next attempt takes then."""
        return instance_types.larger(self.instance_types, self.retries.max_size_increases)

    def next_slot(self, after: datetime) -> datetime | None:
        """Return the first slot later than `after`, in UTC, or None if there is none any more."""
        return cron.parse(self.expression).next(after, ZoneInfo(self.timezone))

    def slot_problem(self, instant: datetime) -> str | None:
        """Return why a UTC instant is no slot, with the nearest that are, or None.

        Of a rate any may be one: AWS does not tell the moment that it counts from.
        """
        expression, zone = cron.parse(self.expression), ZoneInfo(self.timezone)
        if isinstance(expression, Rate):
            return None
        before = expression.previous(instant + timedelta(seconds=1), zone)
        if before == instant:
            return None
        near = ((before, "before"), (expression.next(instant, zone), "after"))
        told = ", ".join(f"{slot_text(slot)} {side}" for slot, side in near if slot)
        return f"is no slot of {self.expression} in {self.timezone}; nearest: {told or 'none'}"

    def place(self, prefix: str, name: str, slot: datetime) -> str:
        """Return a key prefix as it is for a slot of this schedule, whose name is that."""
        return slot_fields.render_prefix(prefix, name, slot, self.expression, self.timezone)

    @property
    def longest_gap(self) -> timedelta | None:
        """The longest time between two slots; None for a single slot."""
        return slot_gaps.longest(cron.parse(self.expression), ZoneInfo(self.timezone))
