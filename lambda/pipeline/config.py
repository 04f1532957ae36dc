"""What the functions know about their stack, read once.

Two sources, because Lambda's environment holds 4 KB in all and a job's settings may need more:
`stack.json` beside the code, for what settings decide, and the environment, for what only a
deployment knows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from pipeline import slot_fields
from pipeline.attempt import Attempt, slot_jobs
from pipeline.kind import CHECKPOINT, SCRATCH, Kind
from pipeline.prefix import Prefix
from pipeline.schedule_config import ScheduleConfig

FILE = "stack.json"


@dataclass(frozen=True, kw_only=True)
class StackConfig:
    """What all functions know; components/settings/ says what each setting means."""

    stack: str
    prefix: str
    """Begins the name of every job of this stack, followed by `--`."""
    recovery_region: str | None
    """The other one, in which the same stack is, too."""
    home_region: str
    """The one of the two that runs schedules until an operator says otherwise."""
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
    chat_topic_arn: str = ""
    """Of what a chat shows; empty: none does."""
    schedule_group: str
    schedule_failures_arn: str
    launcher_arn: str
    retry_role_arn: str
