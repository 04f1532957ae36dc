"""What came of a run, in the form of report.json."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.aws.cloudwatch.metric_store import Point
from local.deploy.cloud import Cloud
from pipeline.contract import METRIC_NAMESPACE
from pipeline.jobs import Jobs, with_job
from pipeline.journal_items import Entry

NOT_ENDED = "the run was ended before it could say how"
"""Reason of a run that nobody let finish: it stands there from the beginning on."""

Rows = list[dict[str, Any]]


@dataclass
class Report:
    """One local run; filled in as the run goes on. Job and reasons are of the last attempt."""

    stack: str
    schedule: str | None = None
    timezone: str | None = None
    """The schedule's."""
    slot: str | None = None
    attempt: int | None = None
    job_name: str | None = None
    status: str | None = None
    """AWS's word for the job's status, or Waiting for a slot that waits; null if there is none."""
    failure_reason: str | None = None
    exit_message: str | None = None
    outputs: Rows = field(default_factory=Rows)
    """bucket, key, size (bytes)."""
    metrics: Rows = field(default_factory=Rows)
    """name, value, unit, sent_by: the script's summed up, the observer's latest, and the peaks of
    the last job's hosts, which SageMaker measures."""
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """Step -> how long it took."""
    resources: int = 0
    engine: str | None = None
    outcome: str | None = None
    """The slot's, as the journal has it; null if nothing came of it."""
    attempts: Rows = field(default_factory=Rows)
    """job_name, status, reason, instance (in words), instance_type, outcome, cost_usd, attempt; of
    spot jobs training_s and billable_s."""
    faults_left: list[str] = field(default_factory=list[str])
    """Those asked for that befell nothing."""
    messages: Rows = field(default_factory=Rows)
    """What SNS delivered: subject, body, at."""
    alarms: Rows = field(default_factory=Rows)
    """name, state, reason, description."""
    success_marker: str | None = None
    """The key of the slot's _SUCCESS."""
    timeline: Rows = field(default_factory=Rows)
    """at, what, detail; in order."""

    @property
    def headline(self) -> str:
        """The outcome; else how far it came, which an interruption or a refusal decides."""
        started = any(event["what"] == "job" for event in self.timeline)
        return self.outcome or self.status or ("not_finished" if started else "no_job_was_started")

    def fill(self, cloud: Cloud, schedule: str, slot: datetime) -> None:
        """Take in all that is known of a slot; its program has been deployed."""
        entries = cloud.journal.attempts(schedule, slot)
        self.attempts = [_attempt(entry) for entry in entries]
        self.faults_left = cloud.faults.left
        self.outputs = list(_outputs(cloud, schedule, slot))
        self.metrics = _metrics(cloud, schedule)
        self.messages = [dict(message) for message in cloud.messages]
        self.alarms = [
            {
                "name": alarm["AlarmName"],
                "state": alarm["StateValue"],
                "reason": alarm["StateReason"],
                "description": alarm.get("AlarmDescription", ""),
            }
            for alarm in cloud.alarms.states()
        ]
        self.timeline = sorted(cloud.timeline, key=lambda event: event["at"])
        if not entries:
            return
        last = entries[-1]
        settings = cloud.settings
        jobs = Jobs(cloud.aws.client("sagemaker"), settings.prefix, settings.job_kinds)
        job = jobs.find(last.job_name)
        self.attempt, self.job_name, self.outcome = last.number, last.job_name, last.outcome
        self.metrics += _peaks(cloud, last)
        known = with_job(last, job) if job else last
        self.status = job.status if job else None
        self.failure_reason = known.reason
        if last.is_waiting:
            self.status, self.failure_reason = "Waiting", f"waits for {last.waiting_for}"
        self.exit_message = known.exit_message
        marker = (last.success_marker or "").removeprefix("s3://").partition("/")[2]
        written = {output["key"] for output in self.outputs}
        self.success_marker = marker if marker in written else None


def _attempt(entry: Entry) -> dict[str, Any]:
    names = ("job_name", "status", "reason", "instance", "instance_type", "outcome", "cost_usd")
    names += ("training_s", "billable_s")
    return {"attempt": entry.number, **{name: getattr(entry, name) for name in names}}


def _outputs(cloud: Cloud, schedule: str, slot: datetime) -> Iterator[dict[str, Any]]:
    place, s3 = cloud.output_of(schedule, slot), cloud.aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=place.bucket, Prefix=place.key)
    for found in pages:
        for item in found.get("Contents", []):
            yield {"bucket": place.bucket, "key": item["Key"], "size": item["Size"]}


def _metrics(cloud: Cloud, schedule: str) -> Rows:
    rows: dict[str, dict[str, Any]] = {}
    for point in cloud.job_points:
        nothing = _metric(point, "script") | {"value": 0}
        rows.setdefault(point.name, nothing)["value"] += point.value
    of_script = {*rows}
    for point in cloud.metrics.points:
        ours = point.namespace == METRIC_NAMESPACE and point.dimensions.get("schedule") == schedule
        if ours and point.name not in of_script:
            rows[point.name] = _metric(point, "observer")
    return [*rows.values()]


def _peaks(cloud: Cloud, entry: Entry) -> Rows:
    """Return the highest value of each metric of a job's hosts."""
    own = [
        point
        for point in cloud.metrics.points
        if point.namespace == entry.kind.group
        and point.dimensions["Host"].startswith(f"{entry.job_name}/")
    ]
    highest = {point.name: point for point in sorted(own, key=lambda point: point.value)}
    return [
        {**_metric(highest[name], "sagemaker"), "name": f"{name} (peak)"}
        for name in sorted(highest)
    ]


def _metric(point: Point, sent_by: str) -> dict[str, Any]:
    return {"name": point.name, "value": point.value, "unit": point.unit, "sent_by": sent_by}
