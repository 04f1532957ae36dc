"""Send the lines of a container to CloudWatch Logs as they come.

SageMaker keeps all processing jobs of an account and region in one log group.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"

_MOST_EVENTS = 10_000
"""Of one PutLogEvents: its API reference."""
_PAUSE_S = 0.2
"""Between two requests; what comes meanwhile is sent with the next line, or at the end."""


class LogStream:
    """One stream of the log group, which is created if it is missing; a context manager.

    Raises:
        ClientError: of sending. AWS would run on without logs; a role that cannot write them is a
            mistake that nobody would see.
    """

    def __init__(self, client: CloudWatchLogsClient, name: str) -> None:
        self._client, self._name = client, name
        self._batch: list[InputLogEventTypeDef] = []
        self._next_s = 0.0

    def __enter__(self) -> LogStream:
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_group(logGroupName=LOG_GROUP)
        self._client.create_log_stream(logGroupName=LOG_GROUP, logStreamName=self._name)
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            self._send()

    def put(self, line: str) -> None:
        """Send a line with the present time; an empty one as a space, since no event is empty."""
        self._batch.append({"timestamp": time.time_ns() // 1_000_000, "message": line or " "})
        if len(self._batch) == _MOST_EVENTS or time.monotonic() >= self._next_s:
            self._send()

    def _send(self) -> None:
        batch, self._batch = self._batch, []
        if batch:
            self._client.put_log_events(
                logGroupName=LOG_GROUP, logStreamName=self._name, logEvents=batch
            )
        self._next_s = time.monotonic() + _PAUSE_S
