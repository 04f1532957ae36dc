import json
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from observer.retry import RetryState
from pipeline.attempt import Attempt, job_name
from pipeline.journal_items import Entry
from tests.lambda_world import ATTEMPT, ENVIRONMENT, NOW, PREFIX, SLOT, World

SECOND = Attempt("daily", SLOT, 2)
NAME = job_name(PREFIX, SECOND)
CHAIN = RetryState(NOW, "ml.m6i.large", waits=1)
AT = NOW + timedelta(minutes=5)


class TestNextAttempt:
    def test_is_launched_by_a_schedule_of_its_jobs_name_that_deletes_itself(
        self, world: World
    ) -> None:
        assert world.observer.launches.plan(SECOND, AT, CHAIN) == AT
        (request,) = world.asked("CreateSchedule")
        del request["ClientToken"]  # botocore's, a new one each time
        assert json.loads(request["Target"].pop("Input")) == {
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 2,
            "trigger": "retry",
        }
        assert request == {
            "GroupName": PREFIX,
            "Name": NAME,
            "ScheduleExpression": "at(2026-01-05T02:05:30)",
            "ScheduleExpressionTimezone": "UTC",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE",
            "KmsKeyArn": ENVIRONMENT["KMS_KEY_ARN"],
            "Target": {
                "Arn": ENVIRONMENT["LAUNCHER_ARN"],
                "RoleArn": ENVIRONMENT["RETRY_ROLE_ARN"],
                "RetryPolicy": {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 3600},
                "DeadLetterConfig": {"Arn": ENVIRONMENT["SCHEDULE_FAILURES_ARN"]},
            },
        }

    def test_is_noted_with_its_machine_before_the_launcher_can_ask_for_it(
        self, world: World
    ) -> None:
        world.observer.launches.plan(SECOND, AT, CHAIN)
        assert [name for name, _ in world.requests] == ["UpdateItem", "CreateSchedule"]
        entry = world.journal.entry(SECOND)
        assert entry
        assert (entry.planned_for, entry.instance_type) == (AT, "ml.m6i.large")
        assert RetryState.load(entry.retry_state or "") == CHAIN

    def test_planned_again_is_the_one_that_was_planned_first(self, world: World) -> None:
        world.observer.launches.plan(SECOND, AT, CHAIN)
        assert world.observer.launches.plan(SECOND, AT + timedelta(minutes=9), CHAIN) == AT
        assert world.planned() == {NAME: AT}

    def test_that_lies_in_the_past_by_now_is_launched_in_a_minute(self, world: World) -> None:
        world.now = AT + timedelta(hours=3)
        soon = world.now + timedelta(minutes=1)
        assert world.observer.launches.plan(SECOND, AT, CHAIN) == soon
        assert world.planned() == {NAME: soon}

    def test_whose_schedule_was_never_made_gets_it_when_planned_again(self, world: World) -> None:
        world.errors["CreateSchedule"] = [("InternalServerException", "no")]
        with pytest.raises(ClientError, match="InternalServerException"):
            world.observer.launches.plan(SECOND, AT, CHAIN)
        world.now = AT + timedelta(hours=1)
        world.observer.launches.plan(SECOND, AT, CHAIN)
        assert world.planned() == {NAME: world.now + timedelta(minutes=1)}


class TestReplacement:
    def test_is_launched_in_a_minute(self, world: World) -> None:
        world.observer.launches.plan(SECOND, NOW)
        assert world.planned() == {NAME: NOW + timedelta(minutes=1)}

    @pytest.mark.parametrize("stop", ["operator", "replaced by somebody else"])
    def test_is_none_where_the_stop_names_no_attempt(self, world: World, stop: str) -> None:
        event = world.run(ATTEMPT, "Stopped")
        world.journal.write(Entry.of(ATTEMPT, job_name(PREFIX, ATTEMPT), stop=stop))
        world.observe(event)
        assert world.planned() == {}
