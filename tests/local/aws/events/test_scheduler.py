"""EventBridge Scheduler: which schedules it takes, and how it delivers their slots."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError
from werkzeug.wrappers import Request, Response

from local.aws.cloudwatch.metric_store import MetricStore
from local.aws.endpoint import ACCOUNT, LocalAws
from local.aws.events.scheduler import ScheduleError, Scheduler
from tests.local.aws.iam.roles import trusted_by

REGION = "eu-central-1"
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)
GROUP = "processing"
EVENT = {"slot": "<aws.scheduler.scheduled-time>", "n": "<aws.scheduler.attempt-number>"}


class Lambda:
    """Takes invocations, or refuses them."""

    def __init__(self) -> None:
        self.invocations: list[tuple[str, str | None, Any]] = []
        self.status = 202

    def answer(self, request: Request) -> Response | None:
        kind = request.headers.get("X-Amz-Invocation-Type")
        self.invocations.append((request.path, kind, request.get_json(force=True)))
        return Response("{}", self.status, content_type="application/json")


class Bench:
    """A scheduler whose target is a Lambda that only remembers."""

    def __init__(self, aws: LocalAws, role: str) -> None:
        self.aws, self.role = aws, role
        self.metrics, self.told = MetricStore(aws), list[tuple[str, str]]()
        self.scheduler = Scheduler(
            aws, self.metrics, lambda what, detail: self.told.append((what, detail))
        )
        self.target = Lambda()
        aws.services |= {"lambda": self.target.answer, "scheduler": self.scheduler.answer}

    def create(self, name: str = "", **changes: Any) -> str:
        """Create a schedule and its queue; return its name."""
        name = name or f"s-{uuid4().hex[:8]}"
        self.aws.client("sqs").create_queue(QueueName=f"{name}-failures")
        target = {
            "Arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:launcher",
            "RoleArn": changes.pop("role", self.role),
            "Input": json.dumps(EVENT),
            "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-failures"},
        }
        request = {
            "Name": name,
            "GroupName": GROUP,
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            **changes,
        }
        self.aws.client("scheduler").create_schedule(**request)
        return name

    def kept(self, name: str) -> list[dict[str, Any]]:
        """Return what a schedule's queue holds."""
        sqs = self.aws.client("sqs")
        url = sqs.get_queue_url(QueueName=f"{name}-failures")["QueueUrl"]
        found = sqs.receive_message(QueueUrl=url).get("Messages", [])
        return [json.loads(message["Body"]) for message in found]

    def counted(self) -> set[str]:
        return {p.name for p in self.metrics.points if p.dimensions == {"ScheduleGroup": GROUP}}


@pytest.fixture(scope="module")
def role(aws: LocalAws) -> str:
    aws.client("scheduler").create_schedule_group(Name=GROUP)
    return trusted_by(aws, "scheduler.amazonaws.com")


@pytest.fixture
def bench(aws: LocalAws, role: str) -> Iterator[Bench]:
    yield Bench(aws, role)
    scheduler = aws.client("scheduler")
    for schedule in scheduler.list_schedules(GroupName=GROUP)["Schedules"]:
        scheduler.delete_schedule(GroupName=GROUP, Name=schedule["Name"])


def once(moment: datetime, zone: str = "UTC") -> dict[str, str]:
    return {
        "ScheduleExpression": f"at({moment:%Y-%m-%dT%H:%M:%S})",
        "ScheduleExpressionTimezone": zone,
        "ActionAfterCompletion": "DELETE",
    }


class TestFire:
    def test_a_slot_is_delivered_asynchronously_with_its_scheduled_time(self, bench: Bench) -> None:
        bench.scheduler.fire(GROUP, bench.create(), SLOT)
        [(path, kind, event)] = bench.target.invocations
        assert "launcher" in path
        assert kind == "Event"
        assert event == {"slot": "2026-01-05T02:00:00Z", "n": "1"}
        assert bench.counted() == {"InvocationAttemptCount"}

    def test_a_disabled_schedule_does_not_fire(self, bench: Bench) -> None:
        name = bench.create(State="DISABLED")
        with pytest.raises(ScheduleError, match=rf"^schedule {name} is disabled$"):
            bench.scheduler.fire(GROUP, name, SLOT)
        assert bench.target.invocations == []

    def test_an_unknown_schedule_is_named(self, bench: Bench) -> None:
        with pytest.raises(ScheduleError, match="no schedule nothing"):
            bench.scheduler.fire(GROUP, "nothing", SLOT)

    def test_a_slot_that_the_target_refuses_is_kept_in_the_queue_and_counted(
        self, bench: Bench
    ) -> None:
        bench.target.status = 403
        name = bench.create()
        with pytest.raises(ScheduleError, match=f"{name} could not be delivered"):
            bench.scheduler.fire(GROUP, name, SLOT)
        assert [event["slot"] for event in bench.kept(name)] == ["2026-01-05T02:00:00Z"]
        assert bench.counted() == {
            "InvocationAttemptCount",
            "TargetErrorCount",
            "InvocationDroppedCount",
        }

    def test_a_slot_that_even_the_queue_cannot_keep_is_counted(self, bench: Bench) -> None:
        bench.target.status = 403
        name = bench.create()
        sqs = bench.aws.client("sqs")
        sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{name}-failures")["QueueUrl"])
        with pytest.raises(ScheduleError):
            bench.scheduler.fire(GROUP, name, SLOT)
        assert "InvocationsFailedToBeSentToDeadLetterCount" in bench.counted()

    def test_a_role_that_lost_its_trust_cannot_keep_the_slot_either(self, bench: Bench) -> None:
        role = trusted_by(bench.aws, "scheduler.amazonaws.com")
        name = bench.create(role=role)
        statement = {"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "sts:AssumeRole"}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        bench.aws.client("iam").update_assume_role_policy(
            RoleName=role.rpartition("/")[2], PolicyDocument=json.dumps(policy)
        )
        with pytest.raises(ScheduleError, match="not authorized to perform: sts:AssumeRole"):
            bench.scheduler.fire(GROUP, name, SLOT)
        assert bench.target.invocations == []
        assert not bench.kept(name)
        assert "InvocationsFailedToBeSentToDeadLetterCount" in bench.counted()


