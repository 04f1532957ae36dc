"""The whole pipeline as a person starts it, in a copy of the checkout's place."""

from __future__ import annotations

import html
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import pytest

from local.engines.process import ProcessEngine
from local.run.report import NOT_ENDED
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(
    ProcessEngine(Path()).available() is not None,
    reason="no namespaces on this machine for the process engine",
)


_LAST_LINE = "  .venv/bin/python -m ops list --stack local\n"
"""Of what is printed before the embedded AWS only stays up."""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a local run reads, so that it does not touch a developer's `.local`."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("components", "lambda", "container", "local", "ops"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for file in [ROOT / "__main__.py", ROOT / "requirements.txt", *ROOT.glob("Pulumi*.yaml")]:
        shutil.copy(file, place)
    return place


def run(place: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Return exit status, report and what was printed of a run."""
    command = [sys.executable, "-m", "local", "--engine", "process", *arguments]
    environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(place)}
    done = subprocess.run(
        command, cwd=place, env=environment, capture_output=True, text=True, check=False, timeout=90
    )
    report = json.loads((place / ".local" / "report.json").read_text("utf-8"))
    return done.returncode, report, done.stdout + done.stderr


def buckets(endpoint: dict[str, str]) -> list[str]:
    """Return the names of the buckets, as whoever may read the endpoint's file sees them."""
    s3 = boto3.client(
        "s3",
        endpoint_url=endpoint["url"],
        region_name=endpoint["region"],
        aws_access_key_id=endpoint["access_key_id"],
        aws_secret_access_key=endpoint["secret_access_key"],
    )
    return [each.get("Name", "") for each in s3.list_buckets()["Buckets"]]


def script_metrics(report: dict[str, Any]) -> dict[str, float]:
    return {
        each["name"]: each["value"] for each in report["metrics"] if each["sent_by"] == "script"
    }


def red_alarms(report: dict[str, Any]) -> list[str]:
    return [alarm["name"] for alarm in report["alarms"] if alarm["state"] == "ALARM"]


class TestLocalRun:
    def test_the_sample_goes_from_the_schedule_to_parquet(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--slot", "2026-01-05T02:00:00Z")
        assert (status, report["status"], report["failure_reason"]) == (0, "Completed", None)
        assert report["job_name"] == "processing-local--daily-20260105T020000Z-1"
        assert (report["slot"], report["schedule"]) == ("2026-01-05T02:00:00Z", "daily")
        assert script_metrics(report) == {"RecordsProcessed": 26115, "ErrorsEncountered": 0}
        assert report["outcome"] == "completed"
        assert [each["outcome"] for each in report["attempts"]] == ["completed"]
        assert report["success_marker"] == "output/daily/2026/01/05/020000/_SUCCESS"
        assert report["messages"] == []
        assert red_alarms(report) == []
        assert report["resources"] > 60
        assert "26,115" in printed
        assert "s3 14," in printed
        assert "Completed" in printed
        for output in report["outputs"]:
            file = checkout / ".local" / "s3" / output["bucket"] / output["key"]
            assert file.stat().st_size == output["size"]
        names = {Path(output["key"]).name for output in report["outputs"]}
        assert "summary.json" in names
        assert {f"weather-{a}.csv.parquet" for a in ("EWR", "JFK", "LGA")} <= names
        logs = checkout / ".local" / "logs" / "aws"
        assert list(logs.glob("sagemaker/ProcessingJobs/*/*.log"))
        assert list(logs.glob("lambda/processing-local-launcher/**/*.log"))
        assert list(logs.glob("lambda/processing-local-observer/**/*.log"))
        page = (checkout / ".local" / "report.html").read_text("utf-8")
        assert "processing-local--daily-20260105T020000Z-1" in page

    def test_a_script_that_fails_ends_as_failed_with_its_own_reason_and_one_message(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        def line(unit: str, value: str) -> str:
            """Return an EMF line, which only a known unit and a number make a metric."""
            metric = f'{{"Name": "M", "Unit": "{unit}"}}'
            where = '"Namespace": "SageMakerProcessing", "Dimensions": [["stack", "schedule"]]'
            directive = f'{{{where}, "Metrics": [{metric}]}}'
            head = f'{{"Timestamp": $(date +%s)000, "CloudWatchMetrics": [{directive}]}}'
            own = '"stack": "local", "schedule": "daily"'
            return f'{{"_aws": {head}, {own}, "M": {value}}}'.replace('"', '\\"')

        lines = [line("Cubits", "1"), line("Count", "NaN"), line("Count", "3")]
        script = tmp_path / "my.sh"
        printed_lines = "".join(f'echo "{text}"\n' for text in lines)
        script.write_text(f"{printed_lines}echo 'no rows for today' >&2\nexit 7\n")
        status, report, printed = run(checkout, "--script", str(script))
        assert (status, report["status"]) == (1, "Failed")
        assert (report["outcome"], report["success_marker"]) == ("script_failed", None)
        assert "no rows for today" in report["exit_message"]
        assert "7" in report["failure_reason"]
        assert report["outputs"] == []
        assert script_metrics(report) == {"M": 3}
        assert "no rows for today" in printed
        [message] = report["messages"]
        assert "no rows for today" in message["body"]
        assert message["subject"] in printed
        assert red_alarms(report) == ["processing-local--daily-failed"]

    def test_a_schedule_that_does_not_exist_is_named_and_reported(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--schedule", "weekly")
        assert (status, report["status"], report["job_name"]) == (1, None, None)
        assert "the stack has daily" in report["failure_reason"]
        assert "the stack has daily" in printed

    def test_a_slot_without_input_becomes_no_job(self, checkout: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        status, report, _ = run(checkout, "--input", str(tmp_path / "empty"))
        assert (status, report["status"], report["outcome"]) == (1, None, "empty_input")
        assert len(report["messages"]) == 1

    def test_a_fault_is_survived_and_the_embedded_aws_stays_until_it_is_interrupted(
        self, checkout: Path
    ) -> None:
        endpoint = checkout / ".local" / "endpoint.json"
        command = [sys.executable, "-m", "local", "--engine", "process"]
        command += ["--fault", "capacity", "--keep"]
        environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(checkout)}
        with subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            printed = "".join(takewhile(_LAST_LINE.__ne__, process.stdout))
            found = json.loads(endpoint.read_text("utf-8"))
            assert stat.S_IMODE(endpoint.stat().st_mode) == 0o600
            assert stat.S_IMODE(endpoint.parent.stat().st_mode) == 0o700
            with pytest.raises(HTTPError, match="403"):
                urlopen(found["url"], timeout=10)  # noqa: S310 - on loopback
            assert {name.split("-")[2] for name in buckets(found)} == {"input", "output"}
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
        assert not endpoint.exists()
        report = json.loads((checkout / ".local" / "report.json").read_text("utf-8"))
        assert [each["outcome"] for each in report["attempts"]] == ["capacity", "completed"]
        assert "CapacityError" in printed
        what = [moment["what"] for moment in report["timeline"]]
        assert what.count("fired") == 3
        assert "planned" in what

    def test_arguments_that_are_refused_are_reported_too(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--fault", "fire")
        assert status == 2
        assert "'lost-event'" in report["failure_reason"]
        status, report, printed = run(checkout, "--slot", "yesterday")
        assert status == 2
        assert "2026-01-05T02:00:00Z" in report["failure_reason"]
        assert "2026-01-05T02:00:00Z" in printed
        status, report, printed = run(checkout, "--slot", "2199-01-05T02:00:00Z")
        assert (status, "lies in the future" in report["failure_reason"]) == (2, True)

    @pytest.mark.parametrize(
        ("right", "wrong", "reason"),
        [
            ("ml.t3.medium", "ml.t3.small", "ml.t3.medium"),
            ("  sage", "\tsage", "line 4: found character"),
            ("tags: {}", "tags: {a: 2026-01-05}", "an unquoted date"),
            ("", None, "Pulumi.local.yaml cannot be read: No such file"),
        ],
        ids=["value", "tab", "date", "missing"],
    )
    def test_settings_that_are_refused_are_reported_too(
        self, checkout: Path, right: str, wrong: str | None, reason: str
    ) -> None:
        file, page = checkout / "Pulumi.local.yaml", checkout / ".local" / "report.html"
        good = file.read_text("utf-8")
        file.unlink()
        if wrong is not None:
            file.write_text(good.replace(right, wrong, 1), "utf-8")
        try:
            status, report, printed = run(checkout)
        finally:
            file.write_text(good, "utf-8")
        assert (status, report["status"]) == (1, None)
        assert reason in report["failure_reason"]
        assert reason in printed
        assert "Traceback" not in printed
        assert html.escape(reason) in page.read_text("utf-8")

    def test_a_run_that_is_killed_leaves_no_report_of_the_last(self, checkout: Path) -> None:
        command = [sys.executable, "-m", "local", "--engine", "process", "--keep"]
        environment = {**os.environ, "COLUMNS": "200", "PYTHONPATH": str(checkout)}
        last = checkout / ".local" / "report.json"
        last.parent.mkdir(exist_ok=True)
        last.write_text('{"outcome": "completed"}', "utf-8")
        with subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            next(line for line in process.stdout if "Deploy stack" in line)
            process.kill()
        report = json.loads(last.read_text("utf-8"))
        assert (report["outcome"], report["failure_reason"]) == (None, NOT_ENDED)
