"""Every class of outcome and every fault, played through the deployed program."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from unittest.mock import Mock
from zoneinfo import ZoneInfo

import pytest
from werkzeug.wrappers import Request, Response

from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.runner import JobRunner
from local.aws.signature import Keys
from local.deploy.cloud import Cloud
from local.engines import ContainerRun
from pipeline.jobs import Jobs
from pipeline.journal_items import Entry, attempt_key
from tests.conftest import PROJECT, ROOT, stack_keys
from tests.scenarios import C5, M5, SCENARIOS, SPOT, T3, Scenario

pytestmark = pytest.mark.local
ZONE = ZoneInfo("Europe/Berlin")
SCHEDULES = {
    "daily": {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"},
    "cheap": {
        "expression": "cron(0 4 * * ? *)",
        "timezone": "Europe/Berlin",
        "job": {"capacity": "spot", "instance_type": SPOT},
        "retries": {"fallback_instance_types": [C5]},
    },
}
NAMES = ("JobsSucceeded", "JobsFailed", "Attempts", "SlotsSkipped")


class Stage:
    """The deployed program, on which one scenario after the other is played."""

    def __init__(self, cloud: Cloud, work: Path) -> None:
        self.cloud, self._work = cloud, work
        self.ends: list[JobEnd] = []
        self.before_end: Callable[[], object] = lambda: None
        """What a job that runs waits for."""
        self.on_moment: Callable[[str, str], object] = lambda _what, _detail: None
        """Told each entry of the timeline."""
        self.slot = datetime(2026, 1, 1, 3, tzinfo=UTC)

    def run_job(self, cloud: Cloud, job: Job) -> JobEnd:
        job.at("Training")
        self.before_end()
        if self.ends:
            return self.ends.pop(0)
        if job.kind == "Training":
            return self._run_on_spot(cloud, job)
        bucket, _, prefix = job.spec.outputs[0].uri.removeprefix("s3://").partition("/")
        cloud.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}result.txt", Body=b"1")
        return JobEnd("Completed")

    def _run_on_spot(self, cloud: Cloud, job: Job) -> JobEnd:
        """Run it as it is run, but with a script that is here."""
        runner = JobRunner(
            client=lambda service: cloud.aws.client_as(cloud.assume_for(job), service),
            engine=Mock(run=_resume),
            images=cloud.resources.images,
            workspace=self._work,
        )
        return runner(job)

    def play(self, scenario: Scenario) -> None:
        """Play a slot of its own, with the watch behind it, and evaluate the alarms."""
        self.slot += timedelta(days=1)
        self.cloud.metrics.points.clear()
        self.ends[:] = scenario.ends
        self.cloud.faults.coming[:] = scenario.faults
        if scenario.has_input:
            key = f"{self.cloud.settings.input.prefix.format(slot=self.slot)}data.csv"
            bucket = self.cloud.exports["input_bucket"]
            self.cloud.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")
        self.cloud.fire(scenario.schedule, self.slot)
        self.cloud.settle()
        self.cloud.tick()
        self.cloud.faults.coming.clear()
        self.cloud.alarms.evaluate(datetime.now(UTC))

    def attempts(self, schedule: str = "daily") -> list[Entry]:
        entries = self.cloud.journal.attempts(schedule, self.slot)
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert all(entry.concluded_at for entry in entries)
        return entries

    def jobs(self, schedule: str = "daily") -> list[str]:
        """Return the slot's jobs in SageMaker."""
        client = self.cloud.aws.client("sagemaker")
        jobs = Jobs(client, self.cloud.settings.prefix, self.cloud.settings.job_kinds)
        return [job.name for _, job in jobs.listed(schedule, self.slot)]

    def metrics(self, schedule: str) -> dict[str, float]:
        """Return the slot's metrics: the sum of each."""
        found: dict[str, float] = {}
        for point in self.cloud.metrics.points:
            if point.name in NAMES and point.namespace == "SageMakerProcessing":
                assert point.dimensions == {"stack": "local", "schedule": schedule}
                found[point.name] = found.get(point.name, 0) + point.value
        return found

    def marker(self, schedule: str) -> dict[str, Any] | None:
        key = self.cloud.settings.output.prefix.format(schedule=schedule, slot=self.slot)
        return json.loads(self.objects(f"{key}_SUCCESS").get(f"{key}_SUCCESS", "null"))

    def objects(self, prefix: str) -> dict[str, bytes]:
        """Return what the output bucket holds below a prefix, by key."""
        s3, bucket = self.cloud.aws.client("s3"), self.cloud.exports["output_bucket"]
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
        keys = [each["Key"] for each in found]
        return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}

    def red(self) -> set[str]:
        states = self.cloud.alarms.states()
        return {alarm["AlarmName"] for alarm in states if alarm["StateValue"] == "ALARM"}


