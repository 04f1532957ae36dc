"""The event bus: which targets of which rules an event reaches, and what becomes of the others."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.events.event_bus import EventBus
from local.aws.messaging import Topics
from tests.local.aws.functions.test_service import deploy_echo
from tests.local.aws.iam.policies import KEY_ADMITS, admitting, key, topic

REGION = "eu-central-1"
EVENTS = "events.amazonaws.com"
PREFIX = "processing-local--"


def arn(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


class Bench:
    """A bus with one rule, which is named anew for each test."""

    def __init__(self, aws: LocalAws) -> None:
        self.aws, self.metrics = aws, MetricStore(aws)
        self.invoked: list[tuple[str, Any]] = []
        self.told: list[tuple[str, str]] = []
        self.topics = Topics(aws, lambda what, detail: self.told.append((what, detail)))
        self.bus = EventBus(
            aws,
            lambda name, event: self.invoked.append((name, json.loads(event))),
            self.topics,
            self.metrics,
            lambda what, detail: self.told.append((what, detail)),
        )
        aws.services |= {"events": self.bus.answer, "sns": self.topics.answer}
        self.rule = f"rule-{uuid4().hex[:8]}"
        self.rule_arn = arn("events", f"rule/{self.rule}")
        pattern = {
            "source": ["aws.sagemaker", "own"],
            "detail": {"ProcessingJobName": [{"prefix": PREFIX}]},
        }
        aws.client("events").put_rule(Name=self.rule, EventPattern=json.dumps(pattern))

    def close(self) -> None:
        events = self.aws.client("events")
        targets = events.list_targets_by_rule(Rule=self.rule)["Targets"]
        if targets:
            events.remove_targets(Rule=self.rule, Ids=[target["Id"] for target in targets])
        events.delete_rule(Name=self.rule)

    def target(self, to: str, **settings: Any) -> None:
        self.aws.client("events").put_targets(
            Rule=self.rule, Targets=[{"Id": "target", "Arn": to, **settings}]
        )

    def queue(self, *, admits: bool = True, key_arn: str | None = None) -> str:
        """Create a queue that admits the rule, and return its ARN."""
        name = f"queue-{uuid4().hex[:8]}"
        policy = admitting(EVENTS, "sqs:SendMessage", arn("sqs", name), self.rule_arn)
        attributes = {"Policy": policy if admits else None, "KmsMasterKeyId": key_arn}
        given = {name: value for name, value in attributes.items() if value}
        self.aws.client("sqs").create_queue(QueueName=name, Attributes=given)
        return arn("sqs", name)

    def kept(self, queue_arn: str) -> list[Any]:
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    def counted(self) -> dict[str, float]:
        mine = [p for p in self.metrics.points if p.dimensions == {"RuleName": self.rule}]
        return {point.name: point.value for point in mine}

    def put(self, **changes: Any) -> dict[str, Any]:
        """Put an own event on the bus and return the entry's answer."""
        entry = {
            "Source": "own",
            "DetailType": "Not Started",
            "Detail": json.dumps({"ProcessingJobName": f"{PREFIX}x"}),
            **changes,
        }
        answer = self.aws.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == ("ErrorCode" in answer["Entries"][0])
        return answer["Entries"][0]


@pytest.fixture
def bench(aws: LocalAws) -> Iterator[Bench]:
    made = Bench(aws)
    yield made
    made.close()


@pytest.fixture(scope="module")
def function(aws: LocalAws) -> str:
    """The ARN of a function."""
    return deploy_echo(aws)


def allow(bench: Bench, function: str, **changes: str) -> None:
    bench.aws.client("lambda").add_permission(
        FunctionName=function,
        StatementId=uuid4().hex,
        Action="lambda:InvokeFunction",
        Principal=EVENTS,
        **{"SourceArn": bench.rule_arn, **changes},
    )


def sagemaker_event(name: str) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid4()),
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Processing Job State Change",
        "account": ACCOUNT,
        "region": REGION,
        "resources": [arn("sagemaker", f"processing-job/{name}")],
        "time": "2026-01-05T02:00:00Z",
        "detail": {"ProcessingJobName": name, "ProcessingJobStatus": "Failed"},
    }


class TestRules:
    def test_a_rule_sees_the_event_as_aws_sends_it_and_only_its_own(self, bench: Bench) -> None:
        queue = bench.queue()
        bench.target(queue)
        wanted = sagemaker_event(f"{PREFIX}x")
        for event in (wanted, sagemaker_event("processing-dev--x")):
            bench.bus.publish(event)
        assert bench.kept(queue) == [wanted]

    def test_a_disabled_rule_sees_nothing(self, bench: Bench) -> None:
        queue = bench.queue()
        bench.target(queue)
        bench.aws.client("events").disable_rule(Name=bench.rule)
        bench.put()
        assert bench.kept(queue) == []

    def test_an_input_transformer_makes_what_the_target_gets(self, bench: Bench) -> None:
        queue = bench.queue()
        transformer = {
            "InputPathsMap": {"job": "$.detail.ProcessingJobName"},
            "InputTemplate": '{"it": "<job>"}',
        }
        bench.target(queue, InputTransformer=transformer)
        bench.put()
        assert bench.kept(queue) == [{"it": f"{PREFIX}x"}]


