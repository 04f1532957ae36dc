"""A stack and its pilot light as their functions and an operator meet them, in one process.

Each region has its launcher, observer, journal, SageMaker and buckets. What one writes is on its
way to the other until a test has it arrive; a region may be lost, and cut off from the other or
from the operator.
"""

import copy
import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from botocore.exceptions import EndpointConnectionError
from moto.s3.models import FakeKey, s3_backends

from launcher.event import parse as launcher_event
from launcher.launch import Launcher
from observer.handler import parse as observer_event
from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.observe import Observer
from pipeline import replica, switch
from pipeline.attempt import Attempt, slot_text
from pipeline.jobs import ACTIVE, Jobs
from pipeline.journal import Journal
from pipeline.prefix import Prefix
from pipeline.switch import Switch, Switches
from tests.any_world import ENDS, AnyWorld
from tests.fake_sagemaker import FakeSageMaker, status_of
from tests.lambda_clients import failure, success
from tests.lambda_world import ACCOUNT, NOW, PREFIX, SETTINGS
from tests.recovery_clients import HOME, OTHER, Served, client, configured, deploy

Json = dict[str, Any]

OPERATOR = "operator"
attempt_of = AnyWorld.attempt_of


class Arrival(NamedTuple):
    """An object on its way to the other region."""

    source: str
    stored: FakeKey


class Regions:
    """Both, and what they share: the time, who calls, and what cannot be reached from where."""

    def __init__(self) -> None:
        Served.regions = self
        self.now = NOW
        self.caller = OPERATOR
        """The region whose function runs now, or the operator."""
        self.lost: set[str] = set()
        """Regions where nothing answers and nothing runs."""
        self.cut: set[frozenset[str]] = set()
        """Pairs that do not see each other, of regions and the operator."""
        self.on_its_way: list[Arrival] = []
        self.wrote: dict[str, dict[str, bytes]] = {}
        """When a job was created, as markers have it -> keys and content of what it wrote."""
        self.told: list[Json] = []
        """On the event bus of the region whose function runs now."""
        self.requests_left: int | None = None
        """Then the operator interrupts the command."""
        shared = {**SETTINGS, "input": {"when_empty": "run"}}
        pilot = {"stack": "test-recovery", "region": OTHER}
        of_home = {"of": "test", "region": HOME}
        self.home = Region(self, {**shared, "recovery": {"region": OTHER}}, OTHER)
        self.other = Region(self, {**shared, **pilot, "recovery": of_home}, HOME)
        self.all = {HOME: self.home, OTHER: self.other}

    def tick(self) -> datetime:
        """Return a time that nothing else has."""
        self.now += timedelta(seconds=1)
        return self.now

    def sees(self, caller: str, region: str) -> bool:
        """Return whether a region answers a region or the operator."""
        return region not in self.lost and frozenset((caller, region)) not in self.cut

    @contextmanager
    def all_seeing(self) -> Generator[None]:
        """Let a test look at everything."""
        hidden = self.lost, self.cut, self.requests_left
        self.lost, self.cut, self.requests_left = set(), set(), None
        try:
            yield
        finally:
            self.lost, self.cut, self.requests_left = hidden

    @contextmanager
    def calling(self, caller: str) -> Generator[None]:
        """Have requests be those of a region's function, or the operator's."""
        before, self.caller = self.caller, caller
        try:
            yield
        finally:
            self.caller = before

    def record(self) -> Switch:
        """Return the newer one of the two records of who runs the schedules."""
        return switch.newest(*(each.record() for each in self.all.values()), home=HOME)

    def arrive(self, number: int) -> None:
        """Let an object come to the other region."""
        source, stored = self.on_its_way.pop(number)
        self.all[self.all[source].other].receive(stored)

    def before_call(self, service: str, region: str, operation: str, params: Json) -> Any:
        """Answer a request in AWS's place, or let it go on to moto."""
        if self.caller == OPERATOR and self.requests_left is not None:
            self.requests_left -= 1
            if self.requests_left < 0:
                raise KeyboardInterrupt
        if not self.sees(self.caller, region):
            raise EndpointConnectionError(endpoint_url=f"https://{service}.{region}.amazonaws.com")
        if service == "lambda":
            answer = self.all[region].launch(json.loads(params["Payload"]))
            return success({"Payload": io.BytesIO(json.dumps(answer).encode())})
        if service == "events":
            self.told += params["Entries"]
            return success({"FailedEntryCount": 0})
        if service != "sagemaker":
            return None
        answer = self.all[region].sagemaker.answer(operation, params)
        return failure(*answer) if isinstance(answer, tuple) else success(answer)


