"""What goes wrong on demand, as a caller and a listener of the local SageMaker see it."""

from typing import Any

import pytest

from local.aws.activity import Activity
from local.aws.protocols import ServiceError
from local.aws.sagemaker.faults import Faults
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.service import SageMaker
from tests.local.aws.sagemaker.processing_requests import ROLE, aws_trusting, good_request

_Json = dict[str, Any]


class Service:
    """A SageMaker whose jobs end at once, with what it tells."""

    def __init__(self, *faults: str) -> None:
        self.faults, self.activity = Faults(faults), Activity()
        self.events: list[tuple[str, str]] = []
        self.ran: list[str] = []
        self.sagemaker = SageMaker(
            aws_trusting({ROLE}), self._run, self._publish, self.faults, self.activity
        )

    def _publish(self, event: _Json) -> None:
        for each in self.faults.arriving(event):
            detail = each["detail"]
            self.events.append((detail["ProcessingJobName"], detail["ProcessingJobStatus"]))

    def _run(self, job: Job) -> JobEnd:
        job.started()
        self.ran.append(job.name)
        return JobEnd("Completed")

    def play(self, name: str) -> _Json:
        self.sagemaker.call("CreateProcessingJob", good_request(name))
        self.activity.wait(10)
        return self.sagemaker.call("DescribeProcessingJob", {"ProcessingJobName": name})

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
        service.sagemaker.age("a", 600)
        after = service.sagemaker.call("DescribeProcessingJob", {"ProcessingJobName": "a"})
        times = [name for name in before if name.endswith("Time")]
        assert len(times) == 4
        assert all(before[name] - after[name] == 600 for name in times)
