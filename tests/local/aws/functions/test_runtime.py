"""One execution environment of a function, without the rest of Lambda."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws.functions.runtime import Runtime
from tests.local.aws.functions.echo import SOURCE

REGION = "eu-central-1"


def start(code: Path, **changes: Any) -> Runtime:
    (code / "code.py").write_text(SOURCE)
    config = {
        "FunctionName": "echo",
        "FunctionArn": f"arn:aws:lambda:{REGION}:123456789012:function:echo",
        "Handler": "code.handler",
        "Timeout": 1,
        "MemorySize": 128,
        **changes,
    }
    return Runtime(config, code, {"AWS_ACCESS_KEY_ID": "of-the-role"})


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = start(tmp_path)
    yield made
    made.close()


class TestRuntime:
    def test_a_function_sees_its_own_environment_and_nothing_of_this_process(
        self, runtime: Runtime
    ) -> None:
        outcome = runtime.invoke(b"{}", "id")
        assert not outcome.failed
        assert outcome.payload == {
            "name": "echo",
            "who": "of-the-role",
            "own": None,
            "home": None,
            "calls": 1,
        }
        assert "saw []" in outcome.log

    @pytest.mark.parametrize(
        ("module", "found"), [("boto3", True), ("aws_lambda_powertools", False), ("pulumi", False)]
    )
    def test_a_function_has_the_sdk_and_else_only_what_it_carries(
        self, tmp_path: Path, module: str, *, found: bool
    ) -> None:
        event = json.dumps({"import": module}).encode()
        runtime = start(tmp_path, Timeout=30)
        assert runtime.invoke(event, "id").failed != found
        runtime.close()

    def test_a_function_does_not_get_the_ctrl_c_of_a_terminal(self, runtime: Runtime) -> None:
        [line] = [
            each for each in runtime.invoke(b'{"session": 1}', "id").log if "session " in each
        ]
        assert line != f"session {os.getsid(0)}"

    def test_a_raised_error_is_told_as_lambda_tells_it(self, runtime: Runtime) -> None:
        outcome = runtime.invoke(b'{"raise": "why"}', "id")
        assert outcome.failed
        assert outcome.payload["errorType"] == "ValueError"
        assert outcome.payload["errorMessage"] == "why"

    def test_an_error_leaves_the_environment_warm_and_a_crash_does_not(
        self, runtime: Runtime
    ) -> None:
        runtime.invoke(b'{"raise": "why"}', "id")
        assert runtime.alive
        assert runtime.invoke(b"{}", "id").payload["calls"] == 2
        runtime.invoke(b'{"exit": 1}', "id")
        assert not runtime.alive

    def test_a_function_that_ends_its_process_fails(self, runtime: Runtime) -> None:
        outcome = runtime.invoke(b'{"exit": 1}', "id")
        assert outcome.payload["errorType"] == "Runtime.ExitError"

    def test_a_function_that_takes_longer_than_its_timeout_is_ended(self, runtime: Runtime) -> None:
        began = time.monotonic()
        outcome = runtime.invoke(b'{"sleep": 1}', "id")
        assert time.monotonic() - began < 5
        assert outcome.failed
        assert "Task timed out after 1.00 seconds" in outcome.payload["errorMessage"]

    def test_a_function_that_cannot_be_loaded_says_why_and_at_once(self, tmp_path: Path) -> None:
        began, broken = time.monotonic(), start(tmp_path, Handler="no_such.handler")
        try:
            assert broken.invoke(b"{}", "id").payload["errorType"] == "Runtime.ImportModuleError"
        finally:
            broken.close()
        assert time.monotonic() - began < 8
