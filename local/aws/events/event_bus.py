"""The account's default event bus: what is put on it reaches the targets of the deployed rules.

moto keeps rules and targets and matches patterns, but delivers to queues only, and asks no policy.
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws import messaging, protocols
from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.event import Event, whole
from local.aws.iam import Access
from local.aws.messaging import Topics

_SERVICE = "events.amazonaws.com"


class EventBus:
    """Answers PutEvents, and publishes what AWS's own services tell; the rest is moto's.

    `invoke` hands an event to a function; `tell` is told what others than AWS's services put here.
    """

    def __init__(
        self,
        aws: LocalAws,
        invoke: Callable[[str, bytes], None],
        topics: Topics,
        metrics: MetricStore,
        tell: Callable[[str, str], None],
    ) -> None:
        self._aws, self._invoke, self._topics = aws, invoke, topics
        self._metrics, self._tell = metrics, tell

    def answer(self, request: Request) -> Response | None:
        """Return PutEvents' response, or None for another operation."""
        if protocols.target(request) != "PutEvents":
            return None
        results = [self._accept(entry) for entry in request.get_json(force=True)["Entries"]]
        failed = sum("ErrorCode" in result for result in results)
        body = json.dumps({"FailedEntryCount": failed, "Entries": results})
        return Response(body, 200, content_type="application/x-amz-json-1.1")

    def publish(self, event: Event) -> None:
        """Deliver a whole event, as rules see it, to every target that wants it."""
        for rule in list(self._aws.backend("events").event_buses["default"].rules.values()):
            if rule.state == "ENABLED" and rule.event_pattern.matches_event(event):
                for target in list(rule.targets):
                    self._send(rule.name, rule.arn, target, event)

    def _accept(self, entry: Event) -> Event:
        for name in ("Source", "DetailType", "Detail"):
            if not entry.get(name):
                text = f"Parameter {name} is not valid. Reason: {name} is a required argument."
                return {"ErrorCode": "InvalidArgument", "ErrorMessage": text}
        if entry["Source"].startswith("aws."):
            text = "Not authorized for the source."
            return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": text}
        try:
            detail = json.loads(entry["Detail"])
        except ValueError:
            detail = None
        if not isinstance(detail, dict):
            return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
        at = datetime.fromtimestamp(entry["Time"], UTC) if "Time" in entry else datetime.now(UTC)
        resources = entry.get("Resources", [])
        where = {"account": ACCOUNT, "region": self._aws.region, "resources": resources}
        event = whole(entry["Source"], entry["DetailType"], detail, at, **where)
        self._tell("event", f"{event['detail-type']} {json.dumps(detail)}")
        self.publish(event)
        return {"EventId": event["id"]}

    def _send(self, rule: str, rule_arn: str, target: Event, event: Event) -> None:
        if self._reached(rule_arn, target["Arn"], _input(target, event)):
            return
        self._count(rule, "FailedInvocations")
        queue = target.get("DeadLetterConfig", {}).get("Arn")
        if queue and not messaging.send_for_rule(self._aws, rule_arn, queue, json.dumps(event)):
            self._count(rule, "InvocationsFailedToBeSentToDlq")

    def _reached(self, rule_arn: str, arn: str, text: str) -> bool:
        service = arn.split(":")[2]
        if service == "sns":
            # EventBridge sends no source's keys along to topics and keys:
            # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
            return self._topics.publish(arn, service=_SERVICE, subject="", body=text, context={})
        if service == "sqs":
            return messaging.send_for_rule(self._aws, rule_arn, arn, text)
        if service != "lambda":
            raise NotImplementedError(f"the local event bus has no targets of {service}")
        source = {"aws:SourceArn": rule_arn, "aws:SourceAccount": ACCOUNT}
        admitted = self._aws.iam.admits(_SERVICE, [Access("lambda:InvokeFunction", arn, source)])
        if admitted:
            self._invoke(arn, text.encode())
        return admitted

    def _count(self, rule: str, metric: str) -> None:
        self._metrics.count("AWS/Events", {"RuleName": rule}, **{metric: 1})


def _input(target: Event, event: Event) -> str:
    """Return what a target gets: the event, or what its input transformer makes of it."""
    from moto.events.utils import EventTemplateParser  # noqa: PLC0415 - see moto_application

    if target.keys() & {"Input", "InputPath"}:
        raise NotImplementedError("the local event bus plays no input but an InputTransformer")
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    made: Any = EventTemplateParser.parse(
        transformer["InputTemplate"],
        transformer.get("InputPathsMap", {}),
        {**event, "ingestion-time": event["time"]},  # pyright: ignore[reportArgumentType]
    )
    return json.dumps(made)