class Region:
    """One of the two stacks, deployed."""

    def __init__(self, regions: Regions, settings: Json, other: str) -> None:
        self._regions, self.name, self.other = regions, settings["region"], other
        found = configured(json.dumps(settings), self.name)
        self.settings, self._launcher_config, self._observer_config = found
        self._bucket = self._launcher_config.output_bucket
        self.sagemaker = FakeSageMaker(regions.tick)
        self.mail: list[Json] = []
        """Events for the observer."""
        self._seen: set[str] = set()
        """Versions of objects that are here, or were."""
        self._owners = (f"{self.name}-{number}" for number in count(1))
        with regions.all_seeing():
            deploy(self._launcher_config, self.name)

    def client(self, service: str) -> Any:
        """Return a client of this region's."""
        return client(service, self.name)

    def place(self, slot: datetime) -> Prefix:
        """Return where a slot's output lies."""
        return self._launcher_config.output_of(Attempt("daily", slot, 1))

    def look(self, slot: datetime) -> replica.Replica:
        """Return what the pipeline says of a slot's output here."""
        with self._regions.all_seeing():
            return replica.look(self.place(slot), self.client("s3"))

    def is_whole(self, slot: datetime) -> bool:
        """Return whether all that some job wrote for a slot is here, and its marker."""
        place = self.place(slot)
        current = {key: versions[-1] for key, versions in self._stored().lists()}
        marker = current.get(place.marker)
        if not isinstance(marker, FakeKey):
            return False
        wrote = self._regions.wrote[json.loads(marker.value)["created"]]
        return all(
            isinstance(found := current.get(key), FakeKey) and found.value == value
            for key, value in wrote.items()
        )

    def has_marker(self, slot: datetime) -> bool:
        """Return whether a slot's marker is here."""
        versions = self._stored().getlist(self.place(slot).marker, [])
        return bool(versions) and isinstance(versions[-1], FakeKey)

    def record(self) -> Switch:
        """Return what the journal here says of who runs the schedules."""
        with self._regions.all_seeing():
            table = self._launcher_config.journal_table
            found = switch.read(self.client("dynamodb"), table)
        return switch.newest(found, home=HOME)

    def jobs_of(self, slot: datetime) -> dict[str, str]:
        """Return the status of each job of a slot, by its name."""
        return {
            name: status_of(job)
            for name, job in self.sagemaker.jobs.items()
            if attempt_of(name).slot == slot
        }

    def launch(self, event: Json) -> Json:
        """Let the launcher have an event."""
        with self._regions.calling(self.name):
            now = self._regions.tick()
            request = launcher_event(event, self._launcher_config.schedules, now)
            answer = self._launcher().launch(request, next(self._owners))
        self.mail += self._notices()
        self.sends()
        return answer

    def observe(self) -> None:
        """Let the observer have all its events, the latest first."""
        while self.mail:
            name = observer_event(self.mail.pop())
            assert name
            with self._regions.calling(self.name):
                self._observer().observe(name, next(self._owners), self._regions.tick())
            self.sends()

    def running(self) -> list[str]:
        """Return the names of the jobs that have not ended."""
        jobs = self.sagemaker.jobs.items()
        return sorted(name for name, job in jobs if status_of(job) in ACTIVE)

    def end(self, name: str, how: str, objects: int) -> None:
        """Let a job end; one that completes has written so many objects."""
        job, attempt = self.sagemaker.jobs[name], attempt_of(name)
        if how == "Completed":
            keys = [f"{self.place(attempt.slot).key}part-{number}" for number in range(objects)]
            created = job["CreationTime"].astimezone(UTC).isoformat()
            wrote = {key: f"{self.name} {created} {key}".encode() for key in keys}
            self._regions.wrote[created] = wrote
            for key, value in wrote.items():
                s3_backends[ACCOUNT]["aws"].put_object(self._bucket, key, value)
        self.sends()
        known = dict(ENDS[how])
        self.mail.append(self.sagemaker.end(name, known.pop("status"), **known))

    def planned(self) -> list[Json]:
        """Take the attempts that the observer has planned; return their events."""
        with self._regions.calling(self.name):
            scheduler = self.client("scheduler")
            found: list[Json] = []
            for each in scheduler.list_schedules(GroupName=PREFIX)["Schedules"]:
                named = {"GroupName": PREFIX, "Name": each["Name"]}
                found.append(json.loads(scheduler.get_schedule(**named)["Target"]["Input"]))
                scheduler.delete_schedule(**named)
            return found

    def sends(self) -> None:
        """Date what is new here, and put objects on their way; delete markers stay."""
        for key, versions in self._stored().lists():
            for stored in versions:
                if stored.version_id in self._seen:
                    continue
                self._seen.add(stored.version_id)
                stored.last_modified = self._regions.tick().replace(tzinfo=None)
                if isinstance(stored, FakeKey) and key.startswith("output/"):
                    self._regions.on_its_way.append(Arrival(self.name, stored))

    def receive(self, stored: FakeKey) -> None:
        """Take an object in, as the current one if none is newer by its time."""
        copied = copy.copy(stored)
        copied.bucket_name = self._bucket
        versions = [*self._stored().getlist(stored.name, []), copied]
        self._stored().setlist(stored.name, sorted(versions, key=lambda each: each.last_modified))
        self._seen.add(stored.version_id)

    def _stored(self) -> Any:
        return s3_backends[ACCOUNT]["aws"].buckets[self._bucket].keys

    def _jobs(self) -> Jobs:
        return Jobs(self.client("sagemaker"), PREFIX, self._launcher_config.job_kinds)

    def _journal(self) -> Journal:
        return Journal(self.client("dynamodb"), self._launcher_config.journal_table)

    def _launcher(self) -> Launcher:
        config, clients = self._launcher_config, (self.client("s3"), self.client("events"))
        return Launcher(config, self._journal(), self._jobs(), *clients, self._switches())

    def _observer(self) -> Observer:
        config, journal = self._observer_config, self._journal()
        scheduler, s3 = self.client("scheduler"), self.client("s3")
        launches = NextLaunches(config, journal, scheduler, lambda: self._regions.now)
        notifier = Notifier(config, journal, self.client("logs"), self.client("sns"))
        return Observer(config, journal, launches, notifier, self._jobs(), s3, self._switches())

    def _switches(self) -> Switches:
        return Switches(
            own=self.client("dynamodb"),
            other=lambda: client("dynamodb", self.other),
            table=self._launcher_config.journal_table,
            home=self._launcher_config.home_region,
        )

    def _notices(self) -> list[Json]:
        told, self._regions.told = self._regions.told, []
        return [
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
                "time": slot_text(self._regions.now),
            }
            for entry in told
        ]
