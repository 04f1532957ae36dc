"""What goes wrong on demand, as a caller and a listener of the local SageMaker see it."""

import time
from typing import Any

import pytest

from local.aws.activity import Activity
from local.aws.protocols import ServiceError
from local.aws.sagemaker.faults import Faults
from local.aws.sagemaker.job import Job, JobEnd, Moment, kind_of
from local.aws.sagemaker.service import SageMaker
from tests.local.aws.sagemaker.job_requests import (
    ROLE,
    aws_trusting,
    good_request,
    good_training,
)

_Json = dict[str, Any]


class Service:
    """A SageMaker whose jobs end at once, with what it tells."""

    def __init__(self, *faults: str) -> None:
        self.faults, self.activity = Faults(faults), Activity()
        self.events: list[tuple[str, str]] = []
        self.ran: list[str] = []
        self.moments: list[Moment] = [
            *("Downloading", "Training", "Printed", "Kept", "Uploading", "Saved")
        ]
        self.sagemaker = SageMaker(
            aws_trusting({ROLE}), self._run, self._publish, self.faults, self.activity
        )

    def _publish(self, event: _Json) -> None:
        for each in self.faults.arriving(event):
            detail, kind = each["detail"], kind_of(each["detail"])
            self.events.append((detail[f"{kind}JobName"], detail[f"{kind}JobStatus"]))

    def _run(self, job: Job) -> JobEnd:
        self.ran.append(job.name)
        for moment in self.moments:
            job.at(moment)
            if job.stop.is_set():
                return JobEnd("Stopped")
        return JobEnd("Completed")

    def play(self, name: str) -> _Json:
        self.sagemaker.call("CreateProcessingJob", good_request(name))
        self.activity.wait(10)
        return self.sagemaker.call("DescribeProcessingJob", {"ProcessingJobName": name})

    def train(self, name: str) -> _Json:
        self.sagemaker.call("CreateTrainingJob", good_training(name))
        self.activity.wait(10)
        return self.sagemaker.call("DescribeTrainingJob", {"TrainingJobName": name})

    def refusal(self, name: str) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self.play(name)
        return caught.value


class TestFaultsOfJobs:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("capacity", "CapacityError: Unable to provision requested ML compute capacity."),
            ("internal-error", "InternalServerError: We encountered an internal error.  Please"),
            ("out-of-memory", "ClientError: Please use an instance type with more memory, or"),
            ("disk-full", "AlgorithmError: , exit code: 1"),
        ],
    )
    def test_a_job_fails_in_awss_words_without_being_run(self, fault: str, reason: str) -> None:
        service = Service(fault)
        described = service.play("first")
        assert described["ProcessingJobStatus"] == "Failed"
        assert described["FailureReason"].startswith(reason)
        assert ("ProcessingStartTime" in described) == (fault != "capacity")
        assert service.ran == []

    def test_a_full_disk_is_told_by_the_script(self) -> None:
        assert "No space left on device" in Service("disk-full").play("first")["ExitMessage"]

    def test_a_timeout_ends_as_stopped_after_the_whole_time_without_waiting_for_it(self) -> None:
        described = Service("timeout").play("first")
        assert described["ProcessingJobStatus"] == "Stopped"
        lasted = described["ProcessingEndTime"] - described["ProcessingStartTime"]
        assert lasted == good_request()["StoppingCondition"]["MaxRuntimeInSeconds"]
        assert "FailureReason" not in described

    def test_an_operators_stop_passes_through_stopping(self) -> None:
        service = Service("operator-stop")
        described = service.play("first")
        assert described["ProcessingJobStatus"] == "Stopped"
        assert "ProcessingStartTime" in described
        statuses = [status for _, status in service.events]
        assert statuses == ["InProgress", "Stopping", "Stopped"]

    @pytest.mark.parametrize(
        ("fault", "code", "text"),
        [
            ("throttle", "ThrottlingException", "Rate exceeded"),
            (
                "quota",
                "ResourceLimitExceeded",
                "limit 'ml.m5.large for processing job usage' is 1 Instances, with current "
                "utilization of 1 Instances and a request delta of 1",
            ),
            (
                "quota-zero",
                "ResourceLimitExceeded",
                "limit 'ml.m5.large for processing job usage' is 0",
            ),
        ],
    )
    def test_a_refusal_holds_for_every_request_of_that_name_and_for_no_other(
        self, fault: str, code: str, text: str
    ) -> None:
        service = Service(fault)
        for _ in range(2):
            error = service.refusal("first")
            assert (error.code, text in error.message) == (code, True)
        assert service.play("second")["ProcessingJobStatus"] == "Completed"
        assert [name for name, _ in service.events] == ["second", "second"]

    def test_each_befalls_one_new_job_in_their_order(self) -> None:
        service = Service("disk-full", "capacity")
        ends = [service.play(name).get("FailureReason", "")[:8] for name in ("a", "b", "c")]
        assert ends == ["Algorith", "Capacity", ""]

    def test_an_invalid_request_uses_up_no_fault(self) -> None:
        service = Service("capacity")
        with pytest.raises(ServiceError, match="ExperimentConfig"):
            service.sagemaker.call(
                "CreateProcessingJob", {**good_request("bad"), "ExperimentConfig": {}}
            )
        assert service.play("legal")["ProcessingJobStatus"] == "Failed"


