"""The log line that CloudWatch turns into a metric."""

import contextlib
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components.aws import models
from tests.container.job import CONTAINER, PATH
from tests.container.modules import load

ENVIRONMENT = {"PATH": PATH, "STACK": "dev", "SCHEDULE": "hourly"}
NAME = models.shape("cloudwatch", "PutMetricData", "MetricData.member.MetricName")
UNIT = models.shape("cloudwatch", "PutMetricData", "MetricData.member.Unit")


send_metric = load("send_metric")


def send(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Call the command in this process."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        for name, value in {**ENVIRONMENT, **environment}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["send_metric", *arguments])
        try:
            send_metric.main()
        except SystemExit as end:
            code = int(str(end.code))
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def sent(*arguments: str) -> dict[str, Any]:
    done = send(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("\n") == 1
    return json.loads(done.stdout)


class TestTheLine:
    def test_is_printed_whatever_modules_the_script_brings(self, tmp_path: Path) -> None:
        (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
        done = subprocess.run(
            [CONTAINER / "bin" / "send_metric", "RecordsProcessed", "42", "Count"],
            env={**ENVIRONMENT, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout)["RecordsProcessed"] == 42

    def test_of_wrong_use_ends_the_command_with_a_code_and_a_reason(self) -> None:
        command = [CONTAINER / "bin" / "send_metric", "n", "1"]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (64, b"")
        assert b"expected 3, got 2" in done.stderr

    def test_is_one_metric_with_the_stack_and_the_schedule(self) -> None:
        line = sent("RecordsProcessed", "42", "Count")
        stamp = line["_aws"].pop("Timestamp")
        assert abs(stamp - time.time() * 1000) < 60_000
        metric = {
            "Namespace": "SageMakerProcessing",
            "Dimensions": [["stack", "schedule"]],
            "Metrics": [{"Name": "RecordsProcessed", "Unit": "Count"}],
        }
        assert line == {
            "_aws": {"CloudWatchMetrics": [metric]},
            "stack": "dev",
            "schedule": "hourly",
            "RecordsProcessed": 42,
        }

    @pytest.mark.parametrize(("text", "value"), [("0", 0), ("-2.5", -2.5), ("1e3", 1000)])
    def test_has_the_value_as_a_number(self, text: str, value: float) -> None:
        assert sent("n", text, "None")["n"] == value

    def test_takes_the_longest_name_that_cloudwatch_takes(self) -> None:
        longest = "n" * NAME.metadata["max"]
        assert sent(longest, "1", "Count")[longest] == 1


class TestTheUnits:
    def test_are_those_of_cloudwatch(self) -> None:
        refused = send("n", "1", "Pounds").stderr
        known = refused.partition("must be one of ")[2].strip().split(", ")
        assert sorted(known) == sorted(UNIT.metadata["enum"])


class TestWrongUse:
    @pytest.mark.parametrize(
        ("arguments", "why"),
        [
            (["", "1", "Count"], "name ''"),
            (["n" * (NAME.metadata["max"] + 1), "1", "Count"], "1 to 255"),
            ([":n", "1", "Count"], "not a colon"),
            (["  ", "1", "Count"], "not only blanks"),
            (["naïve", "1", "Count"], "ASCII"),
            (["a\nb", "1", "Count"], "printable"),
            (["stack", "1", "Count"], "choose another"),
            (["JobsSucceeded", "1", "Count"], "choose another"),
            (["n", "", "Count"], "to float: ''"),
            (["n", "many", "Count"], "to float: 'many'"),
            (["n", "nan", "Count"], "finite"),
            (["n", "-inf", "Count"], "finite"),
            (["n", "1e300", "Count"], "2^360"),
            (["n", "1", "count"], "unit 'count'"),
            (["n", "1"], "expected 3, got 2"),
        ],
    )
    def test_is_refused_with_the_reason(self, arguments: list[str], why: str) -> None:
        done = send(*arguments)
        assert (done.returncode, done.stdout) == (64, "")
        assert why in done.stderr

    @pytest.mark.parametrize("name", ["STACK", "SCHEDULE"])
    def test_without_a_dimension_is_refused(self, name: str) -> None:
        done = send("n", "1", "Count", **{name: ""})
        assert (done.returncode, done.stdout) == (64, "")
        assert name in done.stderr
