"""A stack in two regions as operators meet it: moto's tables and buckets, and in each region a
SageMaker, a launcher and an observer that a test scripts. Time passes only in `sleep`.
"""

import io
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError

from components.aws import models
from ops.__main__ import main
from ops.failover import LEAD
from ops.stack import Stack, load
from pipeline import switch
from pipeline.attempt import Attempt, job_name, parse_slot, slot_text
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome, State
from pipeline.switch import Switch
from tests.fake_sagemaker import FakeSageMaker
from tests.ops.clock import NOW, Clock
from tests.ops.pairs import HOME, OTHER

FIRST, LAST = "2026-01-06T03:00:00Z", "2026-01-07T03:00:00Z"
"""The slots of `daily` and `load` in the last two days."""
LINE = f"failover --to {OTHER}"
DONE = Switch(OTHER, 1, NOW + LEAD)

Json = dict[str, Any]
_new_client = cast("Any", boto3).client


class Region:
    """What one region does."""

    def __init__(self, world: "TwoRegions", name: str, stack: Stack) -> None:
        self.world, self.name, self.stack = world, name, stack
        self.sagemaker = FakeSageMaker(lambda: world.now)
        self.started: list[tuple[str, str, int]] = []
        """Schedule, slot and attempt of each job."""
        self.ends: dict[tuple[str, str], Json] = {}
        """Schedule and slot -> what the observer makes of its job; it completes by default."""

    @cached_property
    def journal(self) -> Journal:
        return Journal(_client("dynamodb", self.name), self.stack.table)

    @property
    def s3(self) -> Any:
        return _client("s3", self.name)

    def create(self) -> None:
        key = {"schedule": "HASH", "attempt": "RANGE"}
        _client("dynamodb", self.name).create_table(
            TableName=self.stack.table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in key.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in key],
        )
        bucket = self.stack.output_bucket("daily")
        self.s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": self.name}
        )
        self.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})

    @property
    def switch(self) -> Switch | None:
        return switch.read(_client("dynamodb", self.name), self.stack.table)

    def decide(self, region: str, term: int, since: datetime = NOW - timedelta(days=1)) -> None:
        switch.write(_client("dynamodb", self.name), self.stack.table, Switch(region, term, since))

    def write(self, schedule: str, slot: str, attempt: int = 1, **known: Any) -> None:
        """Let the journal know of an attempt that has ended."""
        of = Attempt(schedule, parse_slot(slot), attempt)
        end: Json = {"concluded_at": self.world.now, "outcome": Outcome.COMPLETED}
        name = job_name(self.stack.prefix, of)
        self.journal.write(Entry.of(of, name, **{"status": "Completed", **end, **known}))

    def attempt(self, schedule: str, slot: str) -> Attempt:
        return Attempt(schedule, parse_slot(slot), 1)

    def stand_by(self, schedule: str, slot: str, **known: Any) -> None:
        """Let the journal have what a launcher writes that skips a slot of the other region's."""
        reason = f"Standby: {HOME} runs the schedules"
        skipped: Json = {"status": State.SKIPPED, "outcome": Outcome.SKIPPED, "reason": reason}
        self.write(schedule, slot, cost_usd=0.0, ended=self.world.now, **{**skipped, **known})

    def attempts(self, schedule: str, slot: str) -> list[Entry]:
        return self.journal.attempts(schedule, parse_slot(slot))

    def outcomes(self, schedule: str, slot: str) -> list[tuple[int, str | None]]:
        return [(each.number, each.outcome) for each in self.attempts(schedule, slot)]

    def put(
        self,
        schedule: str,
        slot: str,
        attempt: int = 1,
        *,
        whole: bool = True,
        versions: bool = True,
    ) -> None:
        """Let a slot's marker be there, with what it lists or without."""
        of = Attempt(schedule, parse_slot(slot), attempt)
        place = self.stack.output_of(of)
        created = self.world.now - timedelta(minutes=5)
        key = f"{place.key}part-1"
        version = self.s3.put_object(Bucket=place.bucket, Key=key, Body=b"x")["VersionId"]
        listed = {"key": key, "size": 1, "etag": "e", "version": version if whole else "other"}
        marker = {
            "job_name": job_name(self.stack.prefix, of),
            "schedule": schedule,
            "slot": slot,
            "attempt": attempt,
            "created": created.isoformat(),
            "ended": self.world.now.isoformat(),
            "object_count": 1,
            "objects": [listed],
            **({"versions_sha256": "0"} if versions else {}),
            "truncated": False,
        }
        self.s3.put_object(Bucket=place.bucket, Key=place.marker, Body=json.dumps(marker).encode())

    def has_marker(self, schedule: str, slot: str) -> bool:
        return self.stack.output_of(Attempt(schedule, parse_slot(slot), 1)).has_marker(self.s3)

    def run(self, schedule: str, slot: str, attempt: int = 1) -> None:
        """Let a job run for ten seconds."""
        of = Attempt(schedule, parse_slot(slot), attempt)
        self.sagemaker.add(job_name(self.stack.prefix, of))
        self.started.append((schedule, slot, attempt))
        self.world.after(10, lambda: self._end(of))

    def _end(self, of: Attempt) -> None:
        slot, name = slot_text(of.slot), job_name(self.stack.prefix, of)
        known = self.ends.get((of.schedule, slot), {})
        self.sagemaker.end(name, known.get("status", "Completed"), ran=False)
        ran = {"created": self.world.now, "started": self.world.now, "ended": self.world.now}
        self.write(of.schedule, slot, of.number, cost_usd=0.5, **ran, **known)
        if not known:
            self.put(of.schedule, slot, of.number)

    def launch(self, event: Json) -> Json:
        """Answer as the launcher does: the first decision stays, and a job's name is taken once."""
        of = Attempt(event["schedule"], parse_slot(event["slot"]), event["attempt"])
        name, entry = job_name(self.stack.prefix, of), self.journal.entry(of)
        answer: Json = {**event, "job_name": name, "status": "InProgress", "reason": None}
        if name in self.sagemaker.jobs:
            return {**answer, "result": "already started"}
        if entry and entry.status:
            return {**answer, "result": "skipped", "status": entry.status}
        self.run(event["schedule"], event["slot"], event["attempt"])
        return {**answer, "result": "started"}