class TestPlanned:
    def test_what_deletes_itself_fires_in_the_order_of_its_time(self, bench: Bench) -> None:
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        bench.create()
        bench.create(**{**once(soon), "ActionAfterCompletion": "NONE"})
        bench.create(**once(soon), State="DISABLED")
        later = bench.create(**once(soon + timedelta(hours=1)))
        first = bench.create(**once(soon))
        planned: list[tuple[datetime, str]] = []
        while due := bench.scheduler.next_planned():
            planned.append((due.at, due.name))
            bench.scheduler.fire(GROUP, due.name, due.at)
        assert planned == [(soon, first), (soon + timedelta(hours=1), later)]
        assert [what for what, _ in bench.told] == ["planned"] * 3 + ["fired"] * 2

    def test_what_is_not_due_yet_is_left(self, bench: Bench) -> None:
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
        name, second = bench.create(**once(soon)), timedelta(seconds=1)
        assert bench.scheduler.due(soon - second, soon) == []
        for start in (soon, soon + second):  # it is late if it was created meanwhile
            assert [due.name for due in bench.scheduler.due(start, start + second)] == [name]

    def test_a_time_is_meant_in_the_schedules_zone(self, bench: Bench) -> None:
        bench.create(**once(datetime(2126, 1, 5, 3), zone="Europe/Berlin"))  # noqa: DTZ001 - local
        due = bench.scheduler.next_planned()
        assert due
        assert due.at == datetime(2126, 1, 5, 2, tzinfo=UTC)

    def test_a_one_time_schedule_deletes_itself_even_if_nobody_takes_its_event(
        self, bench: Bench
    ) -> None:
        bench.target.status = 403
        name = bench.create(**once(datetime.now(UTC) + timedelta(hours=1)))
        with pytest.raises(ScheduleError, match="delivered"):
            bench.scheduler.fire(GROUP, name, SLOT)
        with pytest.raises(ScheduleError, match="no schedule"):
            bench.scheduler.fire(GROUP, name, SLOT)

    def test_a_planned_schedule_that_was_deleted_does_not_fire(self, bench: Bench) -> None:
        name = bench.create(**once(datetime.now(UTC) + timedelta(hours=1)))
        bench.aws.client("scheduler").delete_schedule(GroupName=GROUP, Name=name)
        assert bench.scheduler.next_planned() is None


class TestRecurring:
    def test_slots_are_due_in_the_zone_of_their_schedule(self, bench: Bench) -> None:
        cron = {"ScheduleExpression": "cron(0 4 * * ? *)"}
        name = bench.create(**cron, ScheduleExpressionTimezone="Europe/Berlin")
        disabled = bench.create(
            **cron, ScheduleExpressionTimezone="Europe/Berlin", State="DISABLED"
        )
        before = datetime(2026, 7, 5, 1, 59, 59, tzinfo=UTC)
        found = bench.scheduler.due(before, before + timedelta(seconds=2))
        slot = datetime(2026, 7, 5, 2, tzinfo=UTC)
        daily = {due.name for due in found if due.at == slot}
        assert name in daily
        assert disabled not in daily
        assert bench.scheduler.due(before, before + timedelta(milliseconds=1)) == []


class TestRequests:
    def test_a_name_is_used_once_and_plans_once(self, bench: Bench) -> None:
        name = bench.create(**once(datetime.now(UTC) + timedelta(hours=1)))
        with pytest.raises(bench.aws.client("scheduler").exceptions.ConflictException):
            bench.create(name, **once(datetime.now(UTC) + timedelta(hours=2)))
        assert [what for what, _ in bench.told] == ["planned"]

    def test_only_what_fires_once_deletes_itself(self, bench: Bench) -> None:
        with pytest.raises(ClientError, match="is played with"):
            bench.create(ActionAfterCompletion="DELETE")

    def test_a_role_that_the_scheduler_cannot_assume_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler"):
            bench.create(role=trusted_by(bench.aws, "lambda.amazonaws.com"))

    def test_a_time_that_is_past_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ClientError, match="in the past"):
            bench.create(**once(SLOT))

    def test_an_expression_that_is_none_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ClientError, match="Invalid Schedule Expression"):
            bench.create(ScheduleExpression="cron(0 4 * * * *)")

    def test_a_group_that_does_not_exist_is_refused(self, bench: Bench) -> None:
        with pytest.raises(ClientError, match="Schedule group other does not exist"):
            bench.create(GroupName="other")

    def test_a_functions_request_is_checked_by_the_services_model(self, bench: Bench) -> None:
        session = bench.aws.iam.assume(bench.role, "scheduler.amazonaws.com", "arn")
        client = bench.aws.client_as(session, "scheduler")
        with pytest.raises(ClientError, match="must match the pattern"):
            client.create_schedule(
                Name="not legal",
                GroupName=GROUP,
                ScheduleExpression="rate(1 hour)",
                FlexibleTimeWindow={"Mode": "OFF"},
                Target={"Arn": "a", "RoleArn": bench.role},
            )
