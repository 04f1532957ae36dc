import json
from dataclasses import replace
from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from observer.observe import NotEndedError, NotOursError
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from tests.lambda_world import ATTEMPT, NAME, NOW, SLOT, World

MARKER = "output/daily/2026/01/05/020000/_SUCCESS"
CAPACITY = "CapacityError: Unable to provision requested ML compute capacity."
INTERNAL = "InternalServerError: We encountered an internal error. Please try again."


def markers(world: World) -> list[str]:
    listed = world.client("s3").list_objects_v2(Bucket="out-bucket")
    return [item["Key"] for item in listed.get("Contents", [])]


def entry(world: World, attempt: Attempt = ATTEMPT) -> Entry:
    found = world.journal.entry(attempt)
    assert found
    return found


class TestSuccess:
    def test_writes_the_marker_counts_concludes_and_is_silent(self, world: World) -> None:
        assert world.observe(world.run()) == "completed"
        assert markers(world) == [MARKER]
        assert world.messages() == []
        (values,) = world.metrics()
        cost = values.pop("EstimatedCost")
        assert values == {
            "schedule": "daily",
            "JobsSucceeded": 1,
            "JobsFailed": 0,
            "Attempts": 1,
            "JobDuration": 600,
            "QueueTime": 60,
        }
        assert entry(world) == Entry(
            schedule="daily",
            slot=SLOT,
            number=1,
            job_name=NAME,
            status="Completed",
            outcome="completed",
            instance_type="ml.m5.large",
            instance_count=1,
            volume_gb=10,
            created=NOW,
            started=NOW + timedelta(minutes=1),
            ended=NOW + timedelta(minutes=11),
            cost_usd=entry(world).cost_usd,
            success_marker=f"s3://out-bucket/{MARKER}",
            concluded_at=world.now,
        )
        assert entry(world).cost_usd == pytest.approx(cost)
        assert world.journal.last_success("daily") == world.now

    def test_is_none_before_its_marker_is_written(self, world: World) -> None:
        event = world.run()
        world.errors["PutObject"] = [("AccessDenied", "no")]
        with pytest.raises(ClientError, match="AccessDenied"):
            world.observe(event)
        assert (world.metrics(), entry(world).concluded_at) == ([], None)
        assert world.journal.last_success("daily") is None

    def test_after_a_failure_is_told_once(self, world: World) -> None:
        world.observe(world.fail())
        for hours in (1, 2):
            world.observe(world.run(Attempt("daily", SLOT + timedelta(hours=hours), 1)))
        subjects = [subject for subject, _ in world.messages()]
        assert subjects == [
            "test: daily failed: script failed (Mon 05 Jan 2026 03:00)",
            "test: daily is green again",
        ]


class TestFailure:
    def test_is_told_once_with_reason_message_and_cost(self, world: World) -> None:
        event = world.run(
            status="Failed",
            FailureReason="AlgorithmError: , exit code: 1",
            ExitMessage="KeyError: 'price'",
        )
        assert world.observe(event) == "script_failed"
        ((subject, text),) = world.messages()
        assert subject == "test: daily failed: script failed (Mon 05 Jan 2026 03:00)"
        for line in ("Message: KeyError: 'price'", "Cost so far: about $0.02", "Ran: 10m 00s"):
            assert line in text
        assert (world.metrics()[0]["JobsFailed"], markers(world), world.planned()) == (1, [], {})

    def test_carries_its_class_for_the_filters_of_subscriptions(self, world: World) -> None:
        world.observe(world.fail())
        (request,) = world.asked("Publish")
        values = {key: each["StringValue"] for key, each in request["MessageAttributes"].items()}
        assert values == {"outcome": "script_failed", "schedule": "daily", "stack": "test"}

    def test_is_one_sentence_by_sms(self, world: World) -> None:
        world.observe(world.fail())
        (request,) = world.asked("Publish")
        assert request["MessageStructure"] == "json"
        sms = json.loads(request["Message"])["sms"]
        assert sms.startswith("test: daily failed: script failed (Mon 05 Jan 2026 03:00). ")

    def test_before_the_start_is_told_without_a_duration(self, world: World) -> None:
        world.sagemaker.add(NAME)
        reason = "ClientError: Cannot pull algorithm container."
        event = world.sagemaker.end(NAME, "Failed", ran=False, FailureReason=reason)
        assert world.observe(event) == "bad_image"
        (values,) = world.metrics()
        assert values == {"schedule": "daily", "JobsFailed": 1, "Attempts": 1, "EstimatedCost": 0}

    def test_sums_the_cost_of_all_attempts(self, world: World) -> None:
        world.observe(world.fail(reason=INTERNAL))
        world.observe(world.fail(replace(ATTEMPT, number=2)))
        ((_, text),) = world.messages()
        assert "Attempt: 2 (2 in all)" in text
        assert "Cost so far: about $0.04" in text


