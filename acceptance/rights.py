"""The calls that a test makes, and so all that whoever deploys has to be allowed for it."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ops.stack import OpsError, Stack

OPERATIONS: dict[str, Mapping[str, Sequence[str]]] = json.loads(
    (Path(__file__).parent / "operations.json").read_text("utf-8")
)
"""`Processing`, and `Training` where a stack has jobs on spot -> service -> operations."""


def hold(stack: Stack) -> None:
    """Let the stack's clients refuse every other call: a role that may do less would do so."""
    make = stack.client

    def client(service: str) -> Any:  # noqa: ANN401 - a boto3 client
        made = make(service)
        made.meta.events.register("before-call.*.*", check)
        return made

    def check(model: Any, **_: object) -> None:  # noqa: ANN401 - of botocore
        service, operation = model.service_model.service_name, model.name
        known = [kind.get(service, ()) for kind in OPERATIONS.values()]
        if not any(operation in each for each in known):
            raise OpsError(f"{service} {operation} is missing in acceptance/operations.json")

    stack.client = cache(client)
