"""One slot with the real script, in this process."""

import json
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from acceptance.first_account import SECTIONS
from acceptance.first_account.__main__ import ask
from acceptance.first_account.look import Look
from components.settings import stack_file
from local.engines.process import ProcessEngine
from local.run.display import Display
from local.run.slot_run import Options, RunError, SlotRun
from ops import stack, usage
from pipeline.contract import METRIC_NAMESPACE
from tests.conftest import PROJECT, ROOT, stack_keys

pytestmark = pytest.mark.skipif(
    ProcessEngine(Path()).available() is not None,
    reason="no namespaces on this machine for the process engine",
)

SAMPLE = ROOT / "local" / "sample"
SLOT = datetime(2026, 1, 5, 3, tzinfo=UTC)
SCHEDULES = f"{PROJECT}:schedules"


def pipeline(directory: Path, **options: Any) -> SlotRun:
    options = {"input": SAMPLE, "slot": SLOT, "engine": "process", **options}
    chosen = Options(**options)
    return SlotRun(ROOT, directory, chosen, Display(Console(highlight=False)))


def played(directory: Path, **options: Any) -> dict[str, Any]:
    """Return the report of a run."""
    run = pipeline(directory, **options)
    try:
        run.play()
    finally:
        run.close()
    return json.loads((directory / "report.json").read_text("utf-8"))


@contextmanager
def daily(follower: dict[str, Any] | None = None, **changes: object) -> Generator[None]:
    """Change the settings of the stack's schedule, and give it a follower that sets that itself."""
    keys = stack_keys("local")
    schedules = json.loads(keys[SCHEDULES])
    schedules["daily"] |= changes
    if follower:
        schedules["follower"] = {**schedules["daily"], **follower}
    keys[SCHEDULES] = json.dumps(schedules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_file, "keys", Mock(return_value=keys))
        yield


def red_alarms(report: dict[str, Any]) -> list[str]:
    return [alarm["name"] for alarm in report["alarms"] if alarm["state"] == "ALARM"]


def script_metrics(report: dict[str, Any]) -> dict[str, float]:
    return {
        each["name"]: each["value"] for each in report["metrics"] if each["sent_by"] == "script"
    }


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


WANTS_A_NETWORK = {
    SLOT + timedelta(days=1): ("curl -sS https://example.com", "resolve host"),
    SLOT + timedelta(days=2): (
        "python3 -c 'import boto3; boto3.client(\"s3\").list_buckets()'",
        "credentials",
    ),
}
"""Slot -> what the script calls in it, and what it hears."""


def failing_script() -> str:
    """Return a script that wants a network in the slots above, and in any other has no rows.

    What it has no rows for is told by its reference data.
    """
    calls = "".join(
        f"  {slot:%Y-%m-%dT%H:%M:%SZ}) {call}; exit ;;\n"
        for slot, (call, _) in WANTS_A_NETWORK.items()
    )
    rows = 'send_metric M 3 Count\necho "no rows for $(cat "$REFERENCE_PATH/name")" >&2\nexit 7\n'
    return f'set -e\ncase "$SLOT" in\n{calls}esac\n{rows}'


@pytest.fixture(scope="class")
def failed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SlotRun, Any]]:
    """The run and its report; its stack is there for more slots."""
    directory = tmp_path_factory.mktemp("fails")
    script = directory / "my.sh"
    script.write_text(failing_script())
    reference = directory / "reference"
    reference.mkdir()
    (reference / "name").write_text("today")
    with daily(reference={"prefix": "names/{slot:%Y}/"}):
        run = pipeline(directory / "left", script=script, reference=reference)
    try:
        run.play()
        yield run, json.loads((directory / "left" / "report.json").read_text("utf-8"))
    finally:
        run.close()


class TestAScriptThatFails:
    def test_ends_as_failed_with_its_own_reason_and_one_message(
        self, failed: tuple[SlotRun, Any]
    ) -> None:
        report = failed[1]
        assert (report["status"], report["outcome"]) == ("Failed", "script_failed")
        assert report["success_marker"] is None
        assert "no rows for today" in report["exit_message"]
        assert "7" in report["failure_reason"]
        assert report["outputs"] == []
        assert script_metrics(report) == {"M": 3}
        [message] = report["messages"]
        assert "no rows for today" in message["body"]
        assert red_alarms(report) == ["processing-local--daily-failed"]

    @pytest.mark.parametrize("slot", WANTS_A_NETWORK)
    def test_for_want_of_a_network_is_told_so_with_the_setting_that_opens_it(
        self, failed: tuple[SlotRun, Any], slot: datetime
    ) -> None:
        """The stack's network mode is isolated: what it would meet on AWS it meets here."""
        cloud = failed[0].cloud
        before = len(cloud.messages)
        s3, bucket = cloud.aws.client("s3"), cloud.exports["input_bucket"]
        key = f"{cloud.settings.input.prefix.format(slot=slot)}data.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=b"a")
        cloud.fire("daily", slot)
        cloud.settle()
        [attempt] = cloud.journal.attempts("daily", slot)
        assert attempt.outcome == "no_network"
        described = cloud.aws.client("sagemaker").describe_processing_job(
            ProcessingJobName=attempt.job_name
        )
        assert WANTS_A_NETWORK[slot][1] in described["ExitMessage"]
        [message] = cloud.messages[before:]
        body = message["body"] or ""
        assert body.startswith("daily of stack local failed: no network.\n")
        assert "network.mode vpc" in body

    def test_has_read_its_reference_data(self, failed: tuple[SlotRun, Any]) -> None:
        assert failed[1]["exit_message"].endswith("no rows for today")


