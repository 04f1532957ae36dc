"""A deployed stack, found by its Pulumi.<stack>.yaml alone: settings, names, and AWS clients."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import boto3
from botocore.config import Config

from components import names
from components.settings import Settings, loader, stack_file
from pipeline.attempt import Attempt, job_name, parse_job_name
from pipeline.contract import OPS
from pipeline.jobs import Job, Jobs
from pipeline.journal import Journal
from pipeline.prefix import Prefix

ROOT = Path(__file__).resolve().parent.parent


class OpsError(Exception):
    """Something that an operator has to know; the message says the way out."""

    status = 1
    """Of the process."""


class UsageError(OpsError):
    """An argument that fits nothing in this stack."""

    status = 2


class Stack:
    """A stack's names and settings, and its AWS."""

    START_LOCAL = "start it with: make local KEEP=yes"

    def __init__(
        self,
        settings: Settings,
        connection: Mapping[str, str] | None = None,
        *,
        hasty: bool = False,
    ) -> None:
        """Reach AWS by `connection`, arguments of boto3's client; by default in the ordinary way.

        `hasty`: say within seconds that a region does not answer.
        """
        self.settings, self._connection, self._hasty = settings, connection, hasty
        self.name, self.region, self.prefix = settings.stack, settings.region, settings.prefix
        self.launcher = names.function(self.prefix, "launcher")
        self.table = names.journal(self.prefix)
        self.client: Callable[[str], Any] = cache(self._client)
        """Return the client of a service, with the ordinary chain of credentials."""

    @cached_property
    def _local(self) -> dict[str, str]:
        """How boto3 reaches the embedded AWS; empty for the real one."""
        if self._connection is not None:
            return {**self._connection}
        return _embedded_aws() if self.name == "local" else {}

    def hasty(self) -> "Stack":
        """Return the same stack, for a look at a region that may be lost."""
        return Stack(self.settings, self._connection, hasty=True)

    @property
    def endpoint(self) -> str | None:
        """URL of the embedded AWS; None for the real one."""
        return self._local.get("endpoint_url")

    @cached_property
    def journal(self) -> Journal:
        """The journal of its runs."""
        return Journal(self.client("dynamodb"), self.table)

    @cached_property
    def jobs(self) -> Jobs:
        """Its jobs in SageMaker."""
        return Jobs(self.client("sagemaker"), self.prefix, self.settings.job_kinds)

    @cached_property
    def _caller(self) -> dict[str, str]:
        return self.client("sts").get_caller_identity()

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of a resource of the stack's account and region."""
        partition = self._caller["Arn"].split(":")[1]
        return f"arn:{partition}:{service}:{self.region}:{self._caller['Account']}:{resource}"

    def input_bucket(self, schedule: str) -> str:
        """Return the bucket that a schedule reads, unless it reads what another one wrote."""
        return self._bucket("input", self.settings.schedules[schedule].input.bucket)

    def output_bucket(self, schedule: str) -> str:
        """Return the bucket that a schedule writes to."""
        return self._bucket("output", self.settings.schedules[schedule].output.bucket)

    def input_of(self, attempt: Attempt) -> Prefix:
        """Return where the attempt's slot reads, unless it is what another one wrote."""
        schedule = self.settings.schedules[attempt.schedule]
        key = schedule.place(schedule.input.prefix, attempt.schedule, attempt.slot)
        return Prefix(self.input_bucket(attempt.schedule), key, schedule.ready)

    def output_of(self, attempt: Attempt) -> Prefix:
        """Return where the attempt's slot writes."""
        schedule = self.settings.schedules[attempt.schedule]
        key = schedule.place(schedule.output.prefix, attempt.schedule, attempt.slot)
        return Prefix(self.output_bucket(attempt.schedule), key)

    def _bucket(self, role: str, existing: str | None) -> str:
        return existing or names.bucket(self.prefix, role, self._caller["Account"], self.region)

    def is_successful(self, attempt: Attempt) -> bool:
        """Return whether the attempt's slot has its success marker."""
        return self.output_of(attempt).has_marker(self.client("s3"))

    def zone(self, schedule: str) -> ZoneInfo:
        """Return a schedule's time zone; UTC for one that the settings no longer have."""
        found = self.settings.schedules.get(schedule)
        return ZoneInfo(found.timezone if found else "UTC")

    def schedules(self, only: str | None) -> list[str]:
        """Return the names of all schedules, or the one that is asked for.

        Raises:
            UsageError: the stack has no such schedule.
        """
        known = list(self.settings.schedules)
        if only is not None and only not in known:
            raise UsageError(f"--schedule {only}: stack {self.name} has {', '.join(known)}")
        return [only] if only else known

    def slot(self, schedule: str, text: str) -> datetime:
        """Return the instant that `text` spells: with an offset, or in the schedule's zone.

        Raises:
            UsageError: it spells none, or a local time that the clock skips.
        """
        zone = self.zone(schedule)
        example = f"2026-01-05T03:00:00Z, or 2026-01-05T04:00 in {zone.key}"
        try:
            moment = datetime.fromisoformat(text) if "T" in text else None
        except ValueError:
            moment = None
        if moment is None or moment.microsecond:
            raise UsageError(f"--slot {text}: must be a time such as {example}")
        if moment.tzinfo:
            return moment.astimezone(UTC)
        instant = moment.replace(tzinfo=zone).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) != moment:
            raise UsageError(f"--slot {text}: the clock in {zone.key} skips this time")
        return instant

    def attempt_of(self, job: str) -> Attempt:
        """Return the attempt that a job of this stack is for.

        Raises:
            UsageError: the name is none of this stack's.
        """
        attempt = parse_job_name(self.prefix, job)
        if attempt is None:
            raise UsageError(
                f"{job} is no job of stack {self.name}: its jobs are called "
                f"{self.prefix}--<schedule>-<slot>-<attempt>; see: {self.command('list')}"
            )
        return attempt

    def find_job(self, attempt: Attempt) -> Job | None:
        """Return what SageMaker says of an attempt's job, or None where there is none."""
        return self.jobs.find(job_name(self.prefix, attempt))

    def job(self, name: str) -> Job:
        """Return what SageMaker says of a job, or raise OpsError where there is none."""
        found = self.jobs.find(name)
        if found is None:
            raise OpsError(f"There is no job {name}; see: {self.command('list')}")
        return found

    def command(self, words: str) -> str:
        """Return the line that a person would type."""
        return f"{OPS} {words} --stack {self.name}"

    def _client(self, service: str) -> Any:  # noqa: ANN401 - one type for each service
        # A second Invoke by the SDK, after a lost answer, would find the slot "already started".
        launches = service == "lambda"
        once = self.endpoint or self._hasty or launches
        config = Config(
            retries={"mode": "standard", "total_max_attempts": 1 if once else 4},
            connect_timeout=2 if self._hasty else 60,
            # The launcher's own timeout is 900.
            read_timeout=2 if self._hasty else 910 if launches else 60,
        )
        return cast("Any", boto3).client(
            service, region_name=self.region, config=config, **self._local
        )


def load(name: str) -> Stack:
    """Return the stack of Pulumi.<name>.yaml.

    Raises:
        UsageError: there is no such file.
        OpsError: its settings are refused.
    """
    file = ROOT / f"Pulumi.{name}.yaml"
    if not file.is_file():
        known = ", ".join(stack_file.stacks(ROOT))
        raise UsageError(f"--stack {name}: there is no {file.name}; stacks: {known}")
    try:
        keys = stack_file.keys(ROOT, name)
        # A schedule whose only slot has passed may be replayed, though no longer deployed.
        settings = loader.read(keys, stack_file.project(ROOT), name, deploying=False)
    except loader.SettingsError as error:
        raise OpsError(str(error)) from None
    return Stack(settings)


def _embedded_aws() -> dict[str, str]:
    try:
        found = json.loads((ROOT / ".local" / "endpoint.json").read_text("utf-8"))
        return {
            "endpoint_url": found["url"],
            "aws_access_key_id": found["access_key_id"],
            "aws_secret_access_key": found["secret_access_key"],
        }
    except (FileNotFoundError, ValueError, LookupError, TypeError):
        raise OpsError(f"The local stack is not running; {Stack.START_LOCAL}") from None
