"""The program deployed in its own AWS, with jobs that end at once."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.aws.events.scheduler import ScheduleError
from local.aws.sagemaker.job import Job, JobEnd
from local.deploy.cloud import WATCH, Cloud
from tests.conftest import PROJECT, ROOT, stack_keys

MAY_END = threading.Event()
MAY_END.set()


def run_job(cloud: Cloud, job: Job) -> JobEnd:
    job.at("Training")
    MAY_END.wait()
    bucket, _, prefix = job.spec.outputs[0].uri.removeprefix("s3://").partition("/")
    cloud.aws.client("s3").put_object(Bucket=bucket, Key=f"{prefix}result.txt", Body=b"1")
    return JobEnd("Completed")


class Played:
    """A cloud in which every slot is played once."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self._next = datetime(2026, 1, 1, 3, tzinfo=UTC)

    def put_input(self, slot: datetime) -> None:
        key = f"{self.cloud.settings.input.prefix.format(slot=slot)}data.csv"
        bucket = self.cloud.exports["input_bucket"]
        self.cloud.aws.client("s3").put_object(Bucket=bucket, Key=key, Body=b"a")

    def slot(self, *faults: str) -> list[tuple[str | None, str | None]]:
        """Play a slot and return instance type and outcome of its attempts."""
        slot, self._next = self._next, self._next + timedelta(days=1)
        self.cloud.faults.coming[:] = faults
        self.put_input(slot)
        self.cloud.fire("daily", slot)
        self.cloud.settle()
        self.cloud.faults.coming.clear()
        found = self.cloud.journal.attempts("daily", slot)
        return [(entry.instance_type, entry.outcome) for entry in found]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    work = tmp_path_factory.mktemp("cloud")
    cloud = Cloud(ROOT, work, "local", run_job=run_job, build=lambda _: "image")
    try:
        cloud.deploy()
        yield Played(cloud)
    finally:
        cloud.close()


class TestDeployed:
    def test_nobody_is_told_of_alarms_that_become_ok_on_the_first_day(self, played: Played) -> None:
        states = {alarm["StateValue"] for alarm in played.cloud.alarms.states()}
        assert "OK" in states
        assert played.cloud.messages == []
        assert played.cloud.timeline == []

    def test_a_slot_is_played_to_its_end(self, played: Played) -> None:
        assert played.slot() == [("ml.t3.medium", "completed")]
        assert [moment["what"] for moment in played.cloud.timeline][:3] == ["fired", "job", "job"]

    def test_what_is_planned_for_later_happens_before_it_has_settled(self, played: Played) -> None:
        assert [outcome for _, outcome in played.slot("capacity")] == ["capacity", "completed"]
        what = [moment["what"] for moment in played.cloud.timeline]
        assert what.index("planned") < what.index("fired", what.index("planned"))

    def test_a_running_job_can_be_left_running(self, played: Played) -> None:
        slot = datetime(2026, 2, 1, 3, tzinfo=UTC)
        played.put_input(slot)
        MAY_END.clear()
        played.cloud.fire("daily", slot)
        played.cloud.settle(jobs=False)
        jobs = played.cloud.aws.client("sagemaker")
        running = jobs.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"]
        MAY_END.set()
        played.cloud.settle()
        assert len(running) == 1
        assert not jobs.list_processing_jobs(StatusEquals="InProgress")["ProcessingJobSummaries"]

    def test_schedules_fire_when_their_time_comes(self, played: Played) -> None:
        now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        before = len(played.cloud.timeline)
        played.cloud.pass_time(now - timedelta(seconds=1), now + timedelta(seconds=1))
        played.cloud.settle()
        fired = [m["detail"] for m in played.cloud.timeline[before:] if m["what"] == "fired"]
        assert any(detail.startswith(WATCH) for detail in fired)

    def test_an_unknown_schedule_is_named(self, played: Played) -> None:
        with pytest.raises(ScheduleError, match="no schedule weekly"):
            played.cloud.fire("weekly", datetime.now(UTC))


class TestChoices:
    def test_another_configuration_replaces_that_of_the_file(self, tmp_path: Any) -> None:
        config = stack_keys("local")
        retries = {"fallback_instance_types": ["ml.m5.large"]}
        config[f"{PROJECT}:retries"] = json.dumps(retries)
        cloud = Cloud(ROOT, tmp_path, "local", run_job=run_job, build=str, config=config)
        assert cloud.settings.retries.fallback_instance_types == ("ml.m5.large",)
        cloud.aws.stop()
