"""One asynchronous event of a function: Lambda's retries, and where it goes if all of them fail.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from local.aws import queues
from local.aws.endpoint import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.aws.endpoint import LocalAws
    from local.aws.functions.runtime import Outcome
    from local.aws.iam import Session

_RETRIES = 2
"""Lambda's default, where the function has no setting."""


class Count(Protocol):
    """Counts in AWS/Lambda."""

    def __call__(self, name: str, **values: int) -> None:
        """Add a function's values."""
        ...


@dataclass(frozen=True)
class AsyncEvent:
    """An event that Lambda has taken."""

    aws: LocalAws
    function: str
    session: Session | None
    """Of the function's role, which sends the event to its queue if all tries fail."""
    event: bytes
    run: Callable[[str, bytes, str], Outcome]
    """Runs a function by name with an event and a request's id."""
    count: Count

    def deliver(self) -> None:
        """Run the function until it succeeds or has been retried, without Lambda's minutes between.

        All tries have the same request id.
        """
        lambda_, request_id = self.aws.client("lambda"), str(uuid.uuid4())
        try:
            config: dict[str, Any] = lambda_.get_function_event_invoke_config(
                FunctionName=self.function
            )
        except ClientError:
            config = {}
        tries = 1 + config.get("MaximumRetryAttempts", _RETRIES)
        self.count(self.function, AsyncEventsReceived=1)
        outcome = self.run(self.function, self.event, request_id)
        for _ in range(tries - 1):
            if outcome.failed:
                outcome = self.run(self.function, self.event, request_id)
        if not outcome.failed:
            return
        destination = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if destination and not self._keep(destination, outcome, tries):
            self.count(self.function, DestinationDeliveryFailures=1)
        self.count(self.function, AsyncEventsDropped=1)

    def _keep(self, destination: str, outcome: Outcome, tries: int) -> bool:
        """Send the event to its queue, in the form of Lambda's invocation record."""
        if ":sqs:" not in destination:
            raise NotImplementedError(f"the local Lambda has no destination {destination}")
        record: dict[str, Any] = {
            "version": "1.0",
            "timestamp": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.000Z}",
            "requestContext": {
                "requestId": outcome.request_id,
                "functionArn": f"arn:aws:lambda:{self.aws.region}:{ACCOUNT}:function:"
                f"{self.function}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": tries,
            },
            "requestPayload": json.loads(self.event),
            "responseContext": {"statusCode": 200, "functionError": "Unhandled"},
            "responsePayload": outcome.payload,
        }
        return queues.send(self.aws, self.session, destination, json.dumps(record), {})
