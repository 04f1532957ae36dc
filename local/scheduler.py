"""EventBridge Scheduler's part: delivers one slot of a deployed schedule to its target."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from local.aws import LocalAws


class ScheduleError(Exception):
    """The schedule would not have run this slot on AWS either."""


def fire(aws: LocalAws, group: str, name: str, slot: datetime) -> None:
    """Deliver `slot` as the deployed schedule says: its input, its target, its role.

    What cannot be delivered goes to the schedule's queue; retries would meet the same state.

    Raises:
        ScheduleError: there is no such schedule, it is disabled, or its target refuses the event.
    """
    scheduler = aws.client("scheduler")
    try:
        schedule = scheduler.get_schedule(GroupName=group, Name=name)
    except scheduler.exceptions.ResourceNotFoundException:
        raise ScheduleError(f"group {group} has no schedule {name}") from None
    if schedule["State"] != "ENABLED":
        raise ScheduleError(f"schedule {name} is disabled: set its `enabled` to true")
    target = schedule["Target"]
    event = _fill_in(target["Input"], schedule["Arn"], slot)
    try:
        _invoke(aws, target, event)
    except (BotoCoreError, ClientError, PermissionError) as error:
        _keep(aws, target["DeadLetterConfig"]["Arn"], event, str(error))
        raise ScheduleError(f"{name} could not be delivered: {error}") from error


def _fill_in(text: str, arn: str, slot: datetime) -> str:
    """Replace the context attributes: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html."""
    attributes = {
        "schedule-arn": arn,
        "scheduled-time": f"{slot:%Y-%m-%dT%H:%M:%SZ}",
        "execution-id": uuid.uuid4().hex,
        "attempt-number": "1",
    }
    for attribute, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{attribute}>", value)
    return text


def _invoke(aws: LocalAws, target: dict[str, Any], event: str) -> None:
    session = aws.assume(target["RoleArn"], "scheduler.amazonaws.com")
    client = cast("Any", boto3).client(
        "lambda",
        endpoint_url=aws.url,
        region_name=aws.region,
        aws_access_key_id=session["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=session["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=session["AWS_SESSION_TOKEN"],
        config=Config(retries={"total_max_attempts": 1}),
    )
    client.invoke(FunctionName=target["Arn"], InvocationType="Event", Payload=event)


def _keep(aws: LocalAws, queue_arn: str, event: str, reason: str) -> None:
    sqs = aws.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"]
    attributes = {"ERROR_MESSAGE": {"DataType": "String", "StringValue": reason[:1024]}}
    sqs.send_message(QueueUrl=url, MessageBody=event, MessageAttributes=attributes)
