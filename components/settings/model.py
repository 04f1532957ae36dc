"""A stack's settings as one frozen object; docs/configuration.md is made of its docstrings."""

from collections.abc import Mapping
from typing import Annotated, Literal, cast

from pydantic import Field, ValidationInfo, field_validator

from components.settings import sections, values
from components.settings.data import InputSettings, OutputSettings, ReferenceSettings, Source
from components.settings.job import JobSettings, RetrySettings
from components.settings.schedule import ScheduleSettings
from components.settings.values import Frozen
from pipeline.kind import Kind

OVERRIDABLE = ("script", "job", "input", "reference", "output", "retries")
"""What stands for all schedules, and may be another for each."""


class Settings(Frozen):
    """One stack, whole; `schedules` have what stands for all of them."""

    project: str
    stack: values.EnvironmentValue
    region: values.Region
    prefix: values.StackPrefix
    """Begins the physical names of this stack; unique in its account and region."""
    expression: values.Expression | None = None
    """When slots are due of a schedule that has no expression itself."""
    timezone: values.Zone = "UTC"
    """Of a schedule that has no time zone itself."""
    script: values.Script = values.SCRIPT
    """The file below container/scripts/ that runs, in any language with a first line `#!`."""
    job: JobSettings = JobSettings()
    image: sections.ImageSettings = sections.ImageSettings()
    input: InputSettings = InputSettings()
    reference: ReferenceSettings = ReferenceSettings()
    output: OutputSettings = OutputSettings()
    network: sections.NetworkSettings = sections.NetworkSettings()
    limits: sections.LimitSettings = sections.LimitSettings()
    permissions_boundary: values.PolicyArn | None = None
    """A managed policy that bounds what every role of the stack may do, whatever allows it."""
    retries: RetrySettings = RetrySettings()
    schedules: Annotated[Mapping[values.Name, ScheduleSettings], Field(min_length=1)] = Field(
        default={"daily": {}},  # pyright: ignore[reportArgumentType] - validated as any other
        validate_default=True,
    )
    alerts: sections.AlertSettings = sections.AlertSettings()
    retention: sections.RetentionSettings = sections.RetentionSettings()
    recovery: sections.RecoverySettings = sections.RecoverySettings()
    data: Literal["keep", "destroy"] = "keep"
    """keep: Pulumi refuses to delete the key, buckets, repository and journal, and they outlive the
    stack. destroy: they go with it, whatever they hold; the key is lost 7 days later.
    """
    tags: values.Tags = Field(default_factory=dict)
    """Of every resource and every job, beside Project and Stack."""

    @field_validator("schedules", mode="before")
    @classmethod
    def _timed(cls, given: object, info: ValidationInfo) -> object:
        """Fill in expression and time zone, which `pulumi new` asks for as keys without a path."""
        if not isinstance(given, Mapping):
            return given
        # What is refused itself is not missing here, too.
        when = {"expression": "rate(1 day)", "timezone": "UTC"} | info.data
        own = {name: when[name] for name in ("expression", "timezone") if when[name]}
        schedules = cast("Mapping[object, object]", given)
        return {
            name: {**own, **cast("dict[str, object]", each)} if isinstance(each, dict) else each
            for name, each in schedules.items()
        }

    @field_validator("schedules")
    @classmethod
    def _complete(
        cls, schedules: Mapping[str, ScheduleSettings], info: ValidationInfo
    ) -> Mapping[str, ScheduleSettings]:
        defaults = {name: info.data[name] for name in OVERRIDABLE if name in info.data}
        return {name: schedule.completed(defaults) for name, schedule in schedules.items()}

    @property
    def defaults(self) -> ScheduleSettings:
        """What a schedule is that sets nothing itself."""
        own = {name: getattr(self, name) for name in OVERRIDABLE}
        return ScheduleSettings(expression="rate(1 day)").completed(own)

    @property
    def is_pilot_light(self) -> bool:
        """Whether this is the second region's stack, of another one."""
        return self.recovery.of is not None

    @property
    def home_region(self) -> str:
        """The region that runs schedules until an operator says otherwise."""
        return (self.is_pilot_light and self.recovery.region) or self.region

    @property
    def keep_data(self) -> bool:
        """Whether data outlive the stack."""
        return self.data == "keep"

    @property
    def keep_images(self) -> bool:
        """Whether the repository, and the key without which nobody can pull, outlive the stack."""
        return self.keep_data or bool(self.image.shared_with)

    @property
    def attempt_types(self) -> list[str]:
        """Every instance type that an attempt of any schedule may use."""
        return sorted({each for one in self.schedules.values() for each in one.attempt_types})

    @property
    def scripts(self) -> dict[str, str]:
        """The script of each schedule."""
        return {name: schedule.script for name, schedule in self.schedules.items()}

    @property
    def sources(self) -> list[Source]:
        """Where any run reads."""
        return [source for each in self.schedules.values() for source in each.sources.values()]

    @property
    def is_sharded(self) -> bool:
        """Whether any schedule's jobs have several instances."""
        return any(schedule.most_instances > 1 for schedule in self.schedules.values())

    @property
    def job_kinds(self) -> list[Kind]:
        """The kinds that its jobs may be of: the last attempt is on demand in any case."""
        used = {Kind.of(each.job.capacity) for each in self.schedules.values()}
        return sorted({Kind.PROCESSING, *used})

    @property
    def has_cluster(self) -> bool:
        """Whether any schedule's jobs have several instances that work as one."""
        return any(each.job.cluster and each.most_instances > 1 for each in self.schedules.values())

    @property
    def counts_input(self) -> bool:
        """Whether the machines of any schedule depend on the size of its input."""
        jobs = [schedule.job for schedule in self.schedules.values()]
        return any(job.sizes or job.volume_gb is None for job in jobs)

    @property
    def has_spot(self) -> bool:
        """Whether any schedule has attempts on spot."""
        return Kind.TRAINING in self.job_kinds

    @property
    def spot_types(self) -> list[str]:
        """The instance types that are tried on spot first."""
        spot = [each for each in self.schedules.values() if each.job.is_spot]
        return sorted({size.instance_type for each in spot for size in each.sizes})

    @property
    def secrets(self) -> list[str]:
        """The names of all that any script may read in Secrets Manager."""
        return sorted({name for one in self.schedules.values() for name in one.job.secrets})

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of every resource and every job."""
        return {"Project": self.project, "Stack": self.stack, **self.tags}
