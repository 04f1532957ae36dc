from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from launcher.launch import NoticeError
from observer.retry import RetryState
from pipeline.attempt import Attempt, job_name
from pipeline.journal import LEASE
from tests.lambda_world import ATTEMPT, NAME, NOW, PREFIX, SETTINGS, SLOT, CrashError, World

DAILY = SETTINGS["schedules"]["daily"]
NEXT_DAY = Attempt("daily", SLOT + timedelta(days=1), 1)
ANSWER = {
    "job_name": NAME,
    "schedule": "daily",
    "slot": "2026-01-05T02:00:00Z",
    "attempt": 1,
    "result": "started",
    "status": "InProgress",
    "reason": None,
}
QUOTA = ("ResourceLimitExceeded", "The account-level service limit …")


def detail(world: World) -> dict[str, Any]:
    (notice,) = world.notices()
    return notice["detail"]


class TestStart:
    def test_is_one_job_of_the_slots_name(self, world: World) -> None:
        assert world.launch() == ANSWER
        assert list(world.sagemaker.jobs) == [NAME]
        assert world.notices() == []

    def test_of_the_same_again_is_already_started(self, world: World) -> None:
        world.launch()
        world.sagemaker.end(NAME, "Completed")
        again = {**ANSWER, "result": "already started", "status": "Completed"}
        assert world.launch() == again
        assert len(world.asked("CreateProcessingJob")) == 1

    def test_at_the_same_time_as_another_delivery_is_already_started(self, world: World) -> None:
        world.launch(owner="one")
        not_yet = ("ResourceNotFound", "not yet")
        world.errors["DescribeProcessingJob"] = [not_yet]
        assert world.launch(owner="one") == {**ANSWER, "result": "already started"}
        world.errors["DescribeProcessingJob"] = [not_yet]
        why = {"result": "already started", "reason": "Another delivery is about to"}
        assert world.launch(owner="two") == {**ANSWER, **why}
        assert len(world.sagemaker.jobs) == 1

    def test_waits_for_no_other_delivery_and_takes_over_from_one_that_died(
        self, world: World
    ) -> None:
        world.journal.claim_launch(ATTEMPT, NAME, "one", NOW)
        assert world.launch(owner="two")["result"] == "already started"
        assert world.sagemaker.jobs == {}
        world.now += LEASE
        assert world.launch(owner="two")["result"] == "started"

    def test_that_is_told_too_late_while_another_delivery_is_at_it_is_not_skipped(
        self, world: World
    ) -> None:
        world.configure(schedules={"daily": {**DAILY, "start_deadline_seconds": 60}})
        world.journal.claim_launch(ATTEMPT, NAME, "one", NOW)
        world.now += timedelta(minutes=5)
        assert world.launch(owner="two")["result"] == "already started"
        assert world.notices() == []

    def test_of_a_planned_attempt_is_on_the_machine_it_was_planned_for(self, world: World) -> None:
        second = replace(ATTEMPT, number=2)
        state = RetryState(NOW, "ml.m6i.large")
        world.observer.launches.plan(second, NOW + timedelta(minutes=5), state)
        assert world.fire()["result"] == "started"
        (request,) = world.asked("CreateProcessingJob")
        assert request["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m6i.large"

    def test_of_an_attempt_planned_for_a_type_that_is_no_longer_set_is_on_the_jobs_own(
        self, world: World
    ) -> None:
        second = replace(ATTEMPT, number=2)
        state = RetryState(NOW, "ml.p3.2xlarge")
        world.observer.launches.plan(second, NOW + timedelta(minutes=5), state)
        assert world.fire()["result"] == "started"
        (request,) = world.asked("CreateProcessingJob")
        assert request["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.large"

    def test_without_input_is_without_any_where_the_settings_say_so(self, world: World) -> None:
        world.configure(input={"when_empty": "run"})
        assert world.launch(NEXT_DAY)["result"] == "started"
        assert world.asked("CreateProcessingJob")[0]["ProcessingInputs"] == []

    def test_takes_the_consoles_folders_for_no_input(self, world: World) -> None:
        world.upload("input/2026/01/06/", b"")
        world.upload("input/2026/01/06/empty/", b"")
        assert world.launch(NEXT_DAY)["status"] == "Refused"
        world.upload("input/2026/01/06/b/c.csv")
        assert world.launch(replace(NEXT_DAY, number=2))["result"] == "started"

    def test_finds_its_input_behind_any_number_of_folders(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")  # of a page; AWS's are 1,000
        for number in range(25):
            world.upload(f"input/2026/01/05/!{number:02}/", b"")
        assert world.launch()["result"] == "started"
        assert len(world.asked("ListObjectsV2")) == 3


class TestRefusal:
    @pytest.mark.parametrize(
        "error", [QUOTA, ("ThrottlingException", "Rate exceeded"), ("AccessDeniedException", "no")]
    )
    def test_of_sagemaker_is_told_and_not_raised(
        self, world: World, error: tuple[str, str]
    ) -> None:
        world.errors["CreateProcessingJob"] = [error]
        reason = f"{error[0]}: {error[1]}"
        refused = {"result": "refused", "status": "Refused", "reason": reason}
        assert world.launch() == {**ANSWER, **refused}
        assert detail(world) == {"ProcessingJobName": NAME, "ProcessingJobStatus": "Refused"}

    def test_of_the_input_bucket_is_told_and_not_raised(self, world: World) -> None:
        world.errors["ListObjectsV2"] = [("AccessDenied", "Access Denied")]
        assert world.launch()["status"] == "Refused"
        assert world.deliver() == ["access_denied"]

    @pytest.mark.parametrize("operation", ["DescribeProcessingJob", "UpdateItem"])
    def test_of_any_other_call_is_raised(self, world: World, operation: str) -> None:
        world.errors[operation] = [("AccessDeniedException", "no")]
        with pytest.raises(ClientError, match="AccessDeniedException"):
            world.launch()
        assert world.notices() == []
        world.errors.clear()
        assert world.launch()["result"] == "started", "whose event it is next"

    def test_stays_and_is_told_again_until_it_was_dealt_with(self, world: World) -> None:
        world.errors["CreateProcessingJob"] = [QUOTA]
        world.launch()
        assert (
            world.launch()["reason"] == "ResourceLimitExceeded: The account-level service limit …"
        )
        assert world.deliver() == ["quota", "concluded before"]
        world.launch()
        assert world.notices() == []
        assert (len(world.asked("CreateProcessingJob")), world.sagemaker.jobs) == (1, {})

    def test_that_broke_off_before_the_notice_is_told_by_the_retry(self, world: World) -> None:
        world.errors["CreateProcessingJob"] = [QUOTA]
        world.crash_before = "PutEvents"
        with pytest.raises(CrashError):
            world.launch()
        world.requests.clear()
        assert world.launch()["result"] == "refused"
        assert world.deliver() == ["quota"]

    def test_that_the_event_bus_does_not_take_is_raised(self, world: World) -> None:
        refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow"}
        world.answers["PutEvents"] = {"FailedEntryCount": 1, "Entries": [refused]}
        world.errors["CreateProcessingJob"] = [QUOTA]
        with pytest.raises(NoticeError, match="ThrottlingException: slow"):
            world.launch()

    def test_with_an_endless_reason_is_cut_as_sagemaker_does(self, world: World) -> None:
        world.errors["CreateProcessingJob"] = [("ValidationException", "é" * 200_000)]
        world.launch()
        entry = world.journal.entry(ATTEMPT)
        assert entry
        assert entry.reason
        assert len(entry.reason) == 1024

    @pytest.mark.parametrize(
        ("when_empty", "status"), [("fail", "Refused"), ("skip", "Skipped"), ("run", "InProgress")]
    )
    def test_of_a_slot_without_input_is_by_the_setting(
        self, world: World, when_empty: str, status: str
    ) -> None:
        world.configure(input={"when_empty": when_empty})
        answer = world.launch(NEXT_DAY)
        words = "EmptyInput: there is no object under s3://in-bucket/input/2026/01/06/"
        assert answer["status"] == status
        assert answer["reason"] == (None if when_empty == "run" else words)

    def test_of_a_slot_without_its_reference_data_is_refused_and_told(self, world: World) -> None:
        world.configure(reference={"prefix": "models/"})
        answer = world.launch()
        assert answer["result"] == "refused"
        assert answer["reason"] == "EmptyReference: there is no object under s3://in-bucket/models/"
        assert world.deliver() == ["empty_reference"]
        world.upload("models/a.bin")
        assert world.launch(replace(ATTEMPT, number=2), "operator")["result"] == "started"

    def test_of_a_slot_with_nothing_but_reference_data_has_no_input(self, world: World) -> None:
        world.configure(reference={"prefix": "models/"})
        world.upload("models/a.bin")
        assert world.launch(NEXT_DAY)["reason"].startswith("EmptyInput: ")


class TestStartDeadline:
    def launch(self, world: World, trigger: str, late: int, limit: int | None) -> dict[str, Any]:
        daily = {"expression": "rate(1 hour)", "timezone": "UTC", "start_deadline_seconds": limit}
        world.configure(schedules={"daily": daily})
        world.now = SLOT + timedelta(seconds=late)
        return world.launch(trigger=trigger)

    def test_skips_a_slot_that_is_later_and_says_how_late(self, world: World) -> None:
        answer = self.launch(world, "schedule", 601, 600)
        assert (answer["result"], answer["reason"]) == (
            "skipped",
            "StartDeadline: delivered 601 s after its time, and start_deadline_seconds is 600",
        )
        assert detail(world)["ProcessingJobStatus"] == "Skipped"
        second = replace(ATTEMPT, number=2)
        assert world.launch(second, "operator")["result"] == "started"
        assert job_name(PREFIX, second) in world.sagemaker.jobs

    @pytest.mark.parametrize(
        ("trigger", "late", "limit"),
        [
            ("schedule", 600, 600),
            ("schedule", 999 * 86_400, None),
            ("retry", 9 * 86_400, 600),
            ("operator", 9 * 86_400, 600),
        ],
    )
    def test_lets_start_what_is_in_time_or_not_the_schedules_own(
        self, world: World, trigger: str, late: int, limit: int | None
    ) -> None:
        assert self.launch(world, trigger, late, limit)["result"] == "started"