class TestFaultsOfSpot:
    def test_no_machine_ever_comes(self) -> None:
        service = Service("spot-never-came")
        told = service.train("a")
        assert (told["TrainingJobStatus"], told["SecondaryStatus"]) == (
            "Stopped",
            "MaxWaitTimeExceeded",
        )
        assert service.ran == []
        assert not told.keys() & {"TrainingStartTime", "ModelArtifacts", "FailureReason"}
        assert not told.keys() & {"TrainingTimeInSeconds", "BillableTimeInSeconds"}

    def test_what_is_waited_for_lies_in_the_past_when_it_is_over(self) -> None:
        before = time.time()
        told = Service("spot-never-came").train("a")
        waited = told["TrainingEndTime"] - told["CreationTime"]
        assert waited == pytest.approx(7200)
        assert before <= told["TrainingEndTime"] <= time.time()

    def test_no_machine_comes_again(self) -> None:
        service = Service("spot-reclaimed")
        told = service.train("a")
        assert told["SecondaryStatus"] == "MaxWaitTimeExceeded"
        assert "TrainingStartTime" in told
        assert service.ran == ["a"]
        assert _passed(told)[2:] == ["Training", "Interrupted", "MaxWaitTimeExceeded"]

    @pytest.mark.parametrize(
        ("fault", "last"),
        [
            ("spot-reclaimed-after-checkpoint", "Training"),
            ("spot-reclaimed-during-upload", "Uploading"),
        ],
    )
    def test_another_machine_runs_it_to_its_end(self, fault: str, last: str) -> None:
        service = Service(fault)
        told = service.train("a")
        assert told["TrainingJobStatus"] == "Completed"
        assert service.ran == ["a", "a"]
        after = ["Downloading", "Training", "Uploading", "Completed"]
        passed = _passed(told)
        assert passed[passed.index("Interrupted") - 1] == last
        assert passed[passed.index("Interrupted") + 1 :] == after

    def test_a_job_that_is_to_stop_does_not_come_back(self) -> None:
        service = Service("spot-reclaimed-after-checkpoint")
        publish = service.faults.arriving

        def stop_it(event: _Json) -> list[_Json]:
            if event["detail"]["SecondaryStatus"] == "Interrupted":
                service.sagemaker.call("StopTrainingJob", {"TrainingJobName": "a"})
            return publish(event)

        service.faults.arriving = stop_it
        assert service.train("a")["SecondaryStatus"] == "Stopped"
        assert service.ran == ["a"]

    def test_one_whose_moment_never_came_is_still_to_come(self) -> None:
        service = Service("spot-reclaimed-after-checkpoint", "duplicate-event", "capacity")
        service.moments.remove("Kept")
        assert service.train("a")["TrainingJobStatus"] == "Completed"
        assert service.faults.left == ["capacity", "spot-reclaimed-after-checkpoint"]
        service.train("b")
        service.moments.insert(3, "Kept")
        service.train("c")
        assert (service.ran, service.faults.left) == (["a", "c", "c"], [])

    def test_wait_for_a_training_job(self) -> None:
        service = Service("spot-never-came")
        assert service.play("a")["ProcessingJobStatus"] == "Completed"
        assert service.train("a")["SecondaryStatus"] == "MaxWaitTimeExceeded"

    def test_its_quota_is_of_spot_machines(self) -> None:
        with pytest.raises(ServiceError, match="large for spot training job usage' is 0"):
            Service("quota-zero").train("a")


def _passed(told: _Json) -> list[str]:
    return [each["Status"] for each in told["SecondaryStatusTransitions"]]


class TestFaultsOfEvents:
    def test_only_the_first_end_is_lost(self) -> None:
        service = Service("lost-event")
        for name in ("a", "b"):
            service.play(name)
        assert service.events == [("a", "InProgress"), ("b", "InProgress"), ("b", "Completed")]

    def test_every_event_comes_twice(self) -> None:
        service = Service("duplicate-event")
        service.play("a")
        assert service.events == [("a", "InProgress")] * 2 + [("a", "Completed")] * 2

    def test_the_end_comes_before_the_beginning(self) -> None:
        service = Service("out-of-order")
        for name in ("a", "b"):
            service.play(name)
        assert service.events == [(n, s) for n in "ab" for s in ("Completed", "InProgress")]

    def test_a_job_can_be_moved_back_in_time(self) -> None:
        service = Service()
        before = service.play("a")
        service.sagemaker.age(before["ProcessingJobArn"], 600)
        after = service.sagemaker.call("DescribeProcessingJob", {"ProcessingJobName": "a"})
        times = [name for name in before if name.endswith("Time")]
        assert len(times) == 4
        assert all(before[name] - after[name] == 600 for name in times)