def _resume(_image: str, spec: ContainerRun, on_line: Callable[[str], None], stop: Event) -> int:
    """Write a result that tells whether an earlier start had left a checkpoint, and leave one."""
    on_line("starts")
    if stop.is_set():
        return 143
    kept = spec.ml / "checkpoints" / "part"
    start = spec.ml / "model" / f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    (start / "output").mkdir(parents=True)
    (start / "message").touch()
    (start / "output" / "result.txt").write_text("resumed" if kept.exists() else "whole")
    kept.touch()
    return 0


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    config = stack_keys("local")
    config[f"{PROJECT}:retries"] = json.dumps(
        {"fallback_instance_types": [M5, C5], "deadline_seconds": 1000}
    )
    config[f"{PROJECT}:schedules"] = json.dumps(SCHEDULES)
    config[f"{PROJECT}:limits"] = json.dumps({"max_concurrent_instances": 1})
    work = tmp_path_factory.mktemp("stage")
    found: Stage

    def run_job(cloud: Cloud, job: Job) -> JobEnd:
        return found.run_job(cloud, job)

    def on_moment(what: str, detail: str) -> None:
        found.on_moment(what, detail)

    cloud = Cloud(
        *(ROOT, work, "local"),
        run_job=run_job,
        build=lambda _: "image",
        config=config,
        on_moment=on_moment,
    )
    found = Stage(cloud, work / "jobs")
    try:
        cloud.deploy()
        yield found
    finally:
        cloud.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(stage: Stage, name: str) -> None:
    scenario, before = SCENARIOS[name], len(stage.cloud.messages)
    schedule, alarm = scenario.schedule, f"processing-local--{scenario.schedule}-failed"
    others, red = stage.red() - {alarm}, alarm in stage.red()
    stage.play(scenario)

    attempts = stage.attempts(schedule)
    assert [(entry.instance_type, entry.outcome) for entry in attempts] == scenario.attempts
    of_spot = [entry.capacity == "spot" for entry in attempts]
    assert of_spot == [number < scenario.on_spot for number in range(len(attempts))]
    assert stage.metrics(schedule) == scenario.metrics
    completes = scenario.attempts[-1][1] == "completed"
    green = f"local: {schedule} is green again"
    expected = scenario.told or (green if completes and red else None)
    told = [message["subject"] or "" for message in stage.cloud.messages[before:]]
    assert len(told) == (1 if expected else 0), told
    assert all(expected in subject for subject in told if expected)
    # Neither one nor the other, such as a stop by an operator, leaves the alarm as it was.
    is_red = scenario.red or (red and not completes)
    assert stage.red() == others | ({alarm} if is_red else set())
    marker = stage.marker(schedule)
    assert (marker is not None) == completes
    if marker:
        assert marker["attempt"] == len(scenario.attempts)
        assert marker["job_name"] in stage.jobs(schedule)
        [written] = marker["objects"]
        assert written["key"].rpartition("/")[2] == "result.txt"
        resumes = {"spot-reclaimed-after-checkpoint", "spot-reclaimed-during-upload"}
        is_resumed = stage.objects(written["key"])[written["key"]] == b"resumed"
        assert is_resumed == bool(resumes & {*scenario.faults})
    assert not stage.objects("_spot/"), "nobody needs it after the slot's end"
    jobs = stage.jobs(schedule)
    assert len(jobs) == len(set(jobs)) <= len(scenario.attempts)


