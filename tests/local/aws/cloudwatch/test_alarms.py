"""Deployed alarms: when their state changes, and who is told."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from local.aws.cloudwatch.alarms import Alarms
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.messaging import Topics
from tests.local.aws.cloudwatch.test_alarm_rule import definition
from tests.local.aws.iam.policies import key, topic

CLOUDWATCH = "cloudwatch.amazonaws.com"
MINUTE = timedelta(minutes=1)
OF_ALARMS = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:*:{ACCOUNT}:alarm:*"},
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
}


class Bench:
    """One alarm on one metric, whose time passes when the test says so."""

    def __init__(self, aws: LocalAws, **changes: Any) -> None:
        self.aws, self.metrics = aws, MetricStore(aws)
        self.topics = Topics(aws, lambda _what, _detail: None)
        aws.services["sns"] = self.topics.answer
        self.told: list[tuple[str, str]] = []
        self.events: list[dict[str, Any]] = []
        self.name = f"alarm-{uuid4().hex[:8]}"
        self.alarm = definition(AlarmName=self.name, EvaluationPeriods=1, **changes)
        aws.client("cloudwatch").put_metric_alarm(**self.alarm)
        aws.client("cloudwatch").set_alarm_state(
            AlarmName=self.name, StateValue="INSUFFICIENT_DATA", StateReason="new"
        )
        self.alarms = Alarms(
            aws,
            self.metrics,
            self.topics,
            self.events.append,
            lambda what, detail: self.told.append((what, detail)),
        )
        self.alarms.definitions[self.name] = self.alarm
        self.now = datetime.now(UTC)

    def after(self, minutes: float = 1, value: float | None = None) -> str:
        """Let time pass, then perhaps a value come, and return the alarm's state."""
        self.now += minutes * MINUTE
        if value is not None:
            self.metrics.put(Point("N", {"stack": "local"}, "M", "Count", value, self.now))
        self.alarms.evaluate(self.now)
        [state] = self.alarms.states()
        return state["StateValue"]

    def subjects(self) -> list[str | None]:
        return [message["subject"] for message in self.topics.messages]


def told(aws: LocalAws, publisher: str = CLOUDWATCH, **policies: Any) -> str:
    """Return a topic that admits alarms, or does not."""
    key_arn = key(aws, policies.get("key_user", CLOUDWATCH), OF_ALARMS)
    return topic(aws, publisher, key_arn, policies.get("condition", OF_ALARMS))


class TestStates:
    def test_a_state_has_its_reason_and_is_told(self, aws: LocalAws) -> None:
        bench = Bench(aws, AlarmDescription="first: look")
        assert bench.after(value=1) == "ALARM"
        [alarm] = bench.alarms.states()
        assert alarm["StateReason"] == "Sum of the last periods: 1"
        assert alarm["AlarmDescription"] == "first: look"
        assert bench.told == [("alarm", f"{bench.name}: INSUFFICIENT_DATA -> ALARM")]

    def test_a_queue_tells_its_depth_by_itself(self, aws: LocalAws) -> None:
        name = f"queue-{uuid4().hex[:8]}"
        url = aws.client("sqs").create_queue(QueueName=name)["QueueUrl"]
        bench = Bench(
            aws,
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": name}],
        )
        assert bench.after() == "OK"
        aws.client("sqs").send_message(QueueUrl=url, MessageBody="kept")
        assert bench.after() == "ALARM"

    def test_a_queue_that_is_not_there_has_no_depth(self, aws: LocalAws) -> None:
        bench = Bench(
            aws,
            Namespace="AWS/SQS",
            MetricName="ApproximateNumberOfMessagesVisible",
            Dimensions=[{"Name": "QueueName", "Value": "none"}],
            TreatMissingData="ignore",
        )
        assert bench.after() == "INSUFFICIENT_DATA"


class TestWarmUp:
    def test_nothing_is_decided_before_it_is_over(self, aws: LocalAws) -> None:
        warm_up = {"WarmUpPeriodDurationInMinutes": 60}
        bench = Bench(aws, TreatMissingData="breaching", WarmUpConfiguration=warm_up)
        assert bench.after(59) == "INSUFFICIENT_DATA"
        assert bench.after(2) == "ALARM"

    def test_data_that_fill_the_window_end_it_for_good(self, aws: LocalAws) -> None:
        warm_up = {"WarmUpPeriodDurationInMinutes": 60}
        bench = Bench(aws, TreatMissingData="breaching", WarmUpConfiguration=warm_up)
        assert bench.after(value=0) == "OK"
        assert bench.after(10) == "ALARM"


class TestActions:
    def test_an_alarm_is_told_once_and_its_end_by_an_event(self, aws: LocalAws) -> None:
        to = told(aws)
        bench = Bench(aws, AlarmActions=[to])
        for value in (1, 1, 0, 0):
            bench.after(value=value)
        assert bench.subjects() == [f'ALARM: "{bench.name}" in eu-central-1']
        assert bench.after(0) == "OK"
        body = json.loads(bench.topics.messages[0]["body"] or "")
        assert (body["NewStateValue"], body["OldStateValue"]) == ("ALARM", "INSUFFICIENT_DATA")

    def test_each_change_is_an_event_of_its_own(self, aws: LocalAws) -> None:
        bench = Bench(aws, AlarmDescription="first: look")
        for value in (0, 1):
            bench.after(value=value)
        first, second = bench.events
        assert first["resources"] == [
            f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:{bench.name}"
        ]
        assert first["detail"]["previousState"]["value"] == "INSUFFICIENT_DATA"
        assert second["detail"]["previousState"]["value"] == "OK"
        assert second["detail"]["state"]["value"] == "ALARM"
        assert second["detail"]["configuration"]["description"] == "first: look"

    @pytest.mark.parametrize(
        "policies",
        [
            {"publisher": "events.amazonaws.com"},
            {"key_user": "events.amazonaws.com"},
            {"condition": {"StringEquals": {"aws:SourceAccount": "210987654321"}}},
        ],
    )
    def test_a_topic_or_key_that_does_not_admit_alarms_loses_the_message(
        self, aws: LocalAws, policies: dict[str, Any]
    ) -> None:
        to = told(aws, **policies)
        bench = Bench(aws, AlarmActions=[to])
        bench.after(value=1)
        assert bench.subjects() == []
        assert bench.told[-1][0] == "lost"
