import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.aws.activity import Activity
from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import LocalAws
from local.aws.functions.service import Functions
from tests.local.aws.cloudwatch.test_metric_store import emf
from tests.local.aws.functions.echo import SOURCE
from tests.local.aws.iam.policies import key
from tests.local.aws.iam.roles import trusted_by

REGION = "eu-central-1"


def deploy_echo(aws: LocalAws, name: str = "echo", role: str = "", **settings: Any) -> str:
    """Deploy the source as a function, and return its ARN."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("code.py", SOURCE)
    aws.client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}")
    made = aws.client("lambda").create_function(
        FunctionName=name,
        Role=role or trusted_by(aws, "lambda.amazonaws.com"),
        Runtime="python3.13",
        Handler="code.handler",
        Code={"ZipFile": buffer.getvalue()},
        Timeout=5,
        Environment={"Variables": {"OWN": "configured"}},
        **settings,
    )
    return made["FunctionArn"]


class Lambda:
    """The embedded AWS with functions and a queue of failed events."""

    def __init__(self, aws: LocalAws, directory: Path) -> None:
        self.aws, self.activity, self.metrics = aws, Activity(), MetricStore(aws)
        self.functions = Functions(aws, directory, self.activity, self.metrics)
        aws.services["lambda"] = self.functions.answer
        self.queue = aws.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
        for name in ("echo", "other", "plain", "lost"):
            deploy_echo(aws, name)
        self.destine("echo", "failed")
        self.destine("lost", "no-such-queue")

    def destine(self, function: str, queue: str) -> None:
        self.aws.client("lambda").put_function_event_invoke_config(
            FunctionName=function,
            MaximumRetryAttempts=1,
            DestinationConfig={
                "OnFailure": {"Destination": f"arn:aws:sqs:{REGION}:123456789012:{queue}"}
            },
        )

    def invoke(
        self, event: dict[str, Any], kind: str = "RequestResponse", name: str = "echo"
    ) -> dict[str, Any]:
        return self.aws.client("lambda").invoke(
            FunctionName=name, InvocationType=kind, Payload=json.dumps(event)
        )

    def counted(self, name: str) -> dict[str, float]:
        totals: dict[str, float] = {}
        for point in self.metrics.points:
            if (point.namespace, point.dimensions) == ("AWS/Lambda", {"FunctionName": name}):
                totals[point.name] = totals.get(point.name, 0) + point.value
        return totals


@pytest.fixture(scope="module")
def deployed(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lambda]:
    made = Lambda(aws, tmp_path_factory.mktemp("functions"))
    yield made
    made.functions.close()


class TestFunctions:
    def test_invoke_runs_the_deployed_code_with_its_environment_and_role(
        self, deployed: Lambda
    ) -> None:
        answer = json.load(deployed.invoke({})["Payload"])
        assert answer["own"] == "configured"
        assert answer["who"] not in (deployed.aws.administrator.access_key, "testing")

    def test_a_synchronous_error_is_marked_as_lambda_marks_it(self, deployed: Lambda) -> None:
        answer = deployed.invoke({"raise": "no"})
        assert answer["FunctionError"] == "Unhandled"
        assert json.load(answer["Payload"])["errorMessage"] == "no"

    def test_an_error_leaves_the_function_warm(self, deployed: Lambda) -> None:
        calls = [
            json.load(deployed.invoke(event)["Payload"]).get("calls")
            for event in ({}, {"raise": "no"}, {})
        ]
        assert calls[2] == calls[0] + 2

    def test_a_function_that_does_not_exist_is_named(self, deployed: Lambda) -> None:
        missing = deployed.aws.client("lambda").exceptions.ResourceNotFoundException
        for kind in ("RequestResponse", "Event"):
            with pytest.raises(missing, match="none"):
                deployed.invoke({}, kind, "none")

    def test_logs_of_an_invocation_are_kept(self, deployed: Lambda) -> None:
        deployed.invoke({"marker": 1})
        found = deployed.aws.client("logs").filter_log_events(logGroupName="/aws/lambda/echo")
        assert any("marker" in event["message"] for event in found["events"])

    def test_metrics_that_a_function_prints_are_kept(self, deployed: Lambda) -> None:
        deployed.invoke({"emf": emf([7.0])})
        assert [p.value for p in deployed.metrics.points if p.name == "Records"] == [7]

    def test_a_function_runs_while_another_does_and_its_own_events_queue(
        self, deployed: Lambda, tmp_path: Path
    ) -> None:
        begun, may_end, second = (str(tmp_path / name) for name in ("begun", "end", "second"))
        deployed.invoke({"touch": begun, "until": may_end}, "Event")
        deployed.invoke({"touch": second}, "Event")
        deployed.invoke({"until": begun}, name="other")
        assert not Path(second).exists()
        deployed.invoke({"touch": may_end}, name="other")
        deployed.activity.wait(10)
        assert Path(second).exists()


class TestRole:
    """What a function's role needs before its code runs."""

    @pytest.mark.parametrize("context", ["echo-own", "echo-other"])
    def test_an_encrypted_environment_is_seen_by_the_functions_own_role_only(
        self, deployed: Lambda, context: str
    ) -> None:
        aws, name = deployed.aws, f"encrypted-for-{context}"
        key_arn = key(aws, "events.amazonaws.com")
        own = f"arn:aws:lambda:{REGION}:123456789012:function:encrypted-for-echo-own"
        condition = {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": own}}
        everything = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key_arn}
        role = trusted_by(
            aws, "lambda.amazonaws.com", everything, {**decrypt, "Condition": condition}
        )
        deploy_echo(aws, name, role, KMSKeyArn=key_arn)
        answer = deployed.invoke({}, name=name)
        payload = json.load(answer["Payload"])
        if context == "echo-own":
            assert payload["own"] == "configured"
        else:
            assert answer["FunctionError"] == "Unhandled"
            assert "not authorized to perform: kms:Decrypt" in payload["errorMessage"]

    def test_a_role_that_does_not_trust_lambda_any_more_runs_nothing(
        self, deployed: Lambda
    ) -> None:
        role = trusted_by(deployed.aws, "scheduler.amazonaws.com")
        deploy_echo(deployed.aws, "distrusted", role)
        deployed.invoke({}, "Event", "distrusted")
        deployed.activity.wait(30)
        [*_, outcome] = deployed.functions.outcomes
        assert "not authorized to perform: sts:AssumeRole" in outcome.payload["errorMessage"]
        assert deployed.counted("distrusted")["AsyncEventsDropped"] == 1


