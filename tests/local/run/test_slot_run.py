"""Slots with scripts of their own, and what is refused, in this process."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from components.settings import stack_file
from local.run.slot_run import RunError, SlotRun
from tests.conftest import PROJECT, stack_keys
from tests.local.run.slots import (
    NEEDS_THE_ENGINE,
    SLOT,
    daily,
    pipeline,
    played,
    red_alarms,
    script_metrics,
)

pytestmark = NEEDS_THE_ENGINE


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
            "entrypoint: checkpoint at the end: 1 files, 0 bytes",
            "entrypoint: checkpoint at the start: 0 files, 0 bytes",
            "entrypoint: checkpoint at the start: 1 files, 0 bytes",
            "kept: ",
            "kept: half",
        ]
