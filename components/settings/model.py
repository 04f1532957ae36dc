"""Settings: a stack's configuration as one frozen object, checked before any resource exists.

`values.py` says what a single value may be, `rules.py` what must agree between them; `loader.py`
reads Pulumi's configuration and words the errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationInfo, model_validator

from components.settings import rules
from components.settings.failures import AlertSettings, RetrySettings
from components.settings.security import LimitSettings, NetworkSettings
from components.settings.values import (
    LONGEST_DAYS,
    Argument,
    BucketName,
    Environment,
    EnvironmentValue,
    Expression,
    Frozen,
    InstanceCount,
    InstanceType,
    KeyArn,
    LogDays,
    PolicyArn,
    Prefix,
    Region,
    Runtime,
    ScheduleName,
    SecretName,
    StackPrefix,
    Tags,
    VolumeGb,
    Zone,
    refuse,
)


class ScheduleSettings(Frozen):
    """When to run, and what this schedule adds to its runs."""

    expression: Expression
    """cron(...), rate(...) or at(...) of EventBridge Scheduler."""
    timezone: Zone
    """IANA name. A local time that daylight saving skips is not run; a repeated one runs once."""
    suspend: bool = False
    """Slots pass without a run; running by hand still works."""
    overlap: Literal["Allow", "Forbid", "Replace"] = "Allow"
    """When a run is due while the last one goes on: run both, skip the new, or stop the old."""
    start_deadline_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None
    """A slot that is delivered later is skipped (EventBridge Scheduler is exact to a minute)."""
    success_within_hours: Annotated[int, Field(ge=1, le=24 * LONGEST_DAYS)] | None = None
    """An alarm goes off without a success for so long; null: as long as the expression allows."""
    arguments: tuple[Argument, ...] = ()
    """Appended to the job's arguments."""
    environment: Environment = Field(default_factory=dict)
    """Added to the job's environment; wins where both set a name."""


class JobSettings(Frozen):
    """The machine of a job, and what every run passes to the script."""

    instance_type: InstanceType
    instance_count: InstanceCount = 1
    """More than one: each gets a share of the input objects (ShardedByS3Key)."""
    volume_gb: VolumeGb
    """Must hold the whole input and the output."""
    max_runtime_seconds: Runtime
    """A job that runs longer is stopped."""
    arguments: tuple[Argument, ...] = ()
    environment: Environment = Field(default_factory=dict)
    """Readable by whoever may describe the job: no secrets."""
    secrets: Annotated[tuple[SecretName, ...], Field(max_length=20)] = ()
    """Names in Secrets Manager of what the script may read there."""


class InputSettings(Frozen):
    """Where a run reads."""

    bucket: BucketName | None = None
    """An existing bucket; null creates one."""
    prefix: Prefix = "input/{slot:%Y/%m/%d}/"
    """May contain {slot:<strftime format>}, in UTC, and {schedule}."""
    kms_key_arn: KeyArn | None = None
    """The key of an existing bucket that is encrypted with one of its own."""
    when_empty: Literal["fail", "skip", "run"] = "fail"
    """What becomes of a slot without input: a failure, no run, or a run without input."""

    @model_validator(mode="after")
    def _key_needs_bucket(self) -> Self:
        if self.kms_key_arn and not self.bucket:
            raise ValueError("bucket: is missing; kms_key_arn is for an existing one")
        return self


class OutputSettings(Frozen):
    """Where a run writes: its own prefix for each schedule and slot."""

    bucket: BucketName | None = None
    """An existing bucket; null creates one."""
    prefix: Prefix = "output/{schedule}/{slot:%Y/%m/%d/%H%M%S}/"
    """May contain {slot:<strftime format>}, in UTC, and {schedule}."""
    when_empty: Literal["fail", "allow"] = "fail"
    """What becomes of a run whose script succeeds and writes nothing: a failure, or a success."""


class RetentionSettings(Frozen):
    """How long things are kept."""

    log_days: LogDays = 90
    """Of the launcher's logs."""
    output_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] | None = None
    """Outputs in the created bucket are deleted after this; null keeps them."""
    noncurrent_days: Annotated[int, Field(ge=1, le=LONGEST_DAYS)] = 30
    """Overwritten and deleted versions of objects stay recoverable this long."""
    images: Annotated[int, Field(ge=2, le=1000)] = 10
    """The newest images, which the repository keeps; one of them is in use."""
    run_days: Annotated[int, Field(ge=30, le=LONGEST_DAYS)] = 400
    """Of the journal's entry of each run."""


class ProtectionSettings(Frozen):
    """What stands between a slip of the hand and lost data."""

    protect: bool = True
    """Pulumi refuses to delete the key, buckets, repository and journal."""
    force_destroy: bool = False
    """Buckets are deleted with what they hold, and the key; else they stay when the stack goes."""
    key_deletion_days: Annotated[int, Field(ge=7, le=30)] = 30
    """From a key's deletion until all that it encrypted is lost (KMS: 7 to 30)."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.protect and self.force_destroy:
            raise ValueError("force_destroy: contradicts protect; set one of them to false")
        return self


class Settings(Frozen):
    """One stack, whole."""

    project: str
    stack: EnvironmentValue
    region: Region
    prefix: StackPrefix
    """Begins the physical names of this stack; unique in its account and region."""
    base_image: Annotated[str, Field(min_length=1)] | None = None
    """Replaces the BASE_IMAGE of the Dockerfile."""
    schedules: Annotated[Mapping[ScheduleName, ScheduleSettings], Field(min_length=1)]
    job: JobSettings
    input: InputSettings = InputSettings()
    output: OutputSettings = OutputSettings()
    network: NetworkSettings = NetworkSettings()
    limits: LimitSettings = LimitSettings()
    permissions_boundary: PolicyArn | None = None
    """A managed policy that bounds what every role of the stack may do, whatever allows it."""
    retries: RetrySettings = RetrySettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    protection: ProtectionSettings = ProtectionSettings()
    tags: Tags = Field(default_factory=dict)

    @property
    def ladder(self) -> tuple[str, ...]:
        """The instance types to try, the job's own first."""
        return (self.job.instance_type, *self.retries.instance_types)

    @property
    def running_long_seconds(self) -> int:
        """How long a job may run before that is reported."""
        return self.alerts.running_long_seconds or self.job.max_runtime_seconds * 3 // 4

    @property
    def all_tags(self) -> dict[str, str]:
        """The tags of every resource and every job."""
        return {"Project": self.project, "Stack": self.stack, **self.tags}

    @model_validator(mode="after")
    def _parts_agree(self, info: ValidationInfo) -> Self:
        context: dict[str, Any] = info.context or {}
        found = rules.problems(self, context.get("after"))
        refuse("\n".join(found))
        return self
