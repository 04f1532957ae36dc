"""The program, deployed into an account of the embedded AWS."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from components.settings import loader, stack_file
from local.aws.account import Account
from local.aws.endpoint import LocalAws
from local.aws.regions import Regions
from local.aws.sagemaker.job import Job, JobEnd
from local.deploy import existing, program
from local.deploy.kinds import Resources
from pipeline.journal import Journal
from pipeline.prefix import Prefix

WATCH = "_watch"
"""The schedule that invokes the observer to look around."""


class Cloud(Account):
    """An account with one stack in it: deploy it, play slots in it, close it."""

    def __init__(  # noqa: PLR0913 - each is one hook or choice
        self,
        project: Path,
        work: Path,
        stack: str,
        *,
        run_job: Callable[[Self, Job], JobEnd],
        build: Callable[[Mapping[str, Any]], str],
        faults: Iterable[str] = (),
        config: Mapping[str, str] | None = None,
        on_created: Callable[[str], None] = lambda _: None,
        on_moment: Callable[[str, str], None] = lambda _what, _detail: None,
        regions: Regions | None = None,
    ) -> None:
        """Prepare a cloud for the program in `project`; `close` removes `work`, which is its own.

        Hooks are those of Account and Resources; `config` takes the place of the stack's file.

        Raises:
            SettingsError: the stack's configuration is refused.
            ValueError: there is no such fault.
        """
        self._project, self._work, self._stack = project, work, stack
        self._config = config or stack_file.keys(project, stack)
        self.settings = loader.read(self._config, stack_file.project(project), stack)
        aws = LocalAws(self.settings.region, regions)
        super().__init__(aws, work, run_job, faults, on_moment)
        self.resources = Resources(self.aws, build, self.alarms.definitions, on_created)
        self.exports: dict[str, Any] = {}
        """Of the program, once it is deployed."""

    @property
    def journal(self) -> Journal:
        """The stack's journal, read as an administrator."""
        return Journal(self.aws.client("dynamodb"), self.exports["journal_table"])

    def read_by(self, schedule: str, slot: datetime) -> dict[str, Prefix]:
        """Return where a slot reads, by the part of the settings: `input`, and maybe `reference`.

        Buckets of the stack's own are known once it is deployed; that holds for outputs, too.
        """
        settings, own = self.settings.schedules[schedule], self.exports.get("input_bucket", "")
        found = {
            part: Prefix(source.bucket or own, settings.place(source.prefix, schedule, slot))
            for part, source in settings.sources.items()
        }
        other = settings.input.output_of
        return {**found, "input": self.output_of(other, slot)} if other else found

    def output_of(self, schedule: str, slot: datetime) -> Prefix:
        """Return where a slot's output lies."""
        settings = self.settings.schedules[schedule]
        bucket = settings.output.bucket or self.exports.get("output_bucket", "")
        return Prefix(bucket, settings.place(settings.output.prefix, schedule, slot))

    def deploy(self) -> None:
        """Deploy the program.

        The alarms are evaluated for the first time: a new alarm that becomes OK tells nobody.

        Raises:
            DeployError: names what could not be deployed.
        """
        self.aws.start()
        existing.create(self.aws, self.settings)
        self.exports = program.deploy(self._project, self._stack, self._config, self.resources)
        self.alarms.evaluate(datetime.now(UTC))
        self.timeline.clear()

    def fire(self, schedule: str, slot: datetime) -> None:
        """Let a deployed schedule deliver a slot.

        Raises:
            ScheduleError: it would not on AWS either.
        """
        self.scheduler.fire(self.exports["prefix"], schedule, slot)

    def tick(self) -> None:
        """Let the watch look around, and settle."""
        self.fire(WATCH, datetime.now(UTC).replace(microsecond=0))
        self.settle()

    def close(self) -> None:
        """Stop everything that still runs; the state and the work directory are gone."""
        super().close()
        shutil.rmtree(self._work, ignore_errors=True)
