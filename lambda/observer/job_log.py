"""The end of a job's log: its last lines, and how each of several hosts says that it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from pipeline import aws_errors
from pipeline.journal_items import Entry

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import OutputLogEventTypeDef

    Stream = Sequence[OutputLogEventTypeDef]

MOST_ENDS = 10
"""Different ends of hosts that are told, each with so many hosts by their number."""
SILENT = "says nothing of its end: it was killed or lost, or its log is late"

_METRIC = '{"_aws":'
"""Begins a metric's line (container/bin/send_metric): for CloudWatch, not for people."""
_END = re.compile(r"entrypoint: host (\d+) of \d+: (.*)")
"""What container/bin/entrypoint.py logs at last, where there are several hosts."""
_COMPLETED = "completed"


def read(client: CloudWatchLogsClient, entry: Entry, most: int) -> tuple[list[str], list[str]]:
    """Return the last lines, in the order of their time, and a line for each end of its hosts.

    The last lines are of those hosts that have not completed, or of all. One host has no end of
    its own. If the log cannot be read, a line says why: a message without is better than none.
    """
    try:
        streams = [*_streams(client, entry, 2 * most)]
    except ClientError as error:
        # Before the account's first job there is no group.
        if aws_errors.code(error) == "ResourceNotFoundException":
            return [], []
        return [f"(The log cannot be read: {aws_errors.summary(error)})"], []
    ends = [_end(stream) for stream in streams]
    failed = [
        stream for stream, end in zip(streams, ends, strict=True) if not end or end[1] != _COMPLETED
    ]
    events = chain.from_iterable(failed or streams)
    ordered = sorted(events, key=lambda event: event.get("timestamp", 0))
    texts = [event.get("message", "") for event in ordered]
    lines = [text for text in texts if not (text.startswith(_METRIC) or _END.match(text))]
    count = entry.instance_count or 1
    told = _told(dict(filter(None, ends)), count) if streams and count > 1 else []
    return lines[-most:], told


def _streams(client: CloudWatchLogsClient, entry: Entry, most: int) -> Iterator[Stream]:
    """Yield the last events of each host: SageMaker has at most 100 in a job."""
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=entry.kind.group, logStreamNamePrefix=f"{entry.job_name}/"
    )
    for stream in chain.from_iterable(page["logStreams"] for page in pages):
        yield client.get_log_events(
            logGroupName=entry.kind.group,
            logStreamName=stream.get("logStreamName", ""),
            limit=most,
            startFromHead=False,
        )["events"]


def _end(stream: Stream) -> tuple[int, str] | None:
    """Return a host's number and what it says of its end, if it does."""
    found = (_END.match(event.get("message", "")) for event in reversed(stream))
    return next(((int(end[1]), end[2]) for end in found if end), None)


def _told(said: Mapping[int, str], count: int) -> list[str]:
    """Return a line for each different end, those that completed last."""
    hosts: dict[str, list[int]] = {}
    for number in range(1, count + 1):
        hosts.setdefault(said.get(number, SILENT), []).append(number)
    completed = hosts.pop(_COMPLETED, [])
    lines = [f"{_some(numbers)}: {end}" for end, numbers in hosts.items()]
    if (more := len(lines) - MOST_ENDS) > 0:
        lines[MOST_ENDS:] = [f"(and {more} other ends)"]
    return [*lines, f"{_some(completed)}: {_COMPLETED}"] if completed else lines


def _some(numbers: Sequence[int]) -> str:
    more = len(numbers) - MOST_ENDS
    shown = ", ".join(map(str, numbers[:MOST_ENDS]))
    return f"{shown} and {more} more" if more > 0 else shown