class TwoRegions(Clock):
    """Both regions, what happens when, and what an operator gets to see."""

    longest = timedelta(hours=3)

    def __init__(self, capture: pytest.CaptureFixture[str], project: Path) -> None:
        super().__init__()
        self._capture, self.project = capture, project
        self.silent: dict[str, Exception] = {}
        """Region -> what boto3 raises there."""
        self.errors: dict[tuple[str, str], tuple[str, int]] = {}
        """Region and operation -> code and status of the error that AWS answers."""
        self.calls: list[tuple[str, str]] = []
        """Region and operation of each request of an operator's that may change something."""
        self.before: dict[str, Callable[[], object]] = {}
        """Operation -> what happens before the first such request."""
        self.interrupt_at: int | None = None
        """The index of the call at which somebody presses Ctrl-C."""
        self.configs: dict[tuple[str, str], Any] = {}
        """Service and region -> how the last client was made."""
        _Served.world = self
        self.home = Region(self, HOME, load("prod"))
        self.other = Region(self, OTHER, load("prod-recovery"))
        for each in (self.home, self.other):
            each.create()

    def ops(self, line: str, stack: str = "prod") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        words = [*line.split(), "--stack", stack]
        status = main(words, now=lambda: self.now, sleep=self.sleep)
        out, err = self._capture.readouterr()
        return status, out, err

    def ops_json(self, line: str) -> tuple[int, Any]:
        """Run a command with --json; return its exit status and its document."""
        status, out, _ = self.ops(f"{line} --json")
        return status, json.loads(out)

    def lose(self, region: str) -> None:
        self.silent[region] = EndpointConnectionError(endpoint_url=f"https://{region}")

    def client(self, service: str, region_name: str, **settings: Any) -> Any:
        self.configs[service, region_name] = settings["config"]
        return _client(service, region_name, asks=True)

    def answer(self, service: str, region: str, model: Any, params: Json) -> Any:
        """Answer an operator's request in AWS's place, or let it go on to moto."""
        if region in self.silent:
            raise self.silent[region]
        if model.name in ("Invoke", "UpdateItem", "PutItem"):
            self.calls.append((region, model.name))
            if len(self.calls) - 1 == self.interrupt_at:
                raise KeyboardInterrupt
        if before := self.before.pop(model.name, None):
            before()
        if error := self.errors.get((region, model.name)):
            code, status = error
            said = {"HTTPStatusCode": status}
            answer = {"Error": {"Code": code, "Message": ""}, "ResponseMetadata": said}
            return SimpleNamespace(status_code=status), answer
        there = self.home if region == HOME else self.other
        if service == "lambda":
            body = json.dumps(there.launch(json.loads(params["Payload"]))).encode()
            return _ok(StatusCode=200, Payload=io.BytesIO(body))
        if service == "sagemaker":
            found = there.sagemaker.answer(model.name, params)
            if isinstance(found, tuple):
                error = {"Error": {"Code": found[0], "Message": found[1]}, "ResponseMetadata": {}}
                return SimpleNamespace(status_code=400), error
            return _ok(**found)
        return None


def fill(regions: TwoRegions, *slots: str) -> None:
    """Let slots that home completed be whole in the other region."""
    for slot in slots:
        for schedule in ("daily", "load"):
            regions.home.write(schedule, slot)
            regions.other.put(schedule, slot)


class _Served:
    world: TwoRegions


def operator_client(service: str, **settings: Any) -> Any:
    """Stand in for boto3's."""
    return _Served.world.client(service, **settings)


@cache
def _client(service: str, region: str, *, asks: bool = False) -> Any:
    """Return a client; of an operator who `asks`, requests go through the world of the test."""
    client: Any = _new_client(service, region_name=region)
    if not asks:
        return client
    asked: list[Json] = []

    def check(params: Json, model: Any, **_: object) -> None:
        found = models.violations(models.shape(service, model.name), params)
        assert not found, f"{model.name}: {found}"
        asked.append(params)

    def answer(model: Any, **_: object) -> Any:
        return _Served.world.answer(service, region, model, asked.pop())

    client.meta.events.register("provide-client-params.*.*", check)
    client.meta.events.register("before-call.*.*", answer)
    return client


def _ok(**answer: Any) -> tuple[Any, Json]:
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {}}
