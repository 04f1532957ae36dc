"""Send the lines of a container to CloudWatch Logs as they come.

SageMaker keeps all jobs of one kind, of an account and region, in one log group.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

_MOST_EVENTS = 10_000
"""Of one PutLogEvents: its API reference."""
_PAUSE_S = 0.2
"""Between two requests; what comes meanwhile is sent with the next line, or at the end."""


@contextmanager
def log_stream(
    client: CloudWatchLogsClient, group: str, name: str
) -> Generator[Callable[[str], None]]:
    """Create one stream of a log group, which may be missing, and yield what sends it a line.

    A line gets the present time; an empty one is a space, since no event is empty.

    Raises:
        ClientError: of sending. AWS would run on without logs; a role that cannot write them is a
            mistake that nobody would see.
    """
    with _may_exist():
        client.create_log_group(logGroupName=group)
    with _may_exist():  # a job that starts again within a second
        client.create_log_stream(logGroupName=group, logStreamName=name)
    batch: list[InputLogEventTypeDef] = []
    next_s = 0.0

    def put(line: str) -> None:
        nonlocal next_s
        batch.append({"timestamp": time.time_ns() // 1_000_000, "message": line or " "})
        if len(batch) == _MOST_EVENTS or time.monotonic() >= next_s:
            send()
            next_s = time.monotonic() + _PAUSE_S

    def send() -> None:
        client.put_log_events(logGroupName=group, logStreamName=name, logEvents=batch)
        batch.clear()

    yield put
    if batch:
        send()


@contextmanager
def _may_exist() -> Generator[None]:
    try:
        yield
    except ClientError as error:
        # By its code: the hosts' threads share the client, which may make its classes twice.
        if error.response.get("Error", {}).get("Code") != "ResourceAlreadyExistsException":
            raise
