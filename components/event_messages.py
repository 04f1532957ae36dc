"""Messages about AWS's own events: which events, and in which words.

A text is short enough for SMS, which takes 1,600 characters, and names its heading in
docs/runbook.md.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from components import names
from components.stack import Stack
from pipeline import chat

_FIRST = (
    "First look it up (aws ecr describe-image-scan-findings); then raise the base image or the "
    "packages under container/, and deploy. Runbook: docs/runbook.md#image-findings"
)


@dataclass(frozen=True, kw_only=True)
class EventMessage:
    """The message that each event of a pattern becomes."""

    name: str
    """Ends the rule's name."""
    description: str
    pattern: Mapping[str, Any]
    paths: Mapping[str, str]
    """Variable of the text -> where its value is in the event."""
    text: str

    @property
    def templates(self) -> tuple[str, str]:
        """What EventBridge makes the message of, for the topic of people and for that of chats.

        It takes a template that is no JSON object only as a JSON string.
        """
        return json.dumps(self.text), json.dumps(chat.notification(self.description, self.text))


def of(stack: Stack, repository: pulumi.Input[str] | None) -> list[EventMessage]:
    """Return the messages of a stack; `repository` of this account has its image, if any has."""
    scans = _of_scans(stack, repository) if repository else ()
    return [*scans, _of_alarms_that_are_over(stack)]


def _of_scans(stack: Stack, repository: pulumi.Input[str]) -> Iterator[EventMessage]:
    repositories = stack.account.arn("ecr", "repository/")
    yield EventMessage(
        name="image-findings",
        description=f"Critical findings of ECR's scan in an image of {stack.prefix}",
        pattern={
            "source": ["aws.ecr"],
            "detail-type": ["ECR Image Scan"],
            "detail": {
                "repository-name": [repository],
                "scan-status": ["COMPLETE"],
                "finding-severity-counts": {"CRITICAL": [{"numeric": [">", 0]}]},
            },
        },
        paths={
            "repository": "$.detail.repository-name",
            "digest": "$.detail.image-digest",
            "critical": "$.detail.finding-severity-counts.CRITICAL",
        },
        text=f"<critical> critical findings in image <repository>@<digest>. {_FIRST}",
    )
    # Of Amazon Inspector, whose scan takes the place of ECR's. It has one event for each finding:
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
    yield EventMessage(
        name="image-finding-enhanced",
        description=f"A critical finding of Amazon Inspector in an image of {stack.prefix}",
        pattern={
            "source": ["aws.inspector2"],
            "detail-type": ["Inspector2 Finding"],
            "resources": [{"prefix": pulumi.Output.concat(repositories, repository, "/sha256:")}],
            "detail": {"severity": ["CRITICAL"], "status": ["ACTIVE"]},
        },
        paths={"title": "$.detail.title", "image": "$.resources[0]"},
        text=f"Critical finding <title> in image <image>. {_FIRST}",
    )


def _of_alarms_that_are_over(stack: Stack) -> EventMessage:
    """Return the message of an alarm that goes from ALARM to OK.

    An alarm's own actions for OK would notify of every new alarm, too: it begins without data, and
    they run at any change to OK (PutMetricAlarm, OKActions).
    """
    alarms = stack.account.arn("cloudwatch", f"alarm:{names.alarm(stack.prefix, '')}")
    return EventMessage(
        name="alarms-over",
        description=f"Alarms of {stack.prefix} that are over",
        pattern={
            "source": ["aws.cloudwatch"],
            "detail-type": ["CloudWatch Alarm State Change"],
            "resources": [{"prefix": alarms}],
            "detail": {
                "alarmName": [{"anything-but": {"suffix": names.SILENT_ALARM}}],
                "previousState": {"value": ["ALARM"]},
                "state": {"value": ["OK"]},
            },
        },
        paths={"alarm": "$.detail.alarmName", "time": "$.time"},
        text="Alarm <alarm> is over since <time>. Runbook: docs/runbook.md#alarm-over",
    )
