import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest
from aws_lambda_powertools.metrics import MetricUnit

from observer import metrics
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.lambda_world import ATTEMPT, NAME, NOW

RAN = replace(
    Entry.of(ATTEMPT, NAME),
    status="Failed",
    created=NOW,
    started=NOW + timedelta(seconds=90),
    ended=NOW + timedelta(hours=1),
    cost_usd=0.25,
    number=2,
)
OF_JOB = {"JobDuration": 3510, "QueueTime": 90, "EstimatedCost": 0.25}


def of(outcome: Outcome, **known: Any) -> dict[str, float]:
    return metrics.of_attempt(replace(RAN, outcome=outcome, **known))


class TestOfAttempt:
    def test_a_success_is_counted_and_ends_a_failure(self) -> None:
        counted = {"JobsSucceeded": 1, "JobsFailed": 0, "Attempts": 2}
        assert of(Outcome.COMPLETED) == {**OF_JOB, **counted}

    def test_a_slot_that_failed_for_good_is_counted(self) -> None:
        assert of(Outcome.SCRIPT_FAILED) == {**OF_JOB, "JobsFailed": 1, "Attempts": 2}

    def test_a_failure_that_is_followed_by_another_attempt_is_none_of_the_slot(self) -> None:
        assert of(Outcome.CAPACITY, next_attempt_at=NOW) == OF_JOB

    @pytest.mark.parametrize("outcome", [Outcome.STOPPED, Outcome.REPLACED])
    def test_what_somebody_stopped_is_neither_success_nor_failure(self, outcome: Outcome) -> None:
        assert of(outcome) == OF_JOB

    def test_a_skipped_slot_is_counted_as_such(self) -> None:
        skipped = of(Outcome.SKIPPED, created=None, started=None, ended=None, cost_usd=0.0)
        assert skipped == {"SlotsSkipped": 1, "EstimatedCost": 0}

    def test_what_is_not_known_is_left_out(self) -> None:
        values = of(Outcome.SCRIPT_FAILED, created=None, cost_usd=None)
        assert values == {"JobDuration": 3510, "JobsFailed": 1, "Attempts": 2}

    def test_times_that_contradict_each_other_are_no_negative_wait(self) -> None:
        assert of(Outcome.STOPPED, started=NOW - timedelta(days=1))["QueueTime"] == 0


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
