"""What an attempt leaves behind on AWS, and what is wrong with it; None is nothing."""

import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from acceptance.inbox import Inbox
from ops.logs import Tail
from ops.stack import Stack
from pipeline.attempt import Attempt
from pipeline.contract import MARKER, METRIC_NAMESPACE
from pipeline.journal_items import Entry

_LOG_LINES = 100
_MINUTE = timedelta(minutes=1)


def counted(stack: Stack, entry: Entry) -> object:
    """Return how many lines the canary says that it has counted."""
    return _read(stack, entry, "canary.json", {}).get("lines")


def marker_problem(stack: Stack, entry: Entry) -> str | None:
    """Compare a slot's success marker with the attempt, and with what lies at its place."""
    said = _read(stack, entry, MARKER, None)
    if said is None:
        return "there is none"
    if said["job_name"] != entry.job_name:
        return f"is of {said['job_name']}, expected {entry.job_name}"
    lying = {each.get("Key") for each in stack.output_of(entry.attempt).objects(stack.client("s3"))}
    listed = {each["key"] for each in said["objects"]}
    whole = listed <= lying if said["truncated"] else listed == lying
    if not lying or not whole or said["object_count"] != len(lying):
        return f"lists {sorted(listed)}, and there is {sorted(map(str, lying))}"
    return None


def log_problem(stack: Stack, entry: Entry, wanted: str) -> str | None:
    """Look for a line of a job's log that holds a text."""
    lines = Tail(stack.client("logs"), stack.job(entry.job_name), _LOG_LINES).read()
    if any(wanted in line.message for line in lines):
        return None
    return f"no line with {wanted!r} among {len(lines)}" if lines else "no line"


def metric_problem(
    stack: Stack, entry: Entry, name: str, wanted: float, now: datetime
) -> str | None:
    """Look for a value of a metric of the schedule, since the attempt was created."""
    labels = {"stack": stack.name, "schedule": entry.schedule}
    dimensions = [{"Name": key, "Value": value} for key, value in labels.items()]
    metric = {"Namespace": METRIC_NAMESPACE, "MetricName": name, "Dimensions": dimensions}
    answer = stack.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {"Id": "found", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Maximum"}}
        ],
        StartTime=(entry.created or entry.slot) - _MINUTE,
        EndTime=now + _MINUTE,
    )
    values = answer["MetricDataResults"][0]["Values"]
    return None if wanted in values else f"{values or 'no value'}, expected {wanted}"


def message_problem(inbox: Inbox, attempt: Attempt, wanted: Iterable[str]) -> str | None:
    """Look for the one message about a slot, and for texts in it."""
    found = inbox.told_of(attempt)
    if len(found) != 1:
        return f"{len(found)} messages, expected 1"
    lacking = [text for text in wanted if text not in found[0]]
    return f"it lacks {', '.join(lacking)}" if lacking else None


def _read(stack: Stack, entry: Entry, name: str, otherwise: Any) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON document of that name in a slot's output."""
    s3, place = stack.client("s3"), stack.output_of(entry.attempt)
    if not place.has(name, s3):
        return otherwise
    return json.loads(s3.get_object(Bucket=place.bucket, Key=place.key + name)["Body"].read())
