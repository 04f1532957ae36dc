"""What SageMaker measured of past jobs' instances, as CloudWatch has it.

https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html#cloudwatch-metrics-jobs
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from typing import Any

from pipeline.journal_items import Entry
from pipeline.kind import Kind

_DAY = timedelta(days=1)
"""The period that is asked for. Points of a day are there for as long as any, 455 days; shorter
ones would have to fit a job's age, and would be read one for each minute of all days."""
_MOST_QUERIES = 500
"""Of one GetMetricData (its API reference)."""


@dataclass(frozen=True)
class Usage:
    """What was measured of a job; of several hosts the fullest counts, for each number."""

    points: float
    """Of CPU: one for each minute that it ran."""
    cpu_sum: float
    """Of all points, each in percent of one vCPU."""
    cpu_peak: float
    """Percent of one vCPU."""
    memory_peak: float
    """Percent of the instance's."""
    disk_peak: float
    """Percent of the volume's."""

    @property
    def cpu_mean(self) -> float:
        """Percent of one vCPU, over the whole job."""
        return self.cpu_sum / self.points


_QUERIES = {
    "points": ("CPUUtilization", "SampleCount"),
    "cpu_sum": ("CPUUtilization", "Sum"),
    "cpu_peak": ("CPUUtilization", "Maximum"),
    "memory_peak": ("MemoryUtilization", "Maximum"),
    "disk_peak": ("DiskUtilization", "Maximum"),
}
"""Field -> metric and statistic."""


def of_jobs(cloudwatch: Any, jobs: Iterable[Entry]) -> dict[str, Usage]:  # noqa: ANN401 - as boto3's
    """Return job's name -> what was measured of it; only of jobs of which all was."""
    asked = [
        (entry, f"{entry.job_name}/algo-{number}", field)
        for entry in jobs
        for number in range(1, (entry.instance_count or 1) + 1)
        for field in _QUERIES
    ]
    found: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for first in range(0, len(asked), _MOST_QUERIES):
        batch = asked[first : first + _MOST_QUERIES]
        for index, values in _answers(cloudwatch, batch):
            entry, _, field = batch[index]
            # A job that ran past midnight has a point for each of its days.
            merged = sum(values) if field in ("points", "cpu_sum") else max(values)
            found[entry.job_name, field].append(merged)
    names = [field.name for field in fields(Usage)]
    return {
        job: Usage(*(max(found[job, name]) for name in names))
        for job in dict.fromkeys(job for job, _ in found)
        if all((job, name) in found for name in names)
    }


def _answers(
    cloudwatch: Any,  # noqa: ANN401 - as boto3's
    batch: list[tuple[Entry, str, str]],
) -> Iterator[tuple[int, list[float]]]:
    """Yield the number of each query that has values, and its values."""
    began = min(entry.started for entry, *_ in batch if entry.started)
    ended = max(entry.ended for entry, *_ in batch if entry.ended)
    queries = [
        {"Id": f"q{index}", "MetricStat": _stat(entry.kind, host, *_QUERIES[field])}
        for index, (entry, host, field) in enumerate(batch)
    ]
    found: defaultdict[int, list[float]] = defaultdict(list)
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=_midnight(began), EndTime=_midnight(ended) + _DAY
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            found[int(result["Id"][1:])] += result["Values"]
    yield from ((index, values) for index, values in found.items() if values)


def _stat(kind: Kind, host: str, metric: str, statistic: str) -> dict[str, Any]:
    dimensions = [{"Name": "Host", "Value": host}]
    named = {"Namespace": kind.group, "MetricName": metric, "Dimensions": dimensions}
    return {"Metric": named, "Period": int(_DAY.total_seconds()), "Stat": statistic}


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.astimezone(UTC), time(), UTC)
