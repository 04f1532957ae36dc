"""Send the lines of a container to CloudWatch Logs as they come.

SageMaker keeps all processing jobs of an account and region in one log group.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from types import TracebackType

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"

# Of one PutLogEvents: its API reference. An event counts 26 bytes beside its message.
_MOST_EVENTS = 10_000
_MOST_BYTES = 1_048_576
_EVENT_BYTES = 26


class LogStream:
    """One stream of the log group, which is created if it is missing; a context manager.

    At most `_MOST_EVENTS` lines wait to be sent; then `put` blocks, and with it the container.

    Raises:
        ClientError: on leaving, the first error of sending. AWS would run on without logs; a role
            that cannot write them is a mistake that nobody would see.
    """

    def __init__(self, client: CloudWatchLogsClient, name: str) -> None:
        self._client = client
        self._name = name
        self._waiting: queue.Queue[InputLogEventTypeDef | None] = queue.Queue(_MOST_EVENTS)
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._send_all, daemon=True)

    def __enter__(self) -> LogStream:
        with contextlib.suppress(self._client.exceptions.ResourceAlreadyExistsException):
            self._client.create_log_group(logGroupName=LOG_GROUP)
        self._client.create_log_stream(logGroupName=LOG_GROUP, logStreamName=self._name)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._error and error is None:
            raise self._error

    def put(self, line: str) -> None:
        """Send a line with the present time; an empty one as a space, since no event is empty."""
        self._waiting.put({"timestamp": time.time_ns() // 1_000_000, "message": line or " "})

    def _send_all(self) -> None:
        batch: list[InputLogEventTypeDef] = []
        size = 0
        while event := self._waiting.get():
            event_size = len(event["message"].encode()) + _EVENT_BYTES
            if size + event_size > _MOST_BYTES:
                self._send(batch)
                batch, size = [], 0
            batch.append(event)
            size += event_size
            if len(batch) == _MOST_EVENTS or self._waiting.empty():
                self._send(batch)
                batch, size = [], 0
        self._send(batch)

    def _send(self, batch: list[InputLogEventTypeDef]) -> None:
        if not batch or self._error:
            return
        try:
            self._client.put_log_events(
                logGroupName=LOG_GROUP, logStreamName=self._name, logEvents=batch
            )
        except (BotoCoreError, ClientError) as error:
            self._error = error
