"""The end of a job's log: its last lines, and how each of several hosts says that it ended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

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


class Log(NamedTuple):
    """The end of a job's log."""

    lines: Sequence[str] = ()
    """The last ones, in the order of their time, of the hosts that have not completed, or of all.
    """
    hosts: Sequence[str] = ()
    """One for each end of its hosts; one host has no end of its own."""
    stream: str | None = None
    """The name of the one log stream that has these lines; None if several have."""


def read(client: CloudWatchLogsClient, entry: Entry, most: int) -> Log:
    """Return the end of a job's log, with so many lines.

    If it cannot be read, a line says why: a message without is better than none.
    """
    try:
        named = [*_streams(client, entry, 2 * most)]
    except ClientError as error:
        # Before the account's first job there is no group.
        if aws_errors.code(error) == "ResourceNotFoundException":
            return Log()
        return Log([f"(The log cannot be read: {aws_errors.summary(error)})"])
    ends = [_end(events) for _, events in named]
    failed = [
        each for each, end in zip(named, ends, strict=True) if not end or end[1] != _COMPLETED
    ]
    shown = failed or named
    events = chain.from_iterable(events for _, events in shown)
    ordered = sorted(events, key=lambda event: event.get("timestamp", 0))
    texts = [event.get("message", "") for event in ordered]
    lines = [text for text in texts if not (text.startswith(_METRIC) or _END.match(text))]
    count = entry.instance_count or 1
    told = _told(dict(filter(None, ends)), count) if named and count > 1 else []
    return Log(lines[-most:], told, shown[0][0] if len(shown) == 1 else None)


def _streams(client: CloudWatchLogsClient, entry: Entry, most: int) -> Iterator[tuple[str, Stream]]:
    """Yield the name and the last events of each host: SageMaker has at most 100 in a job."""
    pages = client.get_paginator("describe_log_streams").paginate(
        logGroupName=entry.kind.group, logStreamNamePrefix=f"{entry.job_name}/"
    )
    for stream in chain.from_iterable(page["logStreams"] for page in pages):
        name = stream.get("logStreamName", "")
        yield (
            name,
            client.get_log_events(
                logGroupName=entry.kind.group,
                logStreamName=name,
                limit=most,
                startFromHead=False,
            )["events"],
        )


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
