"""What the launcher knows about its stack, read once.

Two sources, because Lambda's environment holds 4 KB in all and a job's settings may need more:
`launcher.json` in the code archive (known when the program is written) and the environment
(known only when AWS has created the resources).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pipeline.environment import required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_FILE = "launcher.json"


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
    """What one schedule adds to its runs, and when its runs are not to start."""

    arguments: list[str]
    environment: dict[str, str]
    overlap: Literal["Allow", "Forbid", "Replace"]
    """What a slot does whose predecessor still runs, in the words of Kubernetes' CronJob."""
    start_deadline_seconds: int | None
    """A slot that is delivered later than this is skipped; None: never."""


@dataclass(frozen=True)
class Vpc:
    """Where in a VPC the stack's jobs run, by ids."""

    subnets: list[str]
    security_groups: list[str]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Vpc | None:
        """Return what SUBNETS and SECURITY_GROUPS name, or None where there is neither.

        Raises:
            ConfigError: there is only one of the two.
        """
        names = cls.__dataclass_fields__
        if not any(environ.get(name.upper()) for name in names):
            return None
        return cls(**{name: ids.split(",") for name, ids in required(names, environ).items()})


@dataclass(frozen=True)
class Deployed:
    """The resources of the stack, from the function's environment."""

    job_role_arn: str
    image_uri: str
    input_bucket: str
    output_bucket: str
    kms_key_arn: str
    journal_table: str
    aws_region: str
    vpc: Vpc | None
    """None: SageMaker runs the jobs in a VPC of its own."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Deployed:
        """Return the resources that `environ` names.

        Raises:
            ConfigError: names every missing variable.
        """
        names = [name for name in cls.__dataclass_fields__ if name != "vpc"]
        return cls(**required(names, environ), vpc=Vpc.read(environ))


@dataclass(frozen=True)
class LauncherConfig:
    """Everything a plan depends on, apart from the event."""

    stack: str
    prefix: str
    """Begins the name of every job of this stack, followed by `--`."""
    input_prefix: str
    """Key prefix; may contain `{schedule}` and `{slot:<strftime format>}`."""
    output_prefix: str
    when_empty: Literal["fail", "skip", "run"]
    """What becomes of a slot without input."""
    max_concurrent_instances: int | None
    """Of all jobs of the stack at once; None: no limit."""
    isolation: bool
    """Whether the container has no network."""
    job: JobConfig
    schedules: dict[str, ScheduleConfig]
    tags: dict[str, str]
    deployed: Deployed

    @classmethod
    def load(cls, directory: Path, environ: Mapping[str, str]) -> LauncherConfig:
        """Return the configuration that lies beside the code, completed from `environ`."""
        document: dict[str, Any] = json.loads((directory / CONFIG_FILE).read_text("utf-8"))
        job = JobConfig(**document.pop("job"))
        schedules = {
            name: ScheduleConfig(**schedule) for name, schedule in document.pop("schedules").items()
        }
        return cls(**document, job=job, schedules=schedules, deployed=Deployed.read(environ))
