"""What the launcher knows about its stack, read once.

Two sources, because Lambda's environment holds 4 KB in all and a job's settings may need more:
`launcher.json` in the code archive (known when the program is written) and the environment
(known only when AWS has created the resources).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from runs.environment import required

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CONFIG_FILE = "launcher.json"


@dataclass(frozen=True)
class JobConfig:
    """The machine a job asks for, and what every run of the stack passes to the script."""

    instance_type: str
    instance_count: int
    volume_gb: int
    max_runtime_seconds: int
    arguments: list[str]
    environment: dict[str, str]
    types_without_volume_key: list[str]
    """Those that an attempt may run on and that refuse a volume key: their disks have their own."""


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
class Deployed:
    """The resources of the stack, from the function's environment."""

    job_role_arn: str
    image_uri: str
    input_bucket: str
    output_bucket: str
    kms_key_arn: str
    runs_table: str
    aws_region: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Deployed:
        """Return the resources that `environ` names.

        Raises:
            ConfigError: names every missing variable.
        """
        return cls(**required(cls.__dataclass_fields__, environ))


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
    max_instances: int | None
    """Of all jobs of the stack at once; None: no limit."""
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
