"""A deployed stack as its two functions meet it, in one process and without waiting.

DynamoDB, S3, SNS, logs and EventBridge Scheduler are moto's; SageMaker is a table of jobs here, and
time is a number that a test moves. Every request is checked by AWS's own model, and any call can be
made to fail or to be the last that an invocation makes.
"""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from components import function_config
from components.settings import Settings
from launcher.event import parse as launcher_event
from launcher.launch import Launcher
from local.aws.sagemaker.job import Kind
from observer.handler import parse as observer_event
from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.observe import Observer
from observer.watch import Reconciler
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import FILE, LauncherConfig, ObserverConfig
from pipeline.jobs import Jobs
from pipeline.journal import Journal
from pipeline.journal_items import health_key, value
from pipeline.switch import Switches
from tests.fake_sagemaker import FakeSageMaker
from tests.lambda_clients import REGION, Served, client, failure, success

Json = dict[str, Any]

ACCOUNT = "123456789012"
PREFIX = "processing-test"
NOW = datetime(2026, 1, 5, 2, 0, 30, tzinfo=UTC)
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
ATTEMPT = Attempt("daily", SLOT, 1)
NAME = job_name(PREFIX, ATTEMPT)

ENVIRONMENT = {
    "JOB_ROLE_ARN": "arn:aws:iam::123456789012:role/job-role-0a1b2c3",
    "IMAGE_URI": f"123456789012.dkr.ecr.{REGION}.amazonaws.com/p@sha256:{'ab' * 32}",
    "INPUT_BUCKET": "in-bucket",
    "OUTPUT_BUCKET": "out-bucket",
    "KMS_KEY_ARN": f"arn:aws:kms:{REGION}:123456789012:key/1234abcd",
    "JOURNAL_TABLE": f"{PREFIX}-journal",
    "TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:{PREFIX}-alerts",
    "SCHEDULE_GROUP": PREFIX,
    "SCHEDULE_FAILURES_ARN": f"arn:aws:sqs:{REGION}:123456789012:schedule-failures",
    "LAUNCHER_ARN": f"arn:aws:lambda:{REGION}:123456789012:function:{PREFIX}-launcher",
    "RETRY_ROLE_ARN": "arn:aws:iam::123456789012:role/schedule-role",
    "AWS_REGION": REGION,
}
SETTINGS: Json = {
    "project": "processing",
    "stack": "test",
    "region": REGION,
    "prefix": PREFIX,
    "schedules": {"daily": {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin"}},
    "job": {"instance_type": "ml.m5.large", "volume_gb": 10, "max_runtime_seconds": 3600},
    "retries": {"fallback_instance_types": ["ml.m6i.large", "ml.c5.xlarge"]},
    # The jobs here write nothing, unless a test says so.
    "output": {"when_empty": "allow"},
}
RATE_1H: Json = {"hourly": {"expression": "rate(1 hour)", "timezone": "UTC"}}


def set_last_modified(bucket: str, key: str, at: datetime) -> None:
    """Let an object be as old as that; moto's own have the real time."""
    stored: Any = s3_backends[ACCOUNT]["aws"].buckets[bucket].keys[key]
    stored.last_modified = at.replace(tzinfo=None)


@cache
def _configured(text: str) -> tuple[Settings, LauncherConfig, ObserverConfig]:
    settings = Settings.model_validate_json(text)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        document = function_config.document(settings)
        (directory / FILE).write_text(json.dumps(document), "utf-8")
        launcher = LauncherConfig.load(directory, ENVIRONMENT)
        return settings, launcher, ObserverConfig.load(directory, ENVIRONMENT)


class CrashError(Exception):
    """The invocation ends here, whatever it was about to do."""


class World:
    """What is there, and what each request was."""

    def __init__(self, capture: pytest.CaptureFixture[str], **settings: Any) -> None:
        Served.world = self
        self._capture = capture
        self.now = NOW
        self.sagemaker = FakeSageMaker(lambda: self.now)
        self.requests: list[tuple[str, Json]] = []
        """Operation and parameters, in their order."""
        self.errors: dict[str, list[tuple[str, str]]] = {}
        """Operation -> codes and messages of the errors that it answers next."""
        self.answers: dict[str, Json] = {}
        """Operation -> what it answers instead."""
        self.crash_before: int | str | None = None
        """Index or operation of the request that is not made any more."""
        self.crash_after: int | str | None = None
        """Index or operation of the request whose answer does not arrive."""
        self.lost_regions: set[str] = set()
        """Those that do not answer."""
        self.changed: dict[str, datetime] = {}
        """Schedule -> when it was last changed."""
        self._owners = (f"request-{number}" for number in count(1))
        self._metrics: list[Json] = []
        self._messages: list[tuple[str, str]] = []
        self._delivered = 0
        self.configure(**settings)
        self._deploy()

    def configure(self, **settings: Any) -> None:
        """Take other settings into use."""
        text = json.dumps({**SETTINGS, **settings})
        self.settings, self.launcher_config, self.observer_config = _configured(text)

    def client(self, service: str, region: str = REGION) -> Any:
        """Return a client of this world."""
        return client(service, region)

    @property
    def journal(self) -> Journal:
        return Journal(self.client("dynamodb"), ENVIRONMENT["JOURNAL_TABLE"])

    def failing_since(self) -> datetime | None:
        """Return the first slot of `daily` that failed since its last success, or None."""
        item = self.client("dynamodb").get_item(
            TableName=ENVIRONMENT["JOURNAL_TABLE"], Key=health_key("daily"), ConsistentRead=True
        )
        return value(item.get("Item", {}), "failing_since")

    @property
    def launcher(self) -> Launcher:
        config, clients = self.launcher_config, (self.client("s3"), self.client("events"))
        jobs = Jobs(self.client("sagemaker"), config.prefix, config.job_kinds)
        return Launcher(config, self.journal, jobs, *clients, self.switches)

    @property
    def switches(self) -> Switches | None:
        """The records of both regions, if there are two."""
        config, own = self.launcher_config, self.client("dynamodb")
        if not config.recovery_region:
            return None
        other = self.client("dynamodb", config.recovery_region)
        return Switches(own, lambda: other, config.journal_table, config.home_region)

    @property
    def observer(self) -> Observer:
        config, journal = self.observer_config, self.journal
        return Observer(
            config=config,
            journal=journal,
            launches=NextLaunches(config, journal, self.client("scheduler"), lambda: self.now),
            notifier=Notifier(config, journal, self.client("logs"), self.client("sns")),
            jobs=Jobs(self.client("sagemaker"), config.prefix, config.job_kinds),
            s3=self.client("s3"),
            switches=self.switches,
        )

    def launch(
        self,
        attempt: Attempt = ATTEMPT,
        trigger: str = "schedule",
        *,
        event: Json | None = None,
        owner: str | None = None,
    ) -> Json:
        """Let the launcher have an event; one of a run comes when the run's time has come."""
        if event is None:
            self.now = max(self.now, attempt.slot)
        own = {
            "schedule": attempt.schedule,
            "slot": slot_text(attempt.slot),
            "attempt": attempt.number,
        }
        event = event or {**own, "trigger": trigger}
        request = launcher_event(event, self.launcher_config.schedules, self.now)
        return self.launcher.launch(request, owner or next(self._owners))

    def observe(self, event: Json, owner: str | None = None) -> str:
        """Let the observer have an event; `owner` is the invocation's id, a new one by default."""
        name = observer_event(event)
        assert name
        return self.observer.observe(name, owner or next(self._owners), self.now)

    def reconcile(self, owner: str | None = None) -> dict[str, str]:
        """Let the watch have its turn."""
        owner = owner or next(self._owners)
        return Reconciler(self.observer, owner, self.now).run()

    def run(
        self,
        attempt: Attempt = ATTEMPT,
        status: str = "Completed",
        kind: Kind = "Processing",
        **known: Any,
    ) -> Json:
        """Let an attempt's job run for ten minutes; return the event of its end."""
        self.sagemaker.add(job_name(PREFIX, attempt), kind=kind)
        self.now += timedelta(minutes=11)
        return self.sagemaker.end(job_name(PREFIX, attempt), status, **known)

    def fail(
        self, attempt: Attempt = ATTEMPT, reason: str = "AlgorithmError: , exit code: 1"
    ) -> Json:
        """Let an attempt's job fail; return the event of its end."""
        return self.run(attempt, "Failed", FailureReason=reason)

    def notices(self) -> list[Json]:
        """Return what the launcher has told on the event bus since the last time."""
        entries = [entry for params in self.asked("PutEvents") for entry in params["Entries"]]
        new, self._delivered = entries[self._delivered :], len(entries)
        return [
            {
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "detail": json.loads(entry["Detail"]),
                "time": slot_text(self.now),
            }
            for entry in new
        ]

    def deliver(self) -> list[str]:
        """Let the observer have the launcher's notices."""
        return [self.observe(notice) for notice in self.notices()]

    def planned(self) -> dict[str, datetime]:
        """Return job name -> time of each one-time schedule there is."""
        client = self.client("scheduler")
        listed = client.list_schedules(GroupName=PREFIX, NamePrefix=f"{PREFIX}--")["Schedules"]
        found = [client.get_schedule(GroupName=PREFIX, Name=each["Name"]) for each in listed]
        return {
            each["Name"]: datetime.strptime(
                each["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)"
            ).replace(tzinfo=UTC)
            for each in found
        }

    def fire(self, name: str | None = None) -> Json:
        """Let a one-time schedule's time come, the only one's by default; return the answer."""
        planned, client = self.planned(), self.client("scheduler")
        [name] = [name] if name else planned
        event = client.get_schedule(GroupName=PREFIX, Name=name)["Target"]["Input"]
        client.delete_schedule(GroupName=PREFIX, Name=name)
        self.now = max(self.now, planned[name])
        return self.launch(event=json.loads(event))

    def asked(self, operation: str) -> list[Json]:
        """Return the parameters of each request of an operation."""
        return [params for name, params in self.requests if name == operation]

    def messages(self) -> list[tuple[str, str]]:
        """Return subject and text of all that SNS delivered."""
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName="subscriber")["QueueUrl"]
        while found := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                body = json.loads(message["Body"])
                self._messages.append((body["Subject"], body["Message"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return self._messages

    def metrics(self) -> list[Json]:
        """Return each metric line that was printed: name -> value, and the dimensions."""
        lines = self._capture.readouterr().out.splitlines()
        for document in map(json.loads, lines):
            if "_aws" in document:
                (directive,) = document.pop("_aws")["CloudWatchMetrics"]
                assert directive["Dimensions"] == [["stack", "schedule"]]
                assert document.pop("stack") == "test"
                names = {each["Name"] for each in directive["Metrics"]}
                self._metrics.append({"schedule": document["schedule"]})
                self._metrics[-1] |= {name: document[name][0] for name in names}
        return self._metrics

    def upload(self, key: str = "input/2026/01/05/a.csv", body: bytes = b"1,2\n") -> None:
        """Put an object into the input bucket."""
        s3_backends[ACCOUNT]["aws"].put_object("in-bucket", key, body)

    def write(self, key: str, body: bytes = b"x") -> None:
        """Put an object into the output bucket, at this world's time."""
        s3_backends[ACCOUNT]["aws"].put_object("out-bucket", key, body)
        set_last_modified("out-bucket", key, self.now)

    def output(self) -> list[str]:
        """Return the keys of the output bucket."""
        listed = self.client("s3").list_objects_v2(Bucket="out-bucket")
        return [item["Key"] for item in listed.get("Contents", [])]

    def marker(self, attempt: Attempt = ATTEMPT) -> Json:
        """Return a slot's success marker."""
        key = f"output/{attempt.schedule}/{attempt.slot:%Y/%m/%d/%H%M%S}/_SUCCESS"
        return json.load(self.client("s3").get_object(Bucket="out-bucket", Key=key)["Body"])

    def schedule(self, name: str = "daily", **known: Any) -> None:
        """Deploy one of the stack's schedules, changed a month ago."""
        settings = self.settings.schedules[name]
        self.changed[name] = known.pop("changed", NOW - timedelta(days=30))
        target = {"Arn": ENVIRONMENT["LAUNCHER_ARN"], "RoleArn": ENVIRONMENT["RETRY_ROLE_ARN"]}
        self.client("scheduler").create_schedule(
            GroupName=PREFIX,
            Name=name,
            ScheduleExpression=settings.expression,
            ScheduleExpressionTimezone=settings.timezone,
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=target,
            **known,
        )

    def before_call(self, service: str, operation: str) -> tuple[Any, Json] | None:
        """Answer a request in AWS's place, or let it go on to moto."""
        if self.crash_before in (operation, len(self.requests) - 1):
            self.crash_before = None
            raise CrashError(operation)
        if self.errors.get(operation):
            return failure(*self.errors[operation].pop(0))
        if operation in self.answers:
            return success(self.answers[operation])
        if service != "sagemaker":
            return None
        answer = self.sagemaker.answer(operation, self.requests[-1][1])
        return failure(*answer) if isinstance(answer, tuple) else success(answer)

    def after_call(self, operation: str, answer: Json) -> None:
        """Change an answer, or lose it."""
        if self.crash_after in (operation, len(self.requests) - 1):
            self.crash_after = None
            raise CrashError(operation)
        if operation == "GetSchedule" and answer.get("Name") in self.changed:
            answer["LastModificationDate"] = self.changed[answer["Name"]]

    def make_journal(self, region: str = REGION) -> None:
        """Make the empty table of a region."""
        key = {"schedule": "HASH", "attempt": "RANGE"}
        self.client("dynamodb", region).create_table(
            TableName=ENVIRONMENT["JOURNAL_TABLE"],
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in key.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in key],
        )

    def _deploy(self) -> None:
        self.make_journal()
        # The rest as moto makes it itself, for which requests take ten times as long.
        for bucket in ("in-bucket", "out-bucket"):
            s3_backends[ACCOUNT]["aws"].create_bucket(bucket, REGION)
        scheduler_backends[ACCOUNT][REGION].create_schedule_group(PREFIX, [])
        topic = sns_backends[ACCOUNT][REGION].create_topic(f"{PREFIX}-alerts")
        queue = sqs_backends[ACCOUNT][REGION].create_queue("subscriber")
        sns_backends[ACCOUNT][REGION].subscribe(topic.arn, queue.queue_arn, "sqs")
        self.upload()
        self.requests.clear()
