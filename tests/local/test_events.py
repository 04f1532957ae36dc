"""What the embedded AWS delivers: slots of schedules, and events of its bus."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from werkzeug.wrappers import Response

from local import event_bus
from local.aws import ACCOUNT, LocalAws
from local.scheduler import ScheduleError, fire
from tests.local.roles import trusted_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Request

REGION = "eu-central-1"
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
GROUP = "processing"
EVENT = {"slot": "<aws.scheduler.scheduled-time>", "n": "<aws.scheduler.attempt-number>"}


class Lambda:
    """Takes invocations, or refuses them."""

    def __init__(self) -> None:
        self.invocations: list[tuple[str, str | None, Any]] = []
        self.status = 202

    def answer(self, request: Request) -> Response | None:
        kind = request.headers.get("X-Amz-Invocation-Type")
        self.invocations.append((request.path, kind, request.get_json(force=True)))
        return Response("{}", self.status, content_type="application/json")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    endpoint = LocalAws(REGION)
    endpoint.start()
    endpoint.client("scheduler").create_schedule_group(Name=GROUP)
    yield endpoint
    endpoint.stop()


@pytest.fixture(scope="module")
def roles(aws: LocalAws) -> dict[str, str]:
    services = ("scheduler.amazonaws.com", "lambda.amazonaws.com")
    return {service: trusted_by(aws, service) for service in services}


@pytest.fixture
def target(aws: LocalAws) -> Lambda:
    service = Lambda()
    aws.services["lambda"] = service
    return service


def schedule(aws: LocalAws, name: str, role: str, state: str = "ENABLED") -> str:
    """Create a schedule and its queue; return the queue's URL."""
    queue = aws.client("sqs").create_queue(QueueName=f"{name}-failures")["QueueUrl"]
    aws.client("scheduler").create_schedule(
        Name=name,
        GroupName=GROUP,
        ScheduleExpression="rate(1 hour)",
        FlexibleTimeWindow={"Mode": "OFF"},
        State=state,
        Target={
            "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:launcher",
            "RoleArn": role,
            "Input": json.dumps(EVENT),
            "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failures"},
        },
    )
    return queue


class TestSchedule:
    def test_a_slot_is_delivered_asynchronously_with_its_scheduled_time(
        self, aws: LocalAws, roles: dict[str, str], target: Lambda
    ) -> None:
        schedule(aws, "daily", roles["scheduler.amazonaws.com"])
        fire(aws, GROUP, "daily", SLOT)
        [(path, kind, event)] = target.invocations
        assert "launcher" in path
        assert kind == "Event"
        assert event == {"slot": "2026-01-05T02:00:00Z", "n": "1"}

    def test_a_disabled_schedule_does_not_fire(
        self, aws: LocalAws, roles: dict[str, str], target: Lambda
    ) -> None:
        schedule(aws, "off", roles["scheduler.amazonaws.com"], state="DISABLED")
        with pytest.raises(ScheduleError, match="disabled"):
            fire(aws, GROUP, "off", SLOT)
        assert target.invocations == []

    def test_an_unknown_schedule_is_named(self, aws: LocalAws) -> None:
        with pytest.raises(ScheduleError, match="no schedule nothing"):
            fire(aws, GROUP, "nothing", SLOT)

    def test_a_slot_that_the_target_refuses_is_kept_in_the_queue(
        self, aws: LocalAws, roles: dict[str, str], target: Lambda
    ) -> None:
        target.status = 403
        queue = schedule(aws, "refused", roles["scheduler.amazonaws.com"])
        with pytest.raises(ScheduleError, match="refused could not be delivered"):
            fire(aws, GROUP, "refused", SLOT)
        [message] = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        assert json.loads(message["Body"])["slot"] == "2026-01-05T02:00:00Z"

    def test_a_role_that_does_not_trust_the_scheduler_keeps_the_slot_too(
        self, aws: LocalAws, roles: dict[str, str], target: Lambda
    ) -> None:
        queue = schedule(aws, "untrusted", roles["lambda.amazonaws.com"])
        with pytest.raises(ScheduleError, match="may not assume"):
            fire(aws, GROUP, "untrusted", SLOT)
        assert target.invocations == []
        assert aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]


class TestEventBus:
    def test_a_rule_sees_the_event_as_aws_sends_it(self, aws: LocalAws) -> None:
        queue = aws.client("sqs").create_queue(QueueName="seen")["QueueUrl"]
        pattern = {
            "source": ["aws.sagemaker"],
            "detail": {"ProcessingJobName": [{"prefix": "processing-local--"}]},
        }
        events = aws.client("events")
        events.put_rule(Name="jobs", EventPattern=json.dumps(pattern))
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:seen"
        events.put_targets(Rule="jobs", Targets=[{"Id": "queue", "Arn": arn}])
        job_arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/processing-local--x"
        for name in ("processing-local--x", "processing-dev--x"):
            event_bus.publish(
                aws,
                {
                    "source": "aws.sagemaker",
                    "detail-type": "SageMaker Processing Job State Change",
                    "resources": [job_arn],
                    "time": "2026-01-05T02:00:00Z",
                    "detail": {"ProcessingJobName": name, "ProcessingJobStatus": "Failed"},
                },
            )
        [message] = aws.client("sqs").receive_message(QueueUrl=queue)["Messages"]
        seen = json.loads(message["Body"])
        assert seen["detail-type"] == "SageMaker Processing Job State Change"
        assert seen["resources"] == [job_arn]
        assert seen["detail"]["ProcessingJobName"] == "processing-local--x"
