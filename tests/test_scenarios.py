"""Every class of outcome and every fault, played through the deployed program."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from werkzeug.wrappers import Request, Response

from components.settings import stack_file
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.signature import Keys
from local.deploy.cloud import Cloud
from pipeline.journal_items import attempt_key
from tests.conftest import ROOT
from tests.scenarios import C5, M5, SCENARIOS, T3, Scenario

pytestmark = pytest.mark.local
ZONE = ZoneInfo("Europe/Berlin")
FAILED, GREEN = {"processing-local--daily-failed"}, "local: daily is green again"
NAMES = ("JobsSucceeded", "JobsFailed", "Attempts", "SlotsSkipped")


class Stage:
    """The deployed program, on which one scenario after the other is played."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.ends: list[JobEnd] = []
        self.before_end: Callable[[], object] = lambda: None
        """What a job that runs waits for."""
        self.on_moment: Callable[[str, str], object] = lambda _what, _detail: None
        """Told each entry of the timeline."""
        self.slot = datetime(2026, 1, 1, 3, tzinfo=UTC)

    def run_job(self, cloud: Cloud, job: Job) -> JobEnd:
        job.started()
        self.before_end()
        if self.ends:
            return self.ends.pop(0)
        bucket, _, prefix = job.spec.outputs[0].uri.removeprefix("s3://").partition("/")
        cloud.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}result.txt", Body=b"1")
        return JobEnd("Completed")

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
        self.cloud.fire("daily", self.slot)
        self.cloud.settle()
        self.cloud.tick()
        self.cloud.faults.coming.clear()
        self.cloud.alarms.evaluate(datetime.now(UTC))

    def attempts(self) -> list[tuple[str | None, str | None]]:
        entries = self.cloud.journal.attempts("daily", self.slot)
        assert [entry.number for entry in entries] == list(range(1, len(entries) + 1))
        assert all(entry.concluded_at for entry in entries)
        return [(entry.instance_type, entry.outcome) for entry in entries]

    def jobs(self) -> list[str]:
        """Return the slot's jobs in SageMaker."""
        contained = f"daily-{self.slot:%Y%m%dT%H%M%SZ}-"
        client = self.cloud.aws.client("sagemaker")
        pages = client.get_paginator("list_processing_jobs").paginate(NameContains=contained)
        return [job["ProcessingJobName"] for p in pages for job in p["ProcessingJobSummaries"]]

    def metrics(self) -> dict[str, float]:
        """Return the slot's metrics: the sum of each."""
        found: dict[str, float] = {}
        for point in self.cloud.metrics.points:
            if point.name in NAMES and point.namespace == "SageMakerProcessing":
                assert point.dimensions == {"stack": "local", "schedule": "daily"}
                found[point.name] = found.get(point.name, 0) + point.value
        return found

    def marker(self) -> dict[str, Any] | None:
        key = self.cloud.settings.output.prefix.format(schedule="daily", slot=self.slot)
        s3, bucket = self.cloud.aws.client("s3"), self.cloud.exports["output_bucket"]
        found = s3.list_objects_v2(Bucket=bucket, Prefix=f"{key}_SUCCESS").get("Contents")
        if not found:
            return None
        return json.load(s3.get_object(Bucket=bucket, Key=f"{key}_SUCCESS")["Body"])

    def red(self) -> set[str]:
        states = self.cloud.alarms.states()
        return {alarm["AlarmName"] for alarm in states if alarm["StateValue"] == "ALARM"}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    config = stack_file.keys(ROOT, "local")
    config["sagemaker-processing:retries"] = json.dumps(
        {"fallback_instance_types": [M5, C5], "deadline_seconds": 1000}
    )
    config["sagemaker-processing:limits"] = json.dumps({"max_concurrent_instances": 1})
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
    found = Stage(cloud)
    try:
        cloud.deploy()
        yield found
    finally:
        cloud.close()


@pytest.mark.parametrize("name", SCENARIOS)
def test_scenario(stage: Stage, name: str) -> None:
    scenario, before, red = SCENARIOS[name], len(stage.cloud.messages), stage.red()
    stage.play(scenario)

    assert stage.attempts() == scenario.attempts
    assert stage.metrics() == scenario.metrics
    completes = scenario.attempts[-1][1] == "completed"
    expected = scenario.told or (GREEN if completes and red else None)
    told = [message["subject"] or "" for message in stage.cloud.messages[before:]]
    assert len(told) == (1 if expected else 0), told
    assert all(expected in subject for subject in told if expected)
    # Neither one nor the other, such as a stop by an operator, leaves the alarm as it was.
    assert stage.red() == (FAILED if scenario.red else set() if completes else red)
    marker = stage.marker()
    assert (marker is not None) == completes
    if marker:
        assert marker["attempt"] == len(scenario.attempts)
        assert [each["key"].rpartition("/")[2] for each in marker["objects"]] == ["result.txt"]
        assert marker["job_name"] in stage.jobs()
    assert len(stage.jobs()) == len(set(stage.jobs())) <= len(scenario.attempts)


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

    assert stage.attempts() == [(None, "quota"), (T3, "completed")]
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
    assert stage.attempts() == [(T3, "disk_full")]
    told = [message["subject"] or "" for message in cloud.messages[before:]]
    assert [subject for subject in told if "disk full" in subject] == [
        f"local: daily failed: disk full ({stage.slot.astimezone(ZONE):%a %d %b %Y %H:%M})"
    ]
