import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from observer import metrics
from observer.job_result import JobResult
from pipeline.outcome import Outcome

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
RAN = JobResult(
    status="Failed",
    created=NOW,
    started=NOW + timedelta(seconds=90),
    ended=NOW + timedelta(hours=1),
    instance_type="ml.m5.large",
    instance_count=1,
    volume_gb=10,
)
OF_JOB = {"JobDuration": 3510, "QueueTime": 90, "EstimatedCost": RAN.cost_usd}


class TestOfAttempt:
    def test_a_success_is_counted_and_ends_a_failure(self) -> None:
        values = metrics.of_attempt(RAN, Outcome.COMPLETED, 2, final=True)
        assert values == {**OF_JOB, "JobsSucceeded": 1, "JobsFailed": 0, "Attempts": 2}

    def test_a_slot_that_failed_for_good_is_counted(self) -> None:
        values = metrics.of_attempt(RAN, Outcome.SCRIPT_FAILED, 1, final=True)
        assert values == {**OF_JOB, "JobsFailed": 1, "Attempts": 1}

    def test_a_failure_that_is_followed_by_another_attempt_is_none_of_the_slot(self) -> None:
        assert metrics.of_attempt(RAN, Outcome.CAPACITY, 1, final=False) == OF_JOB

    @pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.REPLACED])
    def test_what_somebody_stopped_is_neither_success_nor_failure(self, outcome: Outcome) -> None:
        assert metrics.of_attempt(RAN, outcome, 1, final=True) == OF_JOB

    def test_a_skipped_slot_is_counted_as_such(self) -> None:
        skipped = metrics.of_attempt(JobResult(status="Skipped"), Outcome.SKIPPED, 1, final=True)
        assert skipped == {"SlotsSkipped": 1, "EstimatedCost": 0}

    def test_what_is_not_known_is_left_out(self) -> None:
        unpriced = replace(RAN, instance_type="ml.new.large", created=None)
        values = metrics.of_attempt(unpriced, Outcome.SCRIPT_FAILED, 1, final=True)
        assert values == {"JobDuration": 3510, "JobsFailed": 1, "Attempts": 1}


class TestEmit:
    def test_prints_one_line_with_stack_and_schedule_as_its_only_dimensions(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "observer")
        metrics.emit("test", "daily", {"JobsFailed": 0, "EstimatedCost": 0.25})
        document = json.loads(capsys.readouterr().out)
        assert document.pop("_aws")["CloudWatchMetrics"] == [
            {
                "Namespace": "SageMakerProcessing",
                "Dimensions": [["stack", "schedule"]],
                "Metrics": [
                    {"Name": "JobsFailed", "Unit": "Count"},
                    {"Name": "EstimatedCost", "Unit": "None"},
                ],
            }
        ]
        assert document == {
            "stack": "test",
            "schedule": "daily",
            "JobsFailed": [0],
            "EstimatedCost": [0.25],
        }

    def test_prints_nothing_where_there_is_nothing(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        metrics.emit("test", "daily", {})
        assert capsys.readouterr().out == ""

    def test_one_schedules_values_never_get_into_anothers(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        metrics.emit("test", "daily", {"JobsFailed": 1})
        metrics.emit("test", "hourly", {"JobsSucceeded": 1})
        first, second = map(json.loads, capsys.readouterr().out.splitlines())
        assert (first["schedule"], second["schedule"]) == ("daily", "hourly")
        assert ("JobsSucceeded" in first, "JobsFailed" in second) == (False, False)

    def test_has_a_unit_of_cloudwatchs_for_every_metric(self) -> None:
        known = {unit.value for unit in MetricUnit} | {"None"} | set(get_args(MetricUnit))
        assert set(metrics.UNITS.values()) <= known
