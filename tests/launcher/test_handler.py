import importlib
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from launcher.event import EventError
from tests.lambda_world import NAME, World

handler = importlib.import_module("launcher.handler")

EVENT = {"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "trigger": "schedule"}
CONTEXT = SimpleNamespace(
    function_name="launcher",
    memory_limit_in_mb=256,
    invoked_function_arn="arn:aws:lambda:eu-central-1:123456789012:function:launcher",
    aws_request_id="request",
)


@pytest.fixture
def handle(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """The handler, with the world's clients."""
    monkeypatch.setattr(handler, "_launcher", lambda: world.launcher)
    return handler.handler


def test_one_event_starts_one_job(world: World, handle: Callable[..., dict[str, Any]]) -> None:
    assert [handle(EVENT, CONTEXT)["result"] for _ in range(2)] == ["started", "already started"]
    assert list(world.sagemaker.jobs) == [NAME]


def test_by_hand_the_slot_is_now(world: World, handle: Callable[..., dict[str, Any]]) -> None:
    world.configure(input={"when_empty": "run"})
    before = handler.datetime.now(handler.UTC).replace(microsecond=0)
    slot = handle({}, CONTEXT)["slot"]
    assert before <= handler.datetime.fromisoformat(slot) <= handler.datetime.now(handler.UTC)


def test_an_event_that_asks_for_no_run_is_raised_and_never_returned(
    world: World, handle: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(EventError, match="weekly"):
        handle({"schedule": "weekly"}, CONTEXT)
    assert world.requests == []