def test_a_run_beyond_the_stacks_own_limit_waits_like_for_a_quota(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud = stage.cloud
    stage.play(SCENARIOS["completed"])
    before = len(cloud.messages)
    running, planned = threading.Event(), threading.Event()

    def wait() -> None:
        running.set()
        assert planned.wait(30)

    def notice(what: str, detail: str) -> None:
        if what == "planned" and f"-{second:%Y%m%dT%H%M%SZ}-2" in detail:
            planned.set()

    first, second = (stage.slot + timedelta(days=days) for days in (1, 2))
    stage.slot = second
    for slot in (first, second):
        key = f"{cloud.settings.input.prefix.format(slot=slot)}data.csv"
        bucket = cloud.exports["input_bucket"]
        cloud.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")
    monkeypatch.setattr(stage, "before_end", wait)
    monkeypatch.setattr(stage, "on_moment", notice)
    cloud.fire("daily", first)
    assert running.wait(30)
    cloud.fire("daily", second)
    cloud.settle()

    attempts = [(entry.instance_type, entry.outcome) for entry in stage.attempts()]
    assert attempts == [(None, "quota"), (T3, "completed")]
    refused = cloud.journal.attempts("daily", second)[0]
    assert (refused.reason or "").startswith(
        "InstanceLimit: the stack's own limits.max_concurrent_instances is 1, its other jobs have 1"
    )
    assert [each.outcome for each in cloud.journal.attempts("daily", first)] == ["completed"]
    assert len(cloud.messages) == before


class BrokenTopic:
    """SNS takes nothing from the observer."""

    def __init__(self, alarms: Keys) -> None:
        self._alarms = alarms

    def answer(self, request: Request) -> Response | None:
        by_alarms = self._alarms.access_key in request.headers["Authorization"]
        if by_alarms or b"Action=Publish" not in request.get_data():
            return None
        error = "<Error><Code>InternalError</Code><Message>no</Message></Error>"
        return Response(f"<ErrorResponse>{error}</ErrorResponse>", 500, content_type="text/xml")


def test_nothing_is_lost_while_the_observer_cannot_tell(stage: Stage) -> None:
    cloud, before = stage.cloud, len(stage.cloud.messages)
    cloud.aws.services["sns"] = BrokenTopic(cloud.aws.administrator).answer
    stage.play(SCENARIOS["disk full"])
    cloud.aws.services["sns"] = cloud.topics.answer
    cloud.alarms.evaluate(datetime.now(UTC))

    assert [entry.outcome for entry in cloud.journal.attempts("daily", stage.slot)] == [None]
    sqs = cloud.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="processing-local-observer-failures")["QueueUrl"]
    [kept] = sqs.receive_message(QueueUrl=url)["Messages"]
    event = json.loads(kept["Body"])["requestPayload"]
    assert event["detail"]["ProcessingJobName"] == stage.jobs()[0]
    assert {
        "processing-local--observer-errors",
        "processing-local--observer-failures",
    } <= stage.red()

    # Time passes: the claim of the invocation that died runs out, and the watch looks again.
    [entry] = cloud.journal.attempts("daily", stage.slot)
    cloud.aws.client("dynamodb").update_item(
        TableName=cloud.exports["journal_table"],
        Key=attempt_key(entry.attempt),
        UpdateExpression="REMOVE claimed_until",
    )
    description = cloud.aws.client("sagemaker").describe_processing_job(
        ProcessingJobName=entry.job_name
    )
    cloud.sagemaker.age(description["ProcessingJobArn"], 600)
    cloud.tick()
    assert [entry.outcome for entry in stage.attempts()] == ["disk_full"]
    told = [message["subject"] or "" for message in cloud.messages[before:]]
    assert [subject for subject in told if "disk full" in subject] == [
        f"local: daily failed: disk full ({stage.slot.astimezone(ZONE):%a %d %b %Y %H:%M})"
    ]
