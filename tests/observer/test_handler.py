import importlib
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from observer.handler import EventError
from tests.lambda_world import NAME, World

handler = importlib.import_module("observer.handler")


def context(request: str = "request") -> Any:
    arn = "arn:aws:lambda:eu-central-1:123456789012:function:observer"
    return SimpleNamespace(
        function_name="observer",
        memory_limit_in_mb=512,
        invoked_function_arn=arn,
        aws_request_id=request,
    )


@pytest.fixture
def handle(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, str]]:
    """The handler, with the world's clients."""
    monkeypatch.setattr(handler, "_observer", lambda: world.observer)
    return handler.handler


def test_a_jobs_event_is_observed(world: World, handle: Callable[..., dict[str, str]]) -> None:
    event = world.run()
    assert handle(event, context()) == {NAME: "completed"}
    assert handle(event, context("another")) == {NAME: "concluded before"}


def test_the_retry_of_an_invocation_goes_on_at_once(
    world: World, handle: Callable[..., dict[str, str]]
) -> None:
    event = world.run()
    world.crash_before = "PutObject"
    with pytest.raises(Exception, match="PutObject"):
        handle(event, context("one"))
    assert handle(event, context("two")) == {NAME: "another invocation is at it"}
    assert handle(event, context("one")) == {NAME: "completed"}


def test_the_watchs_event_is_its_turn(world: World, handle: Callable[..., dict[str, str]]) -> None:
    # The handler's clock is the real one.
    world.now = handler.datetime.now(handler.UTC) - timedelta(minutes=20)
    world.schedule(changed=world.now)
    world.fail()
    assert handle({"watch": "2026-01-05T02:05:00Z"}, context()) == {NAME: "script_failed"}


def test_what_is_no_event_is_raised_and_never_returned(
    handle: Callable[..., dict[str, str]],
) -> None:
    with pytest.raises(EventError):
        handle({"hello": "world"}, context())
