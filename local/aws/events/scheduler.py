"""EventBridge Scheduler: takes schedules as strictly as AWS, and delivers their slots.

moto keeps the schedules, takes nearly any, and fires none.
"""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from botocore.exceptions import BotoCoreError, ClientError
from werkzeug.wrappers import Request

from components.aws import models
from local.aws import messaging
from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.iam import Session
from local.aws.iam.required_permissions import key_use
from local.aws.protocols import ServiceError
from pipeline import cron
from pipeline.slots import Expression

_SERVICE = "scheduler.amazonaws.com"
_PATH = "/schedules/"
_NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""Later than every slot."""


class ScheduleError(Exception):
    """The schedule would not have run this slot on AWS either."""


class Due(NamedTuple):
    """A slot that a schedule has to deliver."""

    at: datetime
    group: str
    name: str


class Scheduler:
    """Checks CreateSchedule and fires; the rest of the service is moto's."""

    def __init__(
        self, aws: LocalAws, metrics: MetricStore, tell: Callable[[str, str], None]
    ) -> None:
        self._aws, self._metrics, self._tell = aws, metrics, tell

    def answer(self, request: Request) -> None:
        """Check a CreateSchedule, and leave the answer to moto.

        Raises:
            ServiceError: AWS refuses it.
        """
        if request.method == "POST" and request.path.startswith(_PATH):
            name = unquote(request.path.removeprefix(_PATH))
            self._check({"Name": name, **request.get_json(force=True)})

    def fire(self, group: str, name: str, slot: datetime) -> None:
        """Deliver `slot` as the schedule says: its input, its target, its role.

        What cannot be delivered goes to the schedule's queue; retries would meet the same state.

        Raises:
            ScheduleError: there is no such schedule, it is disabled, or its target refuses.
        """
        scheduler = self._aws.client("scheduler")
        try:
            schedule = scheduler.get_schedule(GroupName=group, Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            raise ScheduleError(f"group {group} has no schedule {name}") from None
        if schedule["State"] != "ENABLED":
            raise ScheduleError(f"schedule {name} is disabled")
        self._tell("fired", f"{name} for {slot:%Y-%m-%dT%H:%M:%SZ}")
        try:
            self._deliver(schedule, slot)
        finally:
            if schedule.get("ActionAfterCompletion") == "DELETE":
                scheduler.delete_schedule(GroupName=group, Name=name)

    def next_planned(self) -> Due | None:
        """Return the earliest slot of the schedules that delete themselves after it."""
        return next(iter(self.due(_NEVER, _NEVER)), None)

    def due(self, start: datetime, end: datetime) -> list[Due]:
        """Return each schedule's last slot from one instant to another, which is excluded.

        One that deletes itself and is still there has not fired: it is due, however late.
        """
        found: list[Due] = []
        for group in list(self._groups().values()):
            for schedule in list(group.schedules.values()):
                expression, zone = _timing(schedule.to_dict())
                at = expression.previous(end, zone) if schedule.state == "ENABLED" else None
                if at and (at >= start or schedule.action_after_completion == "DELETE"):
                    found.append(Due(at, group.name, schedule.name))
        return sorted(found)

    def _deliver(self, schedule: dict[str, Any], slot: datetime) -> None:
        group, name, target = schedule["GroupName"], schedule["Name"], schedule["Target"]
        iam, store = self._aws.iam, self._aws.iam.store
        event = _fill_in(target.get("Input", "{}"), schedule["Arn"], slot)
        self._count(group, "InvocationAttemptCount")
        session: Session | None = None
        try:
            session = iam.assume(target["RoleArn"], _SERVICE, self._group_arn(group))
            # To see the input: Scheduler signs as the role.
            # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
            key, bound = schedule.get("KmsKeyArn"), ("scheduler:schedule:arn", schedule["Arn"])
            caller = {"kms:CallerAccount": ACCOUNT}
            iam.require(session, key_use(store, key, ["kms:Decrypt"], bound, caller))
            self._aws.client_as(session, "lambda").invoke(
                FunctionName=target["Arn"], InvocationType="Event", Payload=event
            )
        except (BotoCoreError, ClientError, PermissionError) as problem:
            self._count(group, "TargetErrorCount", "InvocationDroppedCount")
            queue = target.get("DeadLetterConfig", {}).get("Arn")
            if queue and not messaging.send(self._aws, session, queue, event):
                self._count(group, "InvocationsFailedToBeSentToDeadLetterCount")
            raise ScheduleError(f"{name} could not be delivered: {problem}") from problem

    def _check(self, schedule: dict[str, Any]) -> None:
        """Raise a ServiceError for a new schedule that AWS refuses."""
        if found := models.violations(models.shape("scheduler", "CreateSchedule"), schedule):
            raise ServiceError("ValidationException", "; ".join(found))
        name, group = schedule["Name"], schedule.get("GroupName", "default")
        if group not in self._groups():
            message = f"Schedule group {group} does not exist."
            raise ServiceError("ResourceNotFoundException", message, 404)
        if name in self._groups()[group].schedules:
            raise ServiceError("ConflictException", f"Schedule {name} already exists.", 409)
        role = schedule["Target"]["RoleArn"]
        if not self._aws.iam.trusts(role, _SERVICE, self._group_arn(group)):
            text = "The execution role you provide must allow AWS EventBridge Scheduler to assume"
            raise ServiceError("ValidationException", f"{text} it. Role: {role}")
        written = schedule["ScheduleExpression"]
        try:
            expression, zone = _timing(schedule)
        except (ValueError, KeyError) as problem:
            message = f"Invalid Schedule Expression: {problem}"
            raise ServiceError("ValidationException", message) from problem
        at, once = expression.next(datetime.now(UTC), zone), written.startswith("at(")
        if once and at is None:
            message = f"Invalid Schedule Expression {written}: in the past."
            raise ServiceError("ValidationException", message)
        if schedule.get("ActionAfterCompletion") == "DELETE":
            if not once:
                message = "ActionAfterCompletion DELETE is played with at() only"
                raise ServiceError("ValidationException", message)
            self._tell("planned", f"{name} at {at:%Y-%m-%dT%H:%M:%SZ}")

    def _groups(self) -> dict[str, Any]:
        """Return moto's schedule groups by name."""
        return self._aws.backend("scheduler").schedule_groups

    def _group_arn(self, group: str) -> str:
        """Return the source for which Scheduler assumes roles: the group, not the schedule.

        https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
        """
        return self._aws.iam.store.arn("scheduler", f"schedule-group/{group}")

    def _count(self, group: str, *metrics: str) -> None:
        self._metrics.count("AWS/Scheduler", {"ScheduleGroup": group}, **dict.fromkeys(metrics, 1))


def _timing(schedule: dict[str, Any]) -> tuple[Expression, ZoneInfo]:
    """Return when a schedule fires, and in which zone that is meant."""
    zone = ZoneInfo(schedule.get("ScheduleExpressionTimezone", "UTC"))
    return cron.parse(schedule["ScheduleExpression"]), zone


def _fill_in(text: str, arn: str, slot: datetime) -> str:
    """Replace the context attributes: https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html."""
    attributes = {
        "schedule-arn": arn,
        "scheduled-time": f"{slot:%Y-%m-%dT%H:%M:%SZ}",
        "execution-id": uuid.uuid4().hex,
        "attempt-number": "1",
    }
    return re.sub(r"<aws\.scheduler\.([a-z-]+)>", lambda found: attributes[found[1]], text)
