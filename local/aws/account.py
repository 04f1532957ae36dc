"""One account of the embedded AWS: all its services, and what moves between them."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from local.aws.activity import Activity, Kind
from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import LocalAws
from local.aws.events.event_bus import EventBus
from local.aws.events.scheduler import Due, ScheduleError, Scheduler
from local.aws.functions.service import Functions
from local.aws.iam import AccessDeniedError, Session
from local.aws.messaging import Topics
from local.aws.replication import Replication
from local.aws.sagemaker import required_permissions
from local.aws.sagemaker.faults import Faults
from local.aws.sagemaker.job import Job, JobEnd, kind_of
from local.aws.sagemaker.service import SERVICE, SageMaker

_LONG_AGO_S = 600
_HEARD_S = 10
"""For what is still delivered of the jobs that were stopped at the end."""


class Account:
    """A region of it, empty at first. A process has one account at a time: moto's state is its."""

    def __init__(
        self,
        aws: LocalAws,
        work: Path,
        run_job: Callable[[Self, Job], JobEnd],
        faults: Iterable[str],
        on_event: Callable[[str, str], None],
    ) -> None:
        """Prepare the services of a region, with a directory for the code of functions.

        `run_job` runs a job to its end, and tells its `started` unless it fails before; `on_event`
        is told each entry of the timeline: what, and details.
        """
        self.timeline: list[dict[str, str]] = []
        """What happened, as `at`, `what` and `detail`."""
        self.job_points: list[Point] = []
        """The metrics that the jobs printed."""
        self._on_event, self._play_job = on_event, run_job
        self._activity, self.faults = Activity(), Faults(faults)
        self.aws = aws
        self.metrics = MetricStore(aws)
        self.functions = Functions(aws, work / "functions", self._activity, self.metrics)
        self.topics = Topics(aws, self.tell)
        self.messages = self.topics.messages
        self.bus = EventBus(aws, self.functions.invoke, self.topics, self.metrics, self.tell)
        self.scheduler = Scheduler(aws, self.metrics, self.tell)
        self.alarms = Alarms(aws, self.metrics, self.topics, self.bus.publish, self.tell)
        self.replication = Replication(aws, self.metrics, self._activity, self.tell)
        self.sagemaker = SageMaker(aws, self._run_job, self._publish, self.faults, self._activity)
        aws.services |= {
            "lambda": self.functions.answer,
            "s3": self.replication.answer,
            "sns": self.topics.answer,
            "events": self.bus.answer,
            "scheduler": self.scheduler.answer,
            "sagemaker": self.sagemaker.answer,
        }
        aws.listeners["s3"] = self.replication.look

    def join(self, other: "Account") -> None:
        """Let the buckets of this region and of another one be replicated to each other."""
        for source, target in ((self, other), (other, self)):
            source.replication.partners[target.aws.region] = target.replication
            # Its metrics are of the region where the replicas are.
            target.alarms.measures.append(source.replication.measure)

    def settle(self, timeout_s: float = 60, *, jobs: bool = True) -> None:
        """Wait until nothing moves any more; what is planned for later happens at once, in order.

        Without `jobs` those that run are left running.

        Raises:
            TimeoutError: something still moves.
        """
        deadline = time.monotonic() + timeout_s
        kinds: tuple[Kind, ...] = ("delivery", "job") if jobs else ("delivery",)
        self._activity.wait(timeout_s, kinds)
        while due := self.scheduler.next_planned():
            self._fire_alone(due)
            self._activity.wait(max(0.0, deadline - time.monotonic()), kinds)

    def pass_time(self, start: datetime, end: datetime) -> None:
        """Fire what is due from one instant to another, the watch and retries included."""
        for due in self.scheduler.due(start, end):
            self._fire_alone(due)

    def count_line(self, line: str) -> None:
        """Keep the metrics in a line that a job printed, as CloudWatch Logs does."""
        self.job_points += self.metrics.put_line(line)

    def assume_for(self, job: Job) -> Session:
        """Return a session of the job's role.

        Raises:
            AccessDeniedError: it does not trust SageMaker for this job, or is gone.
        """
        return self.aws.iam.assume(job.request["RoleArn"], SERVICE, job.arn)

    def tell(self, what: str, detail: str) -> None:
        """Write an entry into the timeline."""
        now = f"{datetime.now(UTC).isoformat(timespec='milliseconds')[:-6]}Z"
        self.timeline.append({"at": now, "what": what, "detail": detail})
        self._on_event(what, detail)

    def close(self) -> None:
        """Stop everything that still runs; the state is gone."""
        self.sagemaker.close()
        with suppress(TimeoutError):
            self._activity.wait(_HEARD_S, ("delivery",))
        self.functions.close()
        self.aws.stop()

    def _fire_alone(self, due: Due) -> None:
        """Fire a slot that nobody waits for: if it fails, its queue has it and alarms tell."""
        try:
            self.scheduler.fire(due.group, due.name, due.at)
        except ScheduleError as error:
            self.tell("undelivered", str(error))

    def _run_job(self, job: Job) -> JobEnd:
        """Run a job, if its role may do what SageMaker does with it before."""
        try:
            session = self.assume_for(job)
            self.aws.iam.require(session, required_permissions.needed(self.aws.iam.store, job.spec))
        except AccessDeniedError as denied:
            return JobEnd("Failed", f"ClientError: AccessDenied: {denied}")
        return self._play_job(self, job)

    def _publish(self, event: dict[str, Any]) -> None:
        """Send a change of a job's state to the account's event bus, as the faults will have it."""
        detail = event["detail"]
        kind = kind_of(detail)
        name: str = detail[f"{kind}JobName"]
        status: str = detail[f"{kind}JobStatus"]
        secondary = detail.get("SecondaryStatus", "Starting")
        if secondary == "Interrupted":
            self.tell("reclaimed", name)
        elif secondary not in ("Downloading", "Training", "Uploading"):  # the status is the same
            self.tell("job", f"{name} {status}")
        arriving = self.faults.arriving(event)
        for each in arriving:
            self.bus.publish(each)
        if f"{kind}EndTime" in detail and event not in arriving:
            self.tell("lost", f"the event of {name}")
            # As if the time had passed that the watch gives an event to come.
            self.sagemaker.age(detail[f"{kind}JobArn"], _LONG_AGO_S)