class TestAnInterruption:
    def test_stops_the_job_and_reports_what_came_of_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        script = tmp_path / "my.sh"
        script.write_text("sleep 60 & wait\n")
        run = pipeline(tmp_path / "left", script=script)
        settle = run.cloud.settle

        def interrupt(_: float) -> None:
            monkeypatch.setattr(run.cloud, "settle", settle)
            while not any(event["what"] == "job" for event in run.cloud.timeline):
                time.sleep(0.02)
            raise KeyboardInterrupt

        monkeypatch.setattr(run.cloud, "settle", interrupt)
        try:
            with pytest.raises(KeyboardInterrupt):
                run.play()
        finally:
            run.close()
        assert [each["outcome"] for each in run.report.attempts] == ["stopped"]


def test_a_schedule_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="the stack has daily"):
        played(tmp_path / "left", schedule="weekly")


def test_a_time_at_which_the_schedule_has_no_slot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^--slot 2026-01-05T03:17:00Z: is no slot of cron.*03:00"):
        played(tmp_path / "left", slot=SLOT + timedelta(minutes=17))


def test_reference_data_are_given_where_the_schedule_reads_some(tmp_path: Path) -> None:
    reads = daily(reference={"prefix": "names/"})
    with reads, pytest.raises(RunError, match="--reference: is missing; daily reads names/"):
        played(tmp_path / "left")
    with pytest.raises(RunError, match="--reference: daily has no "):
        played(tmp_path / "left", reference=tmp_path)


def test_an_image_that_only_a_registry_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/processing-dev@sha256:{'a' * 64}"
    keys = {**stack_keys("local"), f"{PROJECT}:image": json.dumps({"uri": uri})}
    monkeypatch.setattr(stack_file, "keys", Mock(return_value=keys))
    with pytest.raises(RunError, match=r"^image.uri: .* is not on this machine; leave it out"):
        played(tmp_path / "left")


def test_a_suspended_schedule_is_refused_with_the_setting(tmp_path: Path) -> None:
    with daily(suspend=True), pytest.raises(RunError, match="set its `suspend` to false"):
        played(tmp_path / "left")


def test_a_fault_of_spot_is_refused_where_nothing_is_on_spot(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"^--fault spot-reclaimed: daily has no job on spot; set "):
        played(tmp_path / "left", faults=["capacity", "spot-reclaimed"])


def test_a_slot_that_waits_says_for_what_and_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    waits = {"when_empty": "wait", "ready": "_SUCCESS"}
    with daily(expression="cron(* * * * ? *)", input=waits):
        report = played(tmp_path / "left", input=tmp_path / "empty", slot=None)
    assert (report["status"], report["outcome"]) == ("Waiting", None)
    assert report["failure_reason"].startswith("waits for object s3://processing-local-input-")
    assert report["messages"] == []


@pytest.fixture(scope="class")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """The report of a follower on spot whose machine is reclaimed once, and what the run left."""
    directory = tmp_path_factory.mktemp("resumed")
    script = directory / "my.sh"
    script.write_text(
        'cd "$CHECKPOINT_PATH"; echo "kept: $(ls)"; [ -e half ] || { : >half; sleep 60; }\n'
        'ls "$INPUT_PATH" >"$OUTPUT_PATH/found"\n'
    )
    job = {"capacity": "spot", "instance_type": "ml.m5.large"}
    with daily(follower={"input": {"output_of": "daily"}, "job": job}):
        report = played(
            directory / "left",
            schedule="follower",
            script=script,
            faults=["spot-reclaimed-after-checkpoint"],
        )
    return report, directory / "left"


class TestAFollowerOnSpot:
    def test_takes_the_input_for_what_the_other_schedule_wrote(
        self, resumed: tuple[dict[str, Any], Path]
    ) -> None:
        [found] = (resumed[1] / "s3").rglob("found")
        assert {"_SUCCESS", "weather-EWR.csv"} <= {*found.read_text().split()}

    def test_goes_on_where_its_machine_was_reclaimed(
        self, resumed: tuple[dict[str, Any], Path]
    ) -> None:
        report, left = resumed
        assert [each["outcome"] for each in report["attempts"]] == ["completed"]
        assert "reclaimed" in [event["what"] for event in report["timeline"]]
        logs = (left / "logs" / "aws" / "sagemaker" / "TrainingJobs").rglob("*.log")
        assert sorted(line for log in logs for line in log.read_text().splitlines()) == [
            "kept: ",
            "kept: half",
        ]
