from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from local.aws import LocalAws
from local.functions import Functions
from local.lambda_runtime import Function, Runtime
from tests.local.roles import trusted_by

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REGION = "eu-central-1"
SOURCE = """
import os, time

def handler(event, context):
    print("saw", sorted(event))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(3)
    if "sleep" in event:
        time.sleep(30)
    return {"name": context.function_name, "who": os.environ["AWS_ACCESS_KEY_ID"],
            "own": os.environ.get("OWN"), "home": os.environ.get("HOME")}
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    (tmp_path / "code.py").write_text(SOURCE)
    function = Function(
        name="echo",
        arn=f"arn:aws:lambda:{REGION}:123456789012:function:echo",
        handler="code.handler",
        timeout_s=1,
        memory_mb=128,
        code=tmp_path,
        environment={"AWS_ACCESS_KEY_ID": "of-the-role"},
    )
    made = Runtime(function)
    yield made
    made.close()


class TestRuntime:
    def test_a_function_sees_its_own_environment_and_nothing_of_this_process(
        self, runtime: Runtime
    ) -> None:
        outcome = runtime.invoke(b"{}")
        assert not outcome.failed
        assert outcome.payload == {
            "name": "echo",
            "who": "of-the-role",
            "own": None,
            "home": None,
        }
        assert "saw []" in outcome.log

    def test_a_raised_error_is_told_as_lambda_tells_it(self, runtime: Runtime) -> None:
        outcome = runtime.invoke(b'{"raise": "why"}')
        assert outcome.failed
        assert outcome.payload["errorType"] == "ValueError"
        assert outcome.payload["errorMessage"] == "why"

    def test_a_function_that_ends_its_process_fails(self, runtime: Runtime) -> None:
        outcome = runtime.invoke(b'{"exit": 1}')
        assert outcome.payload["errorType"] == "Runtime.ExitError"

    def test_a_function_that_takes_longer_than_its_timeout_is_ended(self, runtime: Runtime) -> None:
        outcome = runtime.invoke(b'{"sleep": 1}')
        assert outcome.failed
        assert "Task timed out after 1.00 seconds" in outcome.payload["errorMessage"]
        assert outcome.seconds < 5


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalAws, str]]:
    """The embedded AWS with a function `echo` and the URL of its on-failure queue."""
    aws = LocalAws(REGION)
    functions = Functions(aws, tmp_path_factory.mktemp("functions"))
    aws.services["lambda"] = functions
    aws.start()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("code.py", SOURCE)
    queue = aws.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    aws.client("logs").create_log_group(logGroupName="/aws/lambda/echo")
    lambda_ = aws.client("lambda")
    lambda_.create_function(
        FunctionName="echo",
        Role=trusted_by(aws, "lambda.amazonaws.com"),
        Runtime="python3.13",
        Handler="code.handler",
        Code={"ZipFile": buffer.getvalue()},
        Timeout=5,
        Environment={"Variables": {"OWN": "configured"}},
    )
    lambda_.put_function_event_invoke_config(
        FunctionName="echo",
        MaximumRetryAttempts=2,
        DestinationConfig={
            "OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:123456789012:failed"}
        },
    )
    yield aws, queue
    functions.close()
    aws.stop()


def invoke(aws: LocalAws, event: dict[str, Any], kind: str = "RequestResponse") -> dict[str, Any]:
    return aws.client("lambda").invoke(
        FunctionName="echo", InvocationType=kind, Payload=json.dumps(event)
    )


class TestFunctions:
    def test_invoke_runs_the_deployed_code_with_its_environment_and_role(
        self, deployed: tuple[LocalAws, str]
    ) -> None:
        answer = json.load(invoke(deployed[0], {})["Payload"])
        assert answer["own"] == "configured"
        assert answer["who"] not in ("administrator", "testing")

    def test_a_synchronous_error_is_marked_as_lambda_marks_it(
        self, deployed: tuple[LocalAws, str]
    ) -> None:
        answer = invoke(deployed[0], {"raise": "no"})
        assert answer["FunctionError"] == "Unhandled"
        assert json.load(answer["Payload"])["errorMessage"] == "no"

    def test_an_asynchronous_event_that_fails_three_times_is_kept_in_its_queue(
        self, deployed: tuple[LocalAws, str]
    ) -> None:
        aws, queue = deployed
        functions = aws.services["lambda"]
        assert isinstance(functions, Functions)
        before = len(functions.outcomes)
        assert invoke(aws, {"raise": "again"}, "Event")["StatusCode"] == 202
        functions.join(30)
        assert len(functions.outcomes) - before == 3
        [message] = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        kept = json.loads(message["Body"])
        assert kept["requestPayload"] == {"raise": "again"}
        assert kept["requestContext"]["approximateInvokeCount"] == 3
        assert kept["responsePayload"]["errorMessage"] == "again"

    def test_logs_of_an_invocation_are_kept(self, deployed: tuple[LocalAws, str]) -> None:
        aws, _ = deployed
        invoke(aws, {"marker": 1})
        found = aws.client("logs").filter_log_events(logGroupName="/aws/lambda/echo")
        assert any("marker" in event["message"] for event in found["events"])
