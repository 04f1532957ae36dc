"""The deployed alarms: their states, and what a change of state sets off."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local.aws import queues
from local.aws.cloudwatch.alarm_rule import AlarmRule, State
from local.aws.cloudwatch.metric_store import MetricStore, Point
from local.aws.endpoint import ACCOUNT
from local.aws.events.envelope import of_resource

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from local.aws.endpoint import LocalAws
    from local.aws.topics import Topics

_SERVICE = "cloudwatch.amazonaws.com"
_ACTIONS: dict[State, str] = {
    "ALARM": "AlarmActions",
    "OK": "OKActions",
    "INSUFFICIENT_DATA": "InsufficientDataActions",
}


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

    Args:
        aws: keeps the states.
        definitions: alarm -> its whole PutMetricAlarm and its ARN.
        metrics: what they watch.
        topics: where their actions go.
        publish: puts the event of each change on the event bus.
        tell: told every change.
    """

    def __init__(  # noqa: PLR0913 - each is one collaborator
        self,
        aws: LocalAws,
        definitions: Mapping[str, dict[str, Any]],
        metrics: MetricStore,
        topics: Topics,
        *,
        publish: Callable[[dict[str, Any]], None],
        tell: Callable[[str, str], None],
    ) -> None:
        self._aws, self._definitions, self._metrics = aws, definitions, metrics
        self._topics, self._publish, self._tell = topics, publish, tell
        self._states: dict[str, AlarmState] = {}
        self._warm: set[str] = set()
        """Alarms whose warm-up is over."""
        self.created = datetime.now(UTC)
        """When the alarms were created, from which their warm-up counts."""

    def states(self) -> list[AlarmState]:
        """Return every alarm with its state."""
        return [self._state(name) for name in self._definitions]

    def evaluate(self, now: datetime) -> None:
        """Bring every alarm into the state that the metrics up to `now` give it, and act on it."""
        for name, definition in self._definitions.items():
            rule = AlarmRule.read(definition)
            self._read_queue(rule, now)
            values = rule.values(self._metrics.points, now)
            if not self._is_warm(name, rule, values, now):
                continue
            old = self._state(name)
            new = rule.state(values, old.state)
            if new != old.state:
                reason = f"{rule.statistic} of the last periods: {values[-rule.periods :]}"
                self._change(old, new, reason, definition, now)

    def _state(self, name: str) -> AlarmState:
        definition = self._definitions[name]
        return self._states.get(name) or AlarmState(
            name,
            "INSUFFICIENT_DATA",
            "Unchecked: Initial alarm creation",
            definition.get("AlarmDescription", ""),
            f"{definition['Namespace']} {definition['MetricName']}",
        )

    def _is_warm(
        self, name: str, rule: AlarmRule, values: list[float | None], now: datetime
    ) -> bool:
        filled = rule.fills_window(values) and not rule.whole_warm_up
        if filled or now >= self.created + rule.warm_up:
            self._warm.add(name)
        return name in self._warm

    def _read_queue(self, rule: AlarmRule, now: datetime) -> None:
        """Add the depth of the queue that the alarm watches: SQS tells it by itself."""
        queue = rule.dimensions.get("QueueName")
        watched = (rule.namespace, rule.metric)
        if queue and watched == ("AWS/SQS", "ApproximateNumberOfMessagesVisible"):
            depth = queues.depth(self._aws, queue)
            if depth is not None:
                point = Point(rule.namespace, rule.dimensions, rule.metric, "Count", depth, now)
                self._metrics.put(point)

    def _change(
        self, old: AlarmState, new: State, reason: str, definition: dict[str, Any], now: datetime
    ) -> None:
        self._states[old.name] = AlarmState(old.name, new, reason, old.description, old.metric)
        self._aws.client("cloudwatch").set_alarm_state(
            AlarmName=old.name, StateValue=new, StateReason=reason
        )
        self._tell("alarm", f"{old.name}: {old.state} -> {new}")
        self._publish(_event(old, new, reason, definition, now))
        if not definition.get("ActionsEnabled", True):
            return
        for action in definition.get(_ACTIONS[new], []):
            admitted = self._topics.publish(
                action,
                service=_SERVICE,
                subject=f'{new}: "{old.name}" in {self._aws.region}',
                body=_notification(old, new, reason, definition, now),
                context={
                    "aws:SourceArn": definition["AlarmArn"],
                    "aws:SourceAccount": ACCOUNT,
                },
            )
            if not admitted:
                self._tell("lost", f"the message of alarm {old.name}: {action} does not admit it")


def _notification(
    old: AlarmState, new: State, reason: str, definition: dict[str, Any], now: datetime
) -> str:
    """Return what CloudWatch sends to a topic, in part."""
    return json.dumps(
        {
            "AlarmName": old.name,
            "AlarmDescription": old.description,
            "AWSAccountId": ACCOUNT,
            "NewStateValue": new,
            "NewStateReason": reason,
            "StateChangeTime": now.isoformat(),
            "AlarmArn": definition["AlarmArn"],
            "OldStateValue": old.state,
            "Trigger": {"MetricName": definition["MetricName"], "Period": definition["Period"]},
        },
        indent=2,
    )


def _event(
    old: AlarmState, new: State, reason: str, definition: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """Return the event of a change of state, without the states' reason data and the metrics.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    detail = {
        "alarmName": old.name,
        "configuration": {"description": old.description},
        "previousState": {"value": old.state, "reason": old.reason},
        "state": {"value": new, "reason": reason},
    }
    kind = "CloudWatch Alarm State Change"
    return of_resource(definition["AlarmArn"], "aws.cloudwatch", kind, detail, now)
