"""The embedded AWS with the program deployed in it, and everything that moves there."""

from __future__ import annotations

import shutil
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from components import build_context
from components.settings import loader, stack_file
from local.aws.activity import Activity
from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.events.event_bus import EventBus
from local.aws.events.scheduler import ScheduleError, Scheduler
from local.aws.functions.service import Functions
from local.aws.iam import AccessDeniedError
from local.aws.messaging import Message, Topics
from local.aws.protocols import JsonService
from local.aws.sagemaker import required_permissions
from local.aws.sagemaker.faults import EventFaults, Faults
from local.aws.sagemaker.job import JobEnd
from local.aws.sagemaker.rules import vpc_of
from local.aws.sagemaker.service import SageMaker
from local.deploy import existing, program
from local.deploy.resources import Resources
from pipeline.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from local.aws.activity import Kind
    from local.aws.iam import Session
    from local.aws.sagemaker.job import Job

_LONG_AGO_S = 600
_SAGEMAKER = "sagemaker.amazonaws.com"
WATCH = "_watch"
"""The schedule that invokes the observer to look around."""


class Cloud:
    """One stack, deployed into an AWS of its own: deploy it, play slots in it, close it."""

    def __init__(  # noqa: PLR0913 - each is one hook or choice
        self,
        project: Path,
        work: Path,
        stack: str,
        *,
        run_job: Callable[[Cloud, Job], JobEnd],
        build: Callable[[Mapping[str, Any]], str],
        faults: Iterable[str] = (),
        config: Mapping[str, str] | None = None,
        script: Path | None = None,
        on_created: Callable[[str], None] = lambda _: None,
        on_moment: Callable[[str, str], None] = lambda _what, _detail: None,
    ) -> None:
        """Prepare a cloud.

        Args:
            project: the program's directory.
            work: a directory of the cloud's own, which `close` removes.
            stack: the stack's name.
            run_job: runs a job to its end; tells the job's `started` unless it fails before.
            build: builds an image from docker.Image's `build`, and returns a handle on it.
            faults: what is to go wrong (`sagemaker.faults.NAMES`).
            config: the stack's configuration; None is that of its file.
            script: the job's script, if it is not the image's own.
            on_created: told the logical name of each resource.
            on_moment: told each entry of the timeline: what, and details.

        Raises:
            SettingsError: the stack's configuration is refused.
            ContextError: the build context or the script makes no job that runs.
            ValueError: there is no such fault.
        """
        self._project, self._work, self._stack = project, work, stack
        self._config = config or stack_file.keys(project, stack)
        self._on_created, self._on_moment, self._play_job = on_created, on_moment, run_job
        build_context.check(project / loader.CONTEXT, script)
        self.settings = loader.read(self._config, stack_file.project(project), stack)
        self.faults = Faults(faults)
        self.timeline: list[dict[str, str]] = []
        """What happened, as `at`, `what` and `detail`."""
        self.job_points: list[Point] = []
        """The metrics that the jobs printed."""
        self.exports: dict[str, Any] = {}
        """Of the program, once it is deployed."""
        self._told = threading.Lock()
        self._activity = Activity()
        self.aws = LocalAws(self.settings.region)
        self.metrics = MetricStore(self.aws)
        self.functions = Functions(self.aws, work / "functions", self._activity, self.metrics)
        self.resources = Resources(self.aws, build)
        self.topics = Topics(self.aws, self._tell_message)
        self.bus = EventBus(self.aws, self.functions.invoke, self.topics, self.metrics, self.tell)
        self.scheduler = Scheduler(self.aws, self.metrics, self.tell)
        self.alarms = Alarms(
            self.aws,
            self.resources.alarms,
            self.metrics,
            self.topics,
            publish=self.bus.publish,
            tell=self.tell,
        )
        self._events = EventFaults(self.faults, self.bus.publish, self._lose)
        self.sagemaker = SageMaker(
            ACCOUNT,
            self.settings.region,
            run=self._run_job,
            publish=self._publish,
            can_assume=lambda role, job: self.aws.iam.trusts(role, _SAGEMAKER, job),
            vpc_of=lambda id_: vpc_of(self.aws, id_),
            faults=self.faults,
            activity=self._activity,
        )

    @property
    def journal(self) -> Journal:
        """The journal of runs, read as an administrator."""
        return Journal(self.aws.client("dynamodb"), self.exports["journal_table"])

    @property
    def messages(self) -> list[Message]:
        """What a person who subscribed to the topic has got."""
        return list(self.topics.messages)

    def deploy(self) -> dict[str, Any]:
        """Deploy the program, and return its exports.

        The alarms are evaluated for the first time: a new alarm that becomes OK tells nobody.

        Raises:
            DeployError: names what could not be deployed.
        """
        self.aws.services |= {
            "lambda": self.functions,
            "events": self.bus,
            "scheduler": self.scheduler,
            "sagemaker": JsonService(self.sagemaker.call),
        }
        self.aws.start()
        existing.create(self.aws, self.settings)
        self.exports = program.deploy(
            self._project, self._stack, self._config, self.resources, self._on_created
        )
        self.scheduler.deployed = True
        self.evaluate_alarms(datetime.now(UTC))
        self.timeline.clear()
        return self.exports

    def fire(self, schedule: str, slot: datetime) -> None:
        """Let a deployed schedule deliver a slot.

        Raises:
            ScheduleError: it would not on AWS either.
        """
        self.scheduler.fire(self.exports["prefix"], schedule, slot)

    def settle(self, timeout_s: float = 60, *, jobs: bool = True) -> None:
        """Wait until nothing moves any more; what is planned for later happens at once, in order.

        Args:
            timeout_s: for all of it.
            jobs: whether to wait for jobs too; False leaves those that run.

        Raises:
            TimeoutError: something still moves.
        """
        deadline = time.monotonic() + timeout_s
        kinds: tuple[Kind, ...] = ("delivery", "job") if jobs else ("delivery",)
        self._activity.wait(timeout_s, kinds)
        while due := self.scheduler.next_planned():
            self._fire_alone(due.group, due.name, due.at)
            self._activity.wait(max(0.0, deadline - time.monotonic()), kinds)

    def tick(self) -> None:
        """Let the watch look around, and settle.

        Raises:
            ScheduleError: there is no watch.
        """
        self.fire(WATCH, datetime.now(UTC).replace(microsecond=0))
        self.settle()

    def pass_time(self, after: datetime, until: datetime) -> None:
        """Fire what is due after one instant and up to another, the watch and retries included."""
        for due in self.scheduler.recurring(after, until):
            self._fire_alone(due.group, due.name, due.at)
        while due := self.scheduler.next_planned(until):
            self._fire_alone(due.group, due.name, due.at)

    def evaluate_alarms(self, now: datetime) -> None:
        """Bring every alarm into the state that the metrics up to `now` give it."""
        self.alarms.evaluate(now)

    def count_line(self, line: str) -> None:
        """Keep the metrics in a line that a job printed, as CloudWatch Logs does."""
        self.job_points += self.metrics.put_line(line)

    def assume_for(self, job: Job) -> Session:
        """Return a session of the job's role.

        Raises:
            AccessDeniedError: it does not trust SageMaker for this job, or is gone.
        """
        return self.aws.iam.assume(job.request["RoleArn"], _SAGEMAKER, job.arn)

    def tell(self, what: str, detail: str, at: str | None = None) -> None:
        """Write an entry into the timeline; `at` is now unless it is given."""
        now = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
        with self._told:
            self.timeline.append({"at": at or now, "what": what, "detail": detail})
        self._on_moment(what, detail)

    def close(self) -> None:
        """Stop everything that still runs; the state is gone."""
        self.sagemaker.close()
        self.functions.close()
        self.aws.stop()
        shutil.rmtree(self._work, ignore_errors=True)

    def _fire_alone(self, group: str, name: str, at: datetime) -> None:
        """Fire a slot that nobody waits for: if it fails, its queue has it and alarms tell."""
        try:
            self.scheduler.fire(group, name, at)
        except ScheduleError as error:
            self.tell("undelivered", str(error))

    def _run_job(self, job: Job) -> JobEnd:
        """Run a job, if its role may do what SageMaker does with it before."""
        try:
            session = self.assume_for(job)
            self.aws.iam.require(
                session, required_permissions.needed(self.aws.iam.store, job.request)
            )
        except AccessDeniedError as denied:
            return JobEnd("Failed", f"ClientError: AccessDenied: {denied}")
        return self._play_job(self, job)

    def _tell_message(self, message: Message) -> None:
        self.tell("message", message["subject"] or "(no subject)", message["at"])

    def _lose(self, job: str) -> None:
        """Let the job lie back, as if it had been waited long enough to doubt that its event comes.

        The watch gives an event some time, which is not played.
        """
        self.tell("lost", f"the event of {job}")
        self.sagemaker.age(job, _LONG_AGO_S)

    def _publish(self, event: dict[str, Any]) -> None:
        """Send a change of a job's state to the account's event bus."""
        detail = event["detail"]
        self.tell("job", f"{detail['ProcessingJobName']} {detail['ProcessingJobStatus']}")
        self._events.publish(event)
