"""A stack and its pilot light in two regions of one embedded AWS."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from components.settings import inheritance, stack_file
from components.settings.inheritance import File
from local.aws.events.scheduler import ScheduleError
from local.aws.regions import Regions
from local.aws.replication import Operation
from local.aws.sagemaker.job import Job, JobEnd
from local.deploy.cloud import Cloud
from pipeline import cron, replica, switch
from pipeline.attempt import Attempt, parse_job_name

STACK = "local"
OTHER = "eu-west-1"
"""The region of the pilot light."""
SCHEDULE = "daily"
DAYS = 4
"""How far back the operator looks: one slot a day."""
FILES = 3
"""Objects that a job writes."""
_REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
_LONGEST_S = 60


class DrillError(Exception):
    """The drill itself cannot go on."""


@dataclass(frozen=True)
class Moment:
    """Something that happened."""

    at: float
    """Seconds since the stacks were deployed."""
    where: str
    """A region, or the operator."""
    what: str
    detail: str


class World:
    """Both stacks, deployed, until `close`. Jobs write a few objects in place of their script."""

    def __init__(self, project: Path, work: Path, tell: Callable[[Moment], None]) -> None:
        """Deploy the local stack with a second region: as first, it, its pilot light, its rules.

        Raises:
            SettingsError: the stack's configuration is refused.
            DeployError: names what could not be deployed.
        """
        self._tell, self._began = tell, time.monotonic()
        self._is_played = False
        self.moments: list[Moment] = []
        self.regions = Regions()
        self.may_end = threading.Event()
        """While it is not set, jobs of the home region do not end."""
        self.may_end.set()
        self.in_mid_job = threading.Event()
        self._ran: list[tuple[Cloud, Attempt]] = []
        namespace = stack_file.project(project)
        recovery = json.dumps({"region": OTHER, "inputs": True})
        keys = {**stack_file.keys(project, STACK), f"{namespace}:recovery": recovery}
        home = File(STACK, namespace, keys)
        self.home = self._cloud(project, work, home.stack, keys)
        self.clouds = [self.home]
        try:
            # S3 takes the rules only when the second region's bucket is there.
            self.home.resources.put_off[_REPLICATION] = []
            self.home.deploy()
            own = {
                "aws:region": OTHER,
                f"{namespace}:recovery": json.dumps({"of": home.stack}),
                f"{namespace}:image": json.dumps({"uri": self.home.exports["image_uri"]}),
            }
            light = File(f"{STACK}-recovery", namespace, own)
            self.other = self._cloud(project, work, light.stack, inheritance.keys(light, home))
            self.clouds.append(self.other)
            self.other.deploy()
            self.home.resources.create_put_off()
            self.home.join(self.other)
        except BaseException:
            self.close()
            raise
        self._is_played, self._began = True, time.monotonic()

    @property
    def now(self) -> float:
        """Seconds since the stacks were deployed."""
        return time.monotonic() - self._began

    def slots(self) -> list[datetime]:
        """Return the slots that the operator looks at, the oldest first."""
        settings = self.home.settings.schedules[SCHEDULE]
        zone, since = ZoneInfo(settings.timezone), datetime.now(UTC) - timedelta(days=DAYS)
        expression, found = cron.parse(settings.expression), list[datetime]()
        while slot := expression.next(found[-1] if found else since, zone):
            if slot > datetime.now(UTC):
                break
            found.append(slot)
        return found[-DAYS:]

    def note(self, where: str, what: str, detail: str = "") -> None:
        """Write something into the timeline, which is of what is played."""
        if not self._is_played:
            return
        moment = Moment(round(self.now, 3), where, what, detail)
        self.moments.append(moment)
        self._tell(moment)

    def deliver(self, cloud: Cloud, slot: datetime) -> None:
        """Let a region's schedule deliver a slot.

        Its input was delivered to the home region, and replicated; while that is cut off, to each.
        """
        together = self.regions.reach(None, self.home.aws.region)
        target = self.home if together else cloud
        place, s3 = target.read_by(SCHEDULE, slot)["input"], target.aws.client("s3")
        if not place.has("data.csv", s3):
            s3.put_object(Bucket=place.bucket, Key=f"{place.key}data.csv", Body=b"1")
            for each in self.clouds:
                each.settle(_LONGEST_S, jobs=False)
        with suppress(ScheduleError):
            cloud.fire(SCHEDULE, slot)

    def settle(self) -> None:
        """Wait until nothing moves any more; what is in mid-job stays so.

        Raises:
            TimeoutError: something still moves.
        """
        for cloud in self.clouds:
            jobs = cloud is not self.home or self.may_end.is_set()
            cloud.settle(_LONGEST_S, jobs=jobs)

    def lose(self) -> None:
        """Cut the home region off: it answers nobody, and its schedules deliver nothing."""
        self.regions.cut_off(self.home.aws.region)
        self.note(self.home.aws.region, "lost", "it does not answer any more")

    def give_back(self) -> None:
        """Undo `lose`; what was pending is replicated, and what was in mid-job ends."""
        self.regions.restore(self.home.aws.region)
        self.note(self.home.aws.region, "back", "it answers again")
        self.may_end.set()
        for cloud in self.clouds:
            cloud.replication.held = False
        self.settle()
        for cloud in self.clouds:
            cloud.replication.work()

    def arrive(self, chosen: Callable[[Operation], bool]) -> None:
        """Let those of the home region's objects come to the other one that are chosen."""
        for operation in list(self.home.replication.pending):
            if chosen(operation):
                self.home.replication.do(operation)

    def look(self, cloud: Cloud, slot: datetime) -> replica.Replica:
        """Return what a region has of a slot."""
        return replica.look(cloud.output_of(SCHEDULE, slot), cloud.aws.client("s3"))

    def jobs(self, slot: datetime) -> list[tuple[str, bool]]:
        """Return of each job of a slot its region, and whether an operator asked for it."""
        found: list[tuple[str, bool]] = []
        for cloud, attempt in [each for each in self._ran if each[1].slot == slot]:
            entry = cloud.journal.entry(attempt)
            found.append((cloud.aws.region, bool(entry and entry.asked_by)))
        return found

    @property
    def runs(self) -> Cloud:
        """The region that runs the schedules, by the newer of the two records."""
        found = [
            switch.read(each.aws.client("dynamodb"), each.exports["journal_table"])
            for each in self.clouds
        ]
        newest = switch.newest(*found, home=self.home.aws.region)
        return next(each for each in self.clouds if each.aws.region == newest.region)

    def close(self) -> None:
        """Stop everything that still runs; the state is gone."""
        self._is_played = False
        self.may_end.set()
        for cloud in self.clouds:
            self.regions.restore(cloud.aws.region)
        for cloud in self.clouds:
            cloud.close()

    def _cloud(self, project: Path, work: Path, stack: str, keys: dict[str, str]) -> Cloud:
        region = keys["aws:region"]
        return Cloud(
            project,
            work / stack,
            stack,
            run_job=self._run_job,
            build=lambda _: "image",
            config=keys,
            on_moment=partial(self.note, region),
            regions=self.regions,
        )

    def _run_job(self, cloud: Cloud, job: Job) -> JobEnd:
        """Write some objects at the end of the job, by its role."""
        job.at("Training")
        if attempt := parse_job_name(cloud.settings.prefix, job.name):
            self._ran.append((cloud, attempt))
        if cloud is self.home and not self.may_end.is_set():
            self.in_mid_job.set()
            self.may_end.wait()
        s3, place = cloud.aws.client_as(cloud.assume_for(job), "s3"), job.spec.outputs[0]
        bucket, _, prefix = place.uri.removeprefix("s3://").partition("/")
        key_id = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": place.key_id}
        for number in range(FILES):
            s3.put_object(
                Bucket=bucket,
                Key=f"{prefix.rstrip('/')}/part-{number}.csv",
                Body=f"{cloud.aws.region} {job.name} {number}".encode(),
                **(key_id if place.key_id else {}),
            )
        return JobEnd("Stopped" if job.stop.is_set() else "Completed")