class TestAsynchronousEvents:
    def test_one_that_fails_is_retried_with_its_id_and_kept_in_its_queue(
        self, deployed: Lambda
    ) -> None:
        before = len(deployed.functions.outcomes)
        assert deployed.invoke({"raise": "again"}, "Event")["StatusCode"] == 202
        deployed.activity.wait(30)
        tries = deployed.functions.outcomes[before:]
        assert len(tries) == 2
        assert len({outcome.request_id for outcome in tries}) == 1
        sqs = deployed.aws.client("sqs")
        [message] = sqs.receive_message(QueueUrl=deployed.queue)["Messages"]
        kept = json.loads(message["Body"])
        assert kept["requestPayload"] == {"raise": "again"}
        assert kept["requestContext"]["requestId"] == tries[0].request_id
        assert kept["requestContext"]["approximateInvokeCount"] == 2
        assert kept["responsePayload"]["errorMessage"] == "again"

    def test_without_settings_lambdas_own_defaults_hold(self, deployed: Lambda) -> None:
        deployed.invoke({"raise": "no"}, "Event", "plain")
        deployed.activity.wait(30)
        assert deployed.counted("plain") == {
            "Invocations": 3,
            "Errors": 3,
            "Throttles": 0,
            "AsyncEventsDropped": 1,
        }

    def test_an_event_that_its_queue_cannot_take_is_counted_as_lost(self, deployed: Lambda) -> None:
        deployed.invoke({"raise": "no"}, "Event", "lost")
        deployed.activity.wait(30)
        counted = deployed.counted("lost")
        assert (counted["DestinationDeliveryFailures"], counted["AsyncEventsDropped"]) == (1, 1)
