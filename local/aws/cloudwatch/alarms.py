"""The deployed alarms: their states, and what a change of state sets off."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from local.aws import messaging
from local.aws.cloudwatch.alarm_rule import AlarmRule, State
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.event import of_resource
from local.aws.messaging import Topics

_SERVICE = "cloudwatch.amazonaws.com"


@dataclass(frozen=True)
class AlarmState:
    """One alarm as a person sees it."""

    name: str
    state: State
    reason: str
    description: str
    metric: str
    """Namespace and name of what it watches."""


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
        self.definitions: dict[str, dict[str, Any]] = {}
        """Alarm -> its whole PutMetricAlarm, of which moto keeps a part only, and its ARN."""
        self._states: dict[str, AlarmState] = {}
        self._warm: set[str] = set()
        """Alarms whose warm-up is over."""
        self.created = datetime.now(UTC)
        """When the alarms were created, from which their warm-up counts."""

    def states(self) -> list[AlarmState]:
        """Return every alarm with its state."""
        return [self._state(name) for name in self.definitions]

    def evaluate(self, now: datetime) -> None:
        """Bring every alarm into the state that the metrics up to `now` give it, and act on it."""
        for name, definition in self.definitions.items():
            rule = AlarmRule.read(definition)
            self._read_queue(rule, now)
            values = rule.values(self._metrics.points, now)
            last = values[-rule.periods :]
            if None not in last or now >= self.created + rule.warm_up:
                self._warm.add(name)
            old = self._state(name)
            state = rule.state(values, old.state)
            if name in self._warm and state != old.state:
                shown = ", ".join("no data" if each is None else f"{each:g}" for each in last)
                reason = f"{rule.statistic} of the last periods: {shown}"
                self._change(old, replace(old, state=state, reason=reason), definition, now)

    def _state(self, name: str) -> AlarmState:
        definition = self.definitions[name]
        return self._states.get(name) or AlarmState(
            name,
            "INSUFFICIENT_DATA",
            "Unchecked: Initial alarm creation",
            definition.get("AlarmDescription", ""),
            f"{definition['Namespace']} {definition['MetricName']}",
        )

    def _read_queue(self, rule: AlarmRule, now: datetime) -> None:
        """Add the depth of the queue that the alarm watches: SQS tells it by itself."""
        if (rule.namespace, rule.metric) == ("AWS/SQS", "ApproximateNumberOfMessagesVisible"):
            depth = messaging.queue_depth(self._aws, rule.dimensions["QueueName"])
            if depth is not None:
                point = Point(rule.namespace, rule.dimensions, rule.metric, "Count", depth, now)
                self._metrics.put(point)

    def _change(
        self, old: AlarmState, new: AlarmState, definition: dict[str, Any], now: datetime
    ) -> None:
        self._states[new.name] = new
        self._aws.client("cloudwatch").set_alarm_state(
            AlarmName=new.name, StateValue=new.state, StateReason=new.reason
        )
        self._tell("alarm", f"{new.name}: {old.state} -> {new.state}")
        self._publish(_event(old, new, definition["AlarmArn"], now))
        actions: list[str] = definition.get("AlarmActions", [])
        for action in actions if new.state == "ALARM" else ():
            admitted = self._topics.publish(
                action,
                service=_SERVICE,
                subject=f'{new.state}: "{new.name}" in {self._aws.region}',
                body=_notification(old, new, definition, now),
                context={"aws:SourceArn": definition["AlarmArn"], "aws:SourceAccount": ACCOUNT},
            )
            if not admitted:
                self._tell("lost", f"the message of alarm {new.name}: {action} does not admit it")


def _notification(
    old: AlarmState, new: AlarmState, definition: dict[str, Any], now: datetime
) -> str:
    """Return what CloudWatch sends to a topic, in part."""
    return json.dumps(
        {
            "AlarmName": new.name,
            "AlarmDescription": new.description,
            "AWSAccountId": ACCOUNT,
            "NewStateValue": new.state,
            "NewStateReason": new.reason,
            "StateChangeTime": now.isoformat(),
            "AlarmArn": definition["AlarmArn"],
            "OldStateValue": old.state,
            "Trigger": {"MetricName": definition["MetricName"], "Period": definition["Period"]},
        },
        indent=2,
    )


def _event(old: AlarmState, new: AlarmState, arn: str, now: datetime) -> dict[str, Any]:
    """Return the event of a change of state, without the states' reason data and the metrics.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    detail = {
        "alarmName": new.name,
        "configuration": {"description": new.description},
        "previousState": {"value": old.state, "reason": old.reason},
        "state": {"value": new.state, "reason": new.reason},
    }
    return of_resource(arn, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, now)