class TestStop:
    def test_by_an_operator_is_told_and_is_no_failure(self, world: World) -> None:
        world.journal.write(Entry.of(ATTEMPT, NAME, stop="operator"))
        assert world.observe(world.run(status="Stopped")) == "stopped"
        ((subject, _),) = world.messages()
        assert "was stopped" in subject
        assert not world.metrics()[0].keys() & {"JobsFailed", "JobsSucceeded", "Attempts"}
        assert world.failing_since() is None
        assert entry(world).stop == "operator"

    def test_by_the_maximum_runtime_is_a_failure(self, world: World) -> None:
        world.sagemaker.add(NAME)
        world.now += timedelta(minutes=61)
        assert world.observe(world.sagemaker.end(NAME, "Stopped")) == "timed_out"
        assert world.metrics()[0]["JobsFailed"] == 1


class TestTruth:
    def test_is_sagemakers_even_if_the_event_says_otherwise(self, world: World) -> None:
        event = world.run(status="Completed")
        event["detail"]["ProcessingJobStatus"] = "Failed"
        assert world.observe(event) == "completed"

    def test_an_event_that_is_ahead_of_describe_is_asked_about_again(self, world: World) -> None:
        event = world.run()
        world.sagemaker.jobs[NAME]["ProcessingJobStatus"] = "InProgress"
        with pytest.raises(NotEndedError, match=f"{NAME} is InProgress"):
            world.observe(event, "a")
        assert world.journal.entry(ATTEMPT) is None
        world.sagemaker.jobs[NAME]["ProcessingJobStatus"] = "Completed"
        assert world.observe(event, "a") == "completed"

    def test_a_notice_about_a_job_that_runs_after_all_changes_nothing(self, world: World) -> None:
        world.errors["CreateProcessingJob"] = [("InternalFailure", "x")]
        world.launch()
        world.sagemaker.add(NAME)
        assert world.deliver() == ["it runs after all"]
        assert (world.messages(), world.planned(), world.metrics()) == ([], {}, [])
        world.now += timedelta(minutes=11)
        assert world.observe(world.sagemaker.end(NAME, "Completed")) == "completed"
        assert entry(world).status == "Completed"

    def test_a_notice_about_a_job_that_has_ended_is_overruled_by_it(self, world: World) -> None:
        world.errors["CreateProcessingJob"] = [("InternalFailure", "x")]
        world.launch()
        world.run()
        assert world.deliver() == ["completed"]

    def test_a_name_that_is_no_job_of_this_stack_is_refused(self, world: World) -> None:
        event = world.run()
        event["detail"]["ProcessingJobName"] = "another"
        with pytest.raises(NotOursError, match="'another' is no job of processing-test"):
            world.observe(event)

    def test_an_event_about_a_job_that_nobody_knows_is_refused(self, world: World) -> None:
        event = world.run()
        world.sagemaker.jobs.clear()
        with pytest.raises(NotOursError, match=f"there is no job {NAME}, and no decision"):
            world.observe(event)

    def test_another_error_of_describe_is_raised(self, world: World) -> None:
        event = world.run()
        world.errors["DescribeProcessingJob"] = [("ThrottlingException", "Rate exceeded")]
        with pytest.raises(ClientError, match="ThrottlingException"):
            world.observe(event)


@pytest.mark.parametrize(
    ("when_empty", "outcome", "told", "metric"),
    [
        ("fail", Outcome.EMPTY_INPUT, 1, "JobsFailed"),
        ("skip", Outcome.SKIPPED, 0, "SlotsSkipped"),
    ],
)
def test_a_slot_without_input_is_told_only_where_it_is_a_failure(
    world: World, when_empty: str, outcome: Outcome, told: int, metric: str
) -> None:
    world.configure(input={"when_empty": when_empty})
    world.launch(Attempt("daily", SLOT + timedelta(days=1), 1))
    assert world.deliver() == [outcome]
    assert len(world.messages()) == told
    assert world.metrics()[0][metric] == 1
    assert world.planned() == {}


def test_a_slot_that_is_skipped_for_another_reason_is_told(world: World) -> None:
    daily = {"expression": "cron(0 3 * * ? *)", "timezone": "UTC", "start_deadline_seconds": 60}
    world.configure(schedules={"daily": daily})
    world.now = SLOT + timedelta(minutes=5)
    world.launch()
    assert world.deliver() == ["skipped"]
    ((subject, text),) = world.messages()
    assert "was skipped" in subject
    assert "Reason: StartDeadline: delivered 300 s after its time" in text
    assert world.failing_since() is None
