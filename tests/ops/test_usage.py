"""What is asked of CloudWatch, and what its answers come to."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from components.aws import models
from ops import usage
from ops.usage import Usage
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry

SLOT = datetime(2026, 1, 5, 23, tzinfo=UTC)
Answers = dict[tuple[str, str, str], list[float]]
"""Host, metric and statistic -> values."""


def job(name: str, hosts: int = 1, days: int = 0) -> Entry:
    begun = SLOT + timedelta(days=days)
    times = {"started": begun, "ended": begun + timedelta(hours=2)}
    return Entry.of(Attempt("daily", begun, 1), name, instance_count=hosts, **times)


class CloudWatch:
    """Answers each request in two pages, as it may."""

    def __init__(self, answers: Answers) -> None:
        self.answers, self.requests = answers, list[dict[str, Any]]()

    def get_paginator(self, operation: str) -> "CloudWatch":
        assert operation == "get_metric_data"
        return self

    def paginate(self, **asked: Any) -> Iterator[dict[str, Any]]:
        assert not models.violations(models.shape("cloudwatch", "GetMetricData"), asked)
        self.requests.append(asked)
        results = [(each["Id"], self._values(each)) for each in asked["MetricDataQueries"]]
        for part in (slice(0, 1), slice(1, None)):
            yield {"MetricDataResults": [{"Id": i, "Values": v[part]} for i, v in results]}

    def _values(self, query: dict[str, Any]) -> list[float]:
        metric, statistic = query["MetricStat"]["Metric"], query["MetricStat"]["Stat"]
        [dimension] = metric["Dimensions"]
        assert dimension["Name"] == "Host"
        assert metric["Namespace"] == "/aws/sagemaker/ProcessingJobs"
        return self.answers.get((dimension["Value"], metric["MetricName"], statistic), [])


def answers(host: str, *days: tuple[float, float, float, float, float]) -> Answers:
    names = ("SampleCount", "Sum", "Maximum")
    keys = [(host, "CPUUtilization", name) for name in names]
    keys += [(host, f"{name}Utilization", "Maximum") for name in ("Memory", "Disk")]
    return dict(zip(keys, map(list, zip(*days, strict=True)), strict=True))


def test_a_job_past_midnight_is_what_its_days_come_to() -> None:
    found = answers("a/algo-1", (60, 6000, 180, 40, 10), (20, 400, 190, 30, 12))
    measured = usage.of_jobs(CloudWatch(found), [job("a")])
    assert measured == {"a": Usage(80, 6400, 190, 40, 12)}
    assert measured["a"].cpu_mean == 80


def test_of_several_hosts_the_fullest_counts_for_each_number() -> None:
    found = answers("a/algo-1", (60, 6000, 180, 20, 10)) | answers("a/algo-2", (9, 90, 50, 70, 5))
    assert usage.of_jobs(CloudWatch(found), [job("a", hosts=2)]) == {
        "a": Usage(60, 6000, 180, 70, 10)
    }


def test_a_job_of_which_not_all_was_measured_is_left_out() -> None:
    found = answers("a/algo-1", (60, 6000, 180, 20, 10))
    del found["a/algo-1", "DiskUtilization", "Maximum"]
    assert usage.of_jobs(CloudWatch(found), [job("a"), job("b")]) == {}


def test_many_jobs_are_asked_for_at_once_and_no_more_than_cloudwatch_takes() -> None:
    asked = CloudWatch({})
    usage.of_jobs(asked, [job(f"j{number}", days=-number) for number in range(120)])
    assert [len(each["MetricDataQueries"]) for each in asked.requests] == [500, 100]


def test_points_of_a_day_are_asked_for_which_are_there_for_jobs_of_any_age() -> None:
    asked = CloudWatch({})
    usage.of_jobs(asked, [job("a"), job("b", days=-200)])
    [request] = asked.requests
    assert {each["MetricStat"]["Period"] for each in request["MetricDataQueries"]} == {86400}
    assert request["StartTime"] == datetime(2025, 6, 19, tzinfo=UTC)
    assert request["EndTime"] == datetime(2026, 1, 7, tzinfo=UTC)
