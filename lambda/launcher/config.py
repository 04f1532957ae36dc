"""What the launcher knows about its stack: `launcher.json` and its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pipeline import config

Overlap = Literal["Allow", "Forbid", "Replace"]


@dataclass(frozen=True)
class JobConfig:
    """The machine a job asks for, and what every attempt of the stack passes to the script."""

    instance_type: str
    instance_count: int
    volume_gb: int
    max_runtime_seconds: int
    arguments: list[str]
    environment: dict[str, str]
    volume_keys: dict[str, bool]
    """Each type that an attempt may use, and whether its volume takes the stack's key."""


@dataclass(frozen=True)
class ScheduleConfig:
    """What one schedule adds to its jobs, and when they are not to start."""

    arguments: list[str]
    environment: dict[str, str]
    overlap: Overlap
    """What a slot does whose predecessor still runs, in the words of Kubernetes' CronJob."""
    start_deadline_seconds: int | None
    """A slot that is delivered later than this is skipped; None: never."""


@dataclass(frozen=True)
class Vpc:
    """Where in a VPC the stack's jobs run, by ids."""

    subnets: list[str]
    security_groups: list[str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self | None:
        """Return what SUBNETS and SECURITY_GROUPS name, or None where they are not set."""
        if "SUBNETS" not in environ:
            return None
        return cls(environ["SUBNETS"].split(","), environ["SECURITY_GROUPS"].split(","))


@dataclass(frozen=True, kw_only=True)
class Deployed(config.Deployed):
    """The resources of the stack, from the function's environment."""

    job_role_arn: str
    image_uri: str


@dataclass(frozen=True, kw_only=True)
class LauncherConfig(config.StackConfig):
    """Everything a job's request depends on, apart from the event."""

    when_empty: Literal["fail", "skip", "run"]
    """What becomes of a slot without input."""
    max_concurrent_instances: int | None
    """Of all jobs of the stack; None: no limit."""
    isolation: bool
    """Whether the container has no network."""
    vpc: Vpc | None
    """None: SageMaker runs the jobs in a VPC of its own."""
    job: JobConfig
    schedules: dict[str, ScheduleConfig]
    tags: dict[str, str]
    deployed: Deployed

    @classmethod
    def load(cls, directory: Path, environ: Mapping[str, str]) -> Self:
        """Return the configuration that lies beside the code, completed from `environ`."""
        document = config.document(directory, "launcher")
        job = JobConfig(**document.pop("job"))
        schedules = {
            name: ScheduleConfig(**schedule) for name, schedule in document.pop("schedules").items()
        }
        return cls(
            **document,
            job=job,
            schedules=schedules,
            vpc=Vpc.read(environ),
            deployed=Deployed.read(environ),
        )
