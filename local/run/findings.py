"""What came of a slot in a cloud: fills in the report, and draws the page of it."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from components.settings import key_prefix
from local import report_html

if TYPE_CHECKING:
    from local.deploy.cloud import Cloud
    from local.run.report import Report, Rows
    from pipeline.journal_items import Entry


def fill(report: Report, cloud: Cloud, schedule: str, slot: datetime) -> None:
    """Write into `report` all that is known of a slot; its program has been deployed."""
    entries = cloud.journal.attempts(schedule, slot)
    report.attempts = [_attempt(entry) for entry in entries]
    report.outputs = _outputs(cloud, schedule, slot)
    report.messages = [dict(message) for message in cloud.messages]
    report.alarms = {alarm.name: alarm.state for alarm in cloud.alarms.states()}
    report.timeline = sorted(cloud.timeline, key=lambda moment: moment["at"])
    for point in cloud.job_points:
        report.metrics[point.name] = report.metrics.get(point.name, 0) + point.value
    if entries:
        _fill_last(report, entries[-1], _job(cloud, entries[-1].job_name))


def _fill_last(report: Report, last: Entry, job: dict[str, Any]) -> None:
    report.attempt, report.job_name = last.attempt, last.job_name
    report.outcome = last.outcome
    report.status = job.get("ProcessingJobStatus")
    report.failure_reason = job.get("FailureReason", last.reason)
    report.exit_message = job.get("ExitMessage", last.exit_message)
    marker = (last.success_marker or "").removeprefix("s3://").partition("/")[2]
    written = {output["key"] for output in report.outputs}
    report.success_marker = marker if marker in written else None


def write_page(report: Report, cloud: Cloud) -> str:
    """Return the HTML page of a run, with the deployed dashboard."""
    return report_html.render(
        title=f"{report.schedule} of {report.slot}",
        dashboard=_dashboard(cloud),
        report=dataclasses.asdict(report),
        points=cloud.metrics.points,
        alarms=cloud.alarms.states(),
        failures=_failures(cloud),
        now=datetime.now(UTC),
    )


def _attempt(entry: Entry) -> dict[str, Any]:
    names = ("job_name", "status", "reason", "instance_type", "outcome", "attempt")
    return {name: getattr(entry, name) for name in names}


def _job(cloud: Cloud, name: str) -> dict[str, Any]:
    """Return SageMaker's description of a job; empty if the attempt never became one."""
    try:
        return cloud.aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    except ClientError:
        return {}


def _outputs(cloud: Cloud, schedule: str, slot: datetime) -> Rows:
    s3, bucket = cloud.aws.client("s3"), cloud.exports["output_bucket"]
    prefix = key_prefix.render(cloud.settings.output.prefix, schedule, slot)
    return [
        {"bucket": bucket, "key": item["Key"], "size": item["Size"]}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for item in page.get("Contents", [])
    ]


def _dashboard(cloud: Cloud) -> dict[str, Any]:
    if not cloud.settings.alerts.dashboard:
        return {"widgets": []}
    found = cloud.aws.client("cloudwatch").get_dashboard(DashboardName=cloud.exports["dashboard"])
    return json.loads(found["DashboardBody"])


def _failures(cloud: Cloud) -> list[dict[str, str]]:
    """Return the lines that the dashboard's query finds (components/dashboard.py), newest first."""
    logs = cloud.aws.client("logs")
    group = cloud.exports["observer_log_group"]
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
    rows = [_row(event) for page in pages for event in page["events"]]
    found = [
        row
        for row in rows
        if row.get("message") == "attempt concluded" and row.get("outcome") != "completed"
    ]
    return sorted(found, key=lambda row: row["@timestamp"], reverse=True)


def _row(event: dict[str, Any]) -> dict[str, str]:
    """Return a log event as Logs Insights shows it: the fields of a JSON line beside its own."""
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
    try:
        fields: dict[str, Any] = json.loads(event["message"])
    except ValueError:
        fields = {}
    return {
        **{key: str(value) for key, value in fields.items()},
        "@timestamp": f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}",
        "@message": event["message"],
    }
