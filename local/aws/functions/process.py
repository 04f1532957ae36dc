"""What a function's process runs (by `python -c`): AWS's runtime client (awslambdaric), on a pipe.

On Lambda the client speaks HTTP with a Runtime API. Here whoever reaches that on loopback could
take a function's events and answer them; the pipe is of this process and its parent only.
"""

import gc
import json
import sys
from multiprocessing.connection import Connection

from awslambdaric import bootstrap  # pyright: ignore[reportMissingTypeStubs]
from awslambdaric.lambda_runtime_client import (  # pyright: ignore[reportMissingTypeStubs]
    InvocationRequest,
    LambdaRuntimeClient,
)

_handler, _descriptor, _arn = sys.argv[1:]
_pipe = Connection(int(_descriptor))
gc.set_threshold(50_000, 20, 50)  # as in local/__main__.py: the SDK is what lives, and it stays


class _Client(LambdaRuntimeClient):
    """Says `ready`, takes an event, and answers with `response` or `error`."""

    def wait_next_invocation(self) -> InvocationRequest:
        _tell("ready", "")
        request_id, event, deadline_ms = json.loads(_pipe.recv_bytes())
        absent = ("x_amzn_trace_id", "client_context", "cognito_identity", "tenant_id")
        return InvocationRequest(
            **dict.fromkeys((*absent, "invocation_id")),
            invoke_id=request_id,
            event_body=event.encode(),
            deadline_time_in_ms=deadline_ms,
            invoked_function_arn=_arn,
            content_type="application/json",
        )

    def post_invocation_result(self, *sent: object, **_: object) -> None:
        _tell("response", sent[1])  # the first is the request's id

    def post_invocation_error(self, *sent: object, **_: object) -> None:
        _tell("error", sent[1])

    def post_init_error(self, error_response_data: object, *_: object, **__: object) -> None:
        _tell("error", json.dumps(error_response_data))


def _tell(kind: str, body: object) -> None:
    _pipe.send_bytes(json.dumps([kind, body]).encode())


bootstrap.run(_handler, _Client(""))
