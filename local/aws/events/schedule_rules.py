"""What EventBridge Scheduler refuses in a CreateSchedule; moto takes nearly anything."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from components.aws import models
from local.aws.json_protocol import error
from pipeline import cron
from pipeline.slots import At

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.wrappers import Response

    from local.aws.endpoint import LocalAws
    from pipeline.slots import Expression

Schedule = dict[str, Any]

SERVICE = "scheduler.amazonaws.com"


def refusal(aws: LocalAws, schedule: Schedule) -> Response | None:
    """Return AWS's answer to a request that it refuses, or None."""
    return next(_refusals(aws, schedule), None)


def _refusals(aws: LocalAws, schedule: Schedule) -> Iterator[Response]:
    shape = models.shape("scheduler", "CreateSchedule")
    if found := models.violations(shape, schedule):
        yield error("ValidationException", "; ".join(map(str, found)))
    group, role = schedule.get("GroupName", "default"), schedule["Target"]["RoleArn"]
    scheduler = aws.client("scheduler")
    try:
        scheduler.get_schedule_group(Name=group)
    except scheduler.exceptions.ResourceNotFoundException:
        yield error("ResourceNotFoundException", f"Schedule group {group} does not exist.", 404)
    if (group, schedule["Name"]) in names(aws):
        yield error("ConflictException", f"Schedule {schedule['Name']} already exists.", 409)
    if not aws.iam.trusts(role, SERVICE, group_arn(aws, group)):
        text = "The execution role you provide must allow AWS EventBridge Scheduler to assume it."
        yield error("ValidationException", f"{text} Role: {role}")
    try:
        expression, zone = timing(schedule)
    except (ValueError, KeyError) as problem:
        yield error("ValidationException", f"Invalid Schedule Expression: {problem}")
        return
    if isinstance(expression, At) and expression.next(datetime.now(UTC), zone) is None:
        spelled = schedule["ScheduleExpression"]
        yield error("ValidationException", f"Invalid Schedule Expression {spelled}: in the past.")


def group_arn(aws: LocalAws, group: str) -> str:
    """Return the source for which Scheduler assumes roles: the group, not the schedule.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    return aws.iam.store.arn("scheduler", f"schedule-group/{group}")


def names(aws: LocalAws) -> set[tuple[str, str]]:
    """Return group and name of every schedule."""
    pages = aws.client("scheduler").get_paginator("list_schedules").paginate()
    return {(each["GroupName"], each["Name"]) for page in pages for each in page["Schedules"]}


def timing(schedule: Schedule) -> tuple[Expression, ZoneInfo]:
    """Return when a schedule fires, and in which zone that is meant.

    Raises:
        ValueError: the expression is none.
        KeyError: there is no such zone.
    """
    zone = ZoneInfo(schedule.get("ScheduleExpressionTimezone", "UTC"))
    return cron.parse(schedule["ScheduleExpression"]), zone
