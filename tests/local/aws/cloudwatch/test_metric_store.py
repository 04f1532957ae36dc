"""Metrics in log lines, and the store that keeps them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.aws.cloudwatch import metric_store
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import LocalAws

NOW = datetime.now(UTC).replace(microsecond=0)


def emf(value: Any = 5, at: datetime = NOW, **changes: Any) -> str:
    directive = {
        "Namespace": "N",
        "Dimensions": [["stack", "schedule"]],
        "Metrics": [{"Name": "Records", "Unit": "Count"}],
    }
    head = {"Timestamp": round(at.timestamp() * 1000), "CloudWatchMetrics": [directive]}
    record = {"_aws": head, "stack": "local", "schedule": "daily", "Records": value, **changes}
    return json.dumps(record)


class TestEmbeddedMetrics:
    def test_a_metric_is_taken_out_of_its_line_with_its_time(self) -> None:
        at = NOW - timedelta(hours=1)
        [point] = metric_store.extract(emf(at=at), NOW)
        dimensions = {"stack": "local", "schedule": "daily"}
        assert point == Point("N", dimensions, "Records", "Count", 5, at)

    def test_an_array_is_as_many_values(self) -> None:
        assert [point.value for point in metric_store.extract(emf([1.0, 2.5]), NOW)] == [
            1.0,
            2.5,
        ]
        assert metric_store.extract(emf([1] * 101), NOW) == []

    @pytest.mark.parametrize("value", ["5", True, None, float("nan"), {"a": 1}])
    def test_what_is_no_number_is_no_value(self, value: Any) -> None:
        assert metric_store.extract(emf(value), NOW) == []

    @pytest.mark.parametrize("days", [-15, 1])
    def test_an_event_out_of_time_is_no_metric(self, days: int) -> None:
        assert metric_store.extract(emf(at=NOW + timedelta(days=days)), NOW) == []

    def test_a_dimension_is_text(self) -> None:
        assert metric_store.extract(emf(schedule=1), NOW) == []

    @pytest.mark.parametrize(
        "line",
        ["", "text", "{", "[]", "{}", '{"_aws": 1}', '{"_aws": {"CloudWatchMetrics": [1]}}'],
    )
    def test_any_other_line_is_no_metric(self, line: str) -> None:
        assert metric_store.extract(line, NOW) == []

    def test_without_a_timestamp_it_is_not_of_the_format(self) -> None:
        record = json.loads(emf())
        del record["_aws"]["Timestamp"]
        assert metric_store.extract(json.dumps(record), NOW) == []


class TestMetricStore:
    def test_keeps_what_cloudwatch_takes_and_gives_it_to_cloudwatch_too(
        self, aws: LocalAws
    ) -> None:
        store = MetricStore(aws)
        good = Point("N", {"stack": "local"}, "M", "Count", 1, NOW)
        bad = Point("N", {"stack": "local"}, "M", "Cubits", 1, NOW)
        assert store.put(good, bad) == [good]
        assert store.points == [good]
        found = aws.client("cloudwatch").list_metrics(Namespace="N")["Metrics"]
        assert [metric["MetricName"] for metric in found] == ["M"]
