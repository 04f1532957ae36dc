"""The slot of the sample with the real scripts, in this process."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from acceptance.first_account import SECTIONS
from acceptance.first_account.__main__ import ask
from acceptance.first_account.look import Look
from local.run.slot_run import SlotRun
from ops import stack, usage
from pipeline.contract import METRIC_NAMESPACE
from tests.conftest import ROOT
from tests.local.run.slots import (
    NEEDS_THE_ENGINE,
    SLOT,
    daily,
    pipeline,
    red_alarms,
    script_metrics,
)

pytestmark = NEEDS_THE_ENGINE


@pytest.fixture(scope="class")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlotRun, Path]]:
    """The sample's run, on a stack that skips a slot while another one runs.

    Its scripts are given as a person gives a folder.
    """
    directory = tmp_path_factory.mktemp("run") / "left"
    with daily(overlap="Forbid"):
        run = pipeline(directory, script=ROOT / "container" / "scripts")
    try:
        run.play()
        yield run, directory
    finally:
        run.close()


class TestTheSample:
    def test_goes_from_the_schedule_to_parquet(self, sample: tuple[SlotRun, Path]) -> None:
        directory = sample[1]
        report = json.loads((directory / "report.json").read_text("utf-8"))
        assert (report["status"], report["failure_reason"]) == ("Completed", None)
        assert report["job_name"] == "processing-local--daily-20260105T030000Z-1"
        assert (report["slot"], report["schedule"]) == ("2026-01-05T03:00:00Z", "daily")
        assert script_metrics(report) == {"RecordsProcessed": 26115, "ErrorsEncountered": 0}
        assert report["outcome"] == "completed"
        assert [each["outcome"] for each in report["attempts"]] == ["completed"]
        assert report["success_marker"] == "output/daily/2026/01/05/030000/_SUCCESS"
        assert report["messages"] == []
        assert red_alarms(report) == []
        assert report["resources"] > 60
        for output in report["outputs"]:
            file = directory / "s3" / output["bucket"] / output["key"]
            assert file.stat().st_size == output["size"]
        names = {Path(output["key"]).name for output in report["outputs"]}
        assert "summary.json" in names
        assert {f"weather-{a}.csv.parquet" for a in ("EWR", "JFK", "LGA")} <= names

    def test_its_job_is_measured_where_operators_look(self, sample: tuple[SlotRun, Path]) -> None:
        cloud = sample[0].cloud
        [entry] = cloud.journal.attempts("daily", SLOT)
        measured = usage.of_jobs(cloud.aws.client("cloudwatch"), [entry])[entry.job_name]
        assert measured.points > 0
        assert measured.disk_peak > 0
        assert [
            row["value"] for row in sample[0].report.metrics if row["sent_by"] == "sagemaker"
        ] == [measured.cpu_peak, measured.disk_peak, measured.memory_peak]

    def test_leaves_logs_and_a_page(self, sample: tuple[SlotRun, Path]) -> None:
        logs = sample[1] / "logs" / "aws"
        assert list(logs.glob("sagemaker/ProcessingJobs/*/*.log"))
        assert list(logs.glob("lambda/processing-local-launcher/**/*.log"))
        assert list(logs.glob("lambda/processing-local-observer/**/*.log"))
        page = (sample[1] / "report.html").read_text("utf-8")
        assert "processing-local--daily-20260105T030000Z-1" in page

    def test_is_what_the_probes_of_the_first_account_expect(
        self, sample: tuple[SlotRun, Path]
    ) -> None:
        aws, found = sample[0].cloud.aws, stack.load("local")
        found.client = aws.client
        vars(found)["_local"] = {"endpoint_url": aws.url}
        look = Look(found, partial(ask, found), lambda: datetime.now(UTC))
        probes = [probe for section in SECTIONS for probe in section.probes]
        answers = {probe.name: probe.answer(look).verdict for probe in probes}
        assert {name for name, verdict in answers.items() if verdict == "confirmed"} == {
            *("trust-of-schedules", "time-zones", "completes", "metrics-of-lines"),
            *("double-slash", "age-of-outputs"),
        }
        assert "otherwise" not in answers.values()

    def test_sends_every_metric_that_dashboard_and_alarms_name(
        self, sample: tuple[SlotRun, Path]
    ) -> None:
        """A metric that nobody sends makes an empty graph, and an alarm that is never red."""
        cloud = sample[0].cloud
        for day in (1, 2):  # the second is skipped, since the first has not ended
            slot = SLOT + timedelta(minutes=day)
            cloud.fire("daily", slot)
            cloud.settle(jobs=False)
        cloud.settle()
        cloud.tick()
        sent = {
            (point.name, *sorted(point.dimensions.items()))
            for point in cloud.metrics.points
            if point.namespace == METRIC_NAMESPACE
        }
        client = cloud.aws.client("cloudwatch")
        [dashboard] = client.list_dashboards()["DashboardEntries"]
        found = client.get_dashboard(DashboardName=dashboard.get("DashboardName", ""))
        shown = {
            (entry[1], *sorted(zip(entry[2:-1:2], entry[3:-1:2], strict=True)))
            for widget in json.loads(found["DashboardBody"])["widgets"]
            for entry in widget["properties"].get("metrics", [])
            if entry[0] == METRIC_NAMESPACE
        }
        watched = {
            (alarm["MetricName"], *sorted((d["Name"], d["Value"]) for d in alarm["Dimensions"]))
            for alarm in cloud.resources.alarms.values()
            if alarm["Namespace"] == METRIC_NAMESPACE
        }
        played = {each for each in shown | watched if ("schedule", "daily") in each}
        assert len(played & shown) >= 10
        assert len(played & watched) == 3
        assert played <= sent