class TestPutEvents:
    def test_an_own_event_gets_what_an_event_needs(self, bench: Bench) -> None:
        queue = bench.queue()
        bench.target(queue)
        event_id = bench.put(Time=datetime(2026, 1, 5, 2, tzinfo=UTC))["EventId"]
        [event] = bench.kept(queue)
        assert event["id"] == event_id
        assert (event["source"], event["detail-type"]) == ("own", "Not Started")
        assert (event["account"], event["region"]) == (ACCOUNT, REGION)
        assert event["time"] == "2026-01-05T02:00:00Z"
        assert [what for what, _ in bench.told] == ["event"]

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"Source": "aws.sagemaker"}, "NotAuthorizedForSourceException"),
            ({"Detail": "{"}, "MalformedDetail"),
            ({"Detail": "[]"}, "MalformedDetail"),
            ({"Detail": ""}, "InvalidArgument"),
        ],
    )
    def test_what_aws_refuses_reaches_nobody(
        self, bench: Bench, change: dict[str, str], code: str
    ) -> None:
        queue = bench.queue()
        bench.target(queue)
        assert bench.put(**change)["ErrorCode"] == code
        assert bench.kept(queue) == []


class TestFunctions:
    def test_a_function_that_admits_the_rule_is_invoked(self, bench: Bench, function: str) -> None:
        allow(bench, function)
        bench.target(function)
        bench.put()
        [(name, event)] = bench.invoked
        assert (name, event["source"]) == (function, "own")
        assert bench.counted() == {}

    def test_a_function_that_admits_another_rule_is_not(self, bench: Bench, function: str) -> None:
        allow(bench, function, SourceArn=f"{bench.rule_arn}-other")
        bench.target(function)
        bench.put()
        assert bench.invoked == []
        assert bench.counted()["FailedInvocations"] == 1

    def test_an_undelivered_event_is_kept_whole_by_a_queue_that_admits_the_rule(
        self, bench: Bench
    ) -> None:
        queue = bench.queue()
        bench.target(arn("lambda", "function:none"), DeadLetterConfig={"Arn": queue})
        event = sagemaker_event(f"{PREFIX}x")
        bench.bus.publish(event)
        assert bench.kept(queue) == [event]
        assert bench.counted() == {"FailedInvocations": 1}

    def test_one_that_does_not_admit_it_loses_the_event_and_that_is_counted(
        self, bench: Bench
    ) -> None:
        queue = bench.queue(admits=False)
        bench.target(arn("lambda", "function:none"), DeadLetterConfig={"Arn": queue})
        bench.put()
        assert bench.kept(queue) == []
        assert bench.counted()["InvocationsFailedToBeSentToDlq"] == 1

    @pytest.mark.parametrize(
        ("key_user", "condition", "kept"),
        [
            (EVENTS, None, 1),
            ("cloudwatch.amazonaws.com", None, 0),
            # Nor is it documented that EventBridge sends this on the way to a queue's key.
            (EVENTS, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}, 0),
        ],
    )
    def test_the_key_of_an_encrypted_queue_has_to_admit_events_too(
        self, bench: Bench, key_user: str, condition: Any, kept: int
    ) -> None:
        queue = bench.queue(key_arn=key(bench.aws, key_user, condition))
        bench.target(arn("lambda", "function:none"), DeadLetterConfig={"Arn": queue})
        bench.put()
        assert len(bench.kept(queue)) == kept


class TestTopics:
    def test_a_topic_whose_policy_and_key_admit_events_is_published_to(self, bench: Bench) -> None:
        to = topic(bench.aws, EVENTS, key(bench.aws, EVENTS))
        bench.target(to)
        bench.put()
        [message] = bench.topics.messages
        assert json.loads(message["body"] or "")["source"] == "own"
        assert bench.told[-1] == ("message", "(no subject)")

    @pytest.mark.parametrize(
        ("publisher", "key_user", "condition"),
        [
            ("cloudwatch.amazonaws.com", EVENTS, None),
            (EVENTS, "cloudwatch.amazonaws.com", None),
            # EventBridge sends no such key along: with it the message would vanish on AWS.
            (EVENTS, EVENTS, {"StringEquals": {"aws:SourceAccount": ACCOUNT}}),
            # It uses the key in its own name, not through SNS.
            (EVENTS, EVENTS, {"Null": {"kms:ViaService": "false"}}),
        ],
    )
    def test_any_other_loses_the_message_and_that_is_counted(
        self, bench: Bench, publisher: str, key_user: str, condition: Any
    ) -> None:
        to = topic(bench.aws, publisher, key(bench.aws, key_user, condition))
        bench.target(to)
        bench.put()
        assert bench.topics.messages == []
        assert bench.counted()["FailedInvocations"] == 1

    def test_a_key_needs_both_actions(self, bench: Bench) -> None:
        for action in KEY_ADMITS:
            to = topic(bench.aws, EVENTS, key(bench.aws, EVENTS, actions=[action]))
            assert not bench.topics.publish(to, service=EVENTS, subject="", body="x", context={})
