"""The whole pipeline as a person starts it, in a copy of the checkout's place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.engines.process import ProcessEngine
from tests.conftest import ROOT

pytestmark = [
    pytest.mark.xdist_group("local-run"),
    pytest.mark.skipif(
        ProcessEngine(Path()).available() is not None,
        reason="no namespaces on this machine for the process engine",
    ),
]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a local run reads, so that it does not touch a developer's `.local`."""
    place = tmp_path_factory.mktemp("checkout")
    for name in ("components", "lambda", "container", "local"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, place / name, ignore=ignored)
    for file in [ROOT / "__main__.py", *ROOT.glob("Pulumi*.yaml")]:
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


class TestLocalRun:
    def test_the_sample_goes_from_the_schedule_to_parquet(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--slot", "2026-01-05T02:00:00Z")
        assert (status, report["status"], report["failure_reason"]) == (0, "Completed", None)
        assert report["job_name"] == "processing-local--daily-20260105T020000Z-1"
        assert (report["slot"], report["schedule"]) == ("2026-01-05T02:00:00Z", "daily")
        assert report["metrics"] == {"RecordsProcessed": 26115.0, "ErrorsEncountered": 0.0}
        assert report["resources"] == 33
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

    def test_a_script_that_fails_ends_as_failed_with_its_own_reason(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        script = tmp_path / "my.sh"
        script.write_text("echo working\necho 'no rows for today' >&2\nexit 7\n")
        status, report, printed = run(checkout, "--script", str(script))
        assert (status, report["status"]) == (1, "Failed")
        assert "no rows for today" in report["exit_message"]
        assert "7" in report["failure_reason"]
        assert report["outputs"] == []
        assert "no rows for today" in printed

    def test_a_schedule_that_does_not_exist_is_named_and_reported(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--schedule", "weekly")
        assert (status, report["status"], report["job_name"]) == (1, None, None)
        assert "the stack has daily" in report["failure_reason"]
        assert "the stack has daily" in printed

    def test_a_line_that_is_no_metric_for_cloudwatch_is_only_a_line(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        def line(metric: str, value: str) -> str:
            directive = f'{{"Namespace": "N", "Dimensions": [[]], "Metrics": [{metric}]}}'
            head = f'{{"CloudWatchMetrics": [{directive}]}}'
            return f'{{"_aws": {head}, "M": {value}}}'

        count, cubits = '{"Name": "M", "Unit": "Count"}', '{"Name": "M", "Unit": "Cubits"}'
        lines = [line(cubits, "1"), line(count, "NaN"), line(count, "3")]
        script = tmp_path / "my.sh"
        script.write_text("".join(f"echo '{text}'\n" for text in lines))
        status, report, _ = run(checkout, "--script", str(script))
        assert (status, report["metrics"]) == (0, {"M": 3.0})

    def test_a_slot_without_input_fails_as_on_sagemaker(
        self, checkout: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "empty").mkdir()
        status, report, _ = run(checkout, "--input", str(tmp_path / "empty"))
        assert (status, report["status"]) == (1, "Failed")
        assert "ClientError" in report["failure_reason"]

    def test_arguments_that_are_refused_are_reported_too(self, checkout: Path) -> None:
        status, report, printed = run(checkout, "--slot", "yesterday")
        assert status == 2
        assert "2026-01-05T02:00:00Z" in report["failure_reason"]
        assert "2026-01-05T02:00:00Z" in printed

    def test_settings_that_are_refused_are_reported_too(self, checkout: Path) -> None:
        file = checkout / "Pulumi.local.yaml"
        good = file.read_text("utf-8")
        file.write_text(good.replace("ml.t3.medium", "ml.t3.small"), "utf-8")
        try:
            status, report, printed = run(checkout)
        finally:
            file.write_text(good, "utf-8")
        assert (status, report["status"]) == (1, None)
        assert "ml.t3.small" in report["failure_reason"]
        assert "ml.t3.medium" in printed
