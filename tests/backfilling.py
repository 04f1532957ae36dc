"""An operator's backfill of a stack as its functions meet it, in the same process."""

import io
import json
from argparse import Namespace
from contextlib import suppress
from datetime import date
from types import SimpleNamespace
from typing import Any

from rich.console import Console

from ops.backfill import backfill
from ops.screen import Screen
from ops.session import Session
from ops.stack import Stack
from tests.lambda_world import ENVIRONMENT, World


def interrupted_backfill(world: World, first: date, last: date, parallel: int, looks: int) -> None:
    """Backfill schedule `daily`, until Ctrl-C after so many looks."""

    def client(service: str) -> Any:
        return SimpleNamespace(invoke=invoke) if service == "lambda" else world.client(service)

    def invoke(FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - AWS's names
        del FunctionName
        answer = world.launch(event=json.loads(Payload))
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}

    def pause() -> None:
        nonlocal looks
        looks -= 1
        if not looks:
            raise KeyboardInterrupt

    def bucket(_role: str, _existing: str | None) -> str:
        return ENVIRONMENT["OUTPUT_BUCKET"]

    stack = Stack(world.settings)
    stack.client = client
    vars(stack)["_bucket"] = bucket
    screen = Screen(as_json=False)
    screen.out = screen.err = Console(file=io.StringIO())
    session = Session(stack, screen, lambda: world.now, pause)
    options = Namespace(schedule="daily", first=first, last=last, parallel=parallel, yes=True)
    with suppress(KeyboardInterrupt):
        backfill(session, options)
