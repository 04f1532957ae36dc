"""The deployed alarms: their states, which moto keeps, and what a change of state sets off."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from local.aws import messaging
from local.aws.cloudwatch import alarm_rule
from local.aws.cloudwatch.alarm_rule import Definition, State
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.event import of_resource
from local.aws.messaging import Topics

Alarm = dict[str, Any]
"""An alarm as DescribeAlarms tells of it."""


class Alarms:
    """Evaluates alarms when it is asked to, as CloudWatch does every minute.

    `publish` puts the event of a change on the event bus.
    """

    def __init__(
        self,
        aws: LocalAws,
        metrics: MetricStore,
        topics: Topics,
        publish: Callable[[dict[str, Any]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._aws, self._metrics = aws, metrics
        self._topics, self._publish, self._tell = topics, publish, tell
        self.definitions: dict[str, Definition] = {}
        """Alarm -> its whole PutMetricAlarm, of which moto keeps a part only."""
        self.measures: list[Callable[[datetime], None]] = []
        """What has metrics put that are of the present, before alarms look at them."""
        self._warm: set[str] = set()
        """Alarms whose warm-up, which counts from now, is over."""
        self._created = datetime.now(UTC)

    def states(self) -> list[Alarm]:
        """Return every deployed alarm."""
        pages = self._aws.client("cloudwatch").get_paginator("describe_alarms").paginate()
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        return [alarm for alarm in alarms if alarm["AlarmName"] in self.definitions]

    def evaluate(self, now: datetime) -> None:
        """Bring every alarm into the state that the metrics up to `now` give it, and act on it."""
        for measure in self.measures:
            measure(now)
        for alarm in self.states():
            name, old = alarm["AlarmName"], alarm["StateValue"]
            definition = self.definitions[name]
            alarm_rule.check(definition)
            self._read_queue(definition, now)
            values = alarm_rule.values(definition, self._metrics.points, now)
            last = values[-definition["EvaluationPeriods"] :]
            minutes = definition.get("WarmUpConfiguration", {}).get(alarm_rule.WARM_UP, 0)
            if None not in last or now >= self._created + timedelta(minutes=minutes):
                self._warm.add(name)
            state = alarm_rule.state(definition, values, old)
            if name in self._warm and state != old:
                shown = ", ".join("no data" if each is None else f"{each:g}" for each in last)
                reason = f"{definition['Statistic']} of the last periods: {shown}"
                self._change(alarm, state, reason, now)

    def _read_queue(self, definition: Definition, now: datetime) -> None:
        """Add the depth of the queue that the alarm watches: SQS tells it by itself."""
        namespace, metric = definition["Namespace"], definition["MetricName"]
        if (namespace, metric) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible"):
            [queue] = definition["Dimensions"]
            depth = messaging.queue_depth(self._aws, queue["Value"])
            if depth is not None:
                watched = {queue["Name"]: queue["Value"]}
                self._metrics.put(Point(namespace, watched, metric, "Count", depth, now))

    def _change(self, old: Alarm, state: State, reason: str, now: datetime) -> None:
        name, arn = old["AlarmName"], old["AlarmArn"]
        self._aws.client("cloudwatch").set_alarm_state(
            AlarmName=name, StateValue=state, StateReason=reason
        )
        self._tell("alarm", f"{name}: {old['StateValue']} -> {state}")
        self._publish(_event(old, state, reason, now))
        told = {  # in part
            "AlarmName": name,
            "AlarmDescription": old.get("AlarmDescription"),
            "NewStateValue": state,
            "NewStateReason": reason,
            "StateChangeTime": now.isoformat(),
            "AlarmArn": arn,
            "OldStateValue": old["StateValue"],
        }
        for action in old["AlarmActions"] if state == "ALARM" else ():
            admitted = self._topics.publish(
                action,
                service="cloudwatch.amazonaws.com",
                subject=f'{state}: "{name}" in {self._aws.region}',
                body=json.dumps(told, indent=2),
                context={"aws:SourceArn": arn, "aws:SourceAccount": ACCOUNT},
            )
            if not admitted:
                self._tell("lost", f"the message of alarm {name}: {action} does not admit it")


def _event(alarm: Alarm, state: State, reason: str, now: datetime) -> dict[str, Any]:
    """Return the event of a change of state, without the states' reason data and the metrics.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    detail = {
        "alarmName": alarm["AlarmName"],
        "configuration": {"description": alarm.get("AlarmDescription", "")},
        "previousState": {"value": alarm["StateValue"], "reason": alarm["StateReason"]},
        "state": {"value": state, "reason": reason},
    }
    detail_type = "CloudWatch Alarm State Change"
    return of_resource(alarm["AlarmArn"], "aws.cloudwatch", detail_type, detail, now)
