"""The last lines that a job logged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline import aws_errors
from pipeline.contract import JOB_LOGS

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

_METRIC = '{"_aws":'
"""Begins a metric's line (container/bin/send_metric): for CloudWatch, not for people."""


def last_lines(client: CloudWatchLogsClient, job_name: str, most: int) -> list[str]:
    """Return the last lines of all of a job's hosts, in the order of their time.

    Where they cannot be had, the one line says why: a message without them is better than none.
    """
    try:
        return _last_lines(client, job_name, most)
    except ClientError as error:
        # Before the account's first processing job there is no group.
        if aws_errors.code(error) == "ResourceNotFoundException":
            return []
        return [f"(The log cannot be read: {aws_errors.summary(error)})"]


def _last_lines(client: CloudWatchLogsClient, job_name: str, most: int) -> list[str]:
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=JOB_LOGS, logStreamNamePrefix=f"{job_name}/"
    )
    events = [
        event
        for page in pages
        for stream in page["logStreams"]
        for event in client.get_log_events(
            logGroupName=JOB_LOGS,
            logStreamName=stream.get("logStreamName", ""),
            limit=2 * most,
            startFromHead=False,
        )["events"]
    ]
    events.sort(key=lambda event: event.get("timestamp", 0))
    lines = [event.get("message", "") for event in events]
    return [line for line in lines if not line.startswith(_METRIC)][-most:]
