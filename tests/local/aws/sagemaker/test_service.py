"""The local SageMaker as a service; how a job really runs is in test_jobs."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator

from local.aws.activity import Activity
from local.aws.protocols import ServiceError
from local.aws.sagemaker.faults import Faults
from local.aws.sagemaker.job import Job, JobEnd
from local.aws.sagemaker.service import SageMaker
from tests.local.aws.sagemaker.job_requests import (
    ACCOUNT,
    REGION,
    ROLE,
    aws_trusting,
    changed,
    good_request,
    good_training,
)

_Json = dict[str, Any]


class Service:
    """A SageMaker whose jobs end when the test says so."""

    def __init__(self) -> None:
        self.events: list[_Json] = []
        self.trusted = {ROLE}
        self.end = JobEnd("Completed")
        self.stopped_end = JobEnd("Stopped", exit_message="was stopped")
        self.error: Exception | None = None
        self.may_end = threading.Event()
        self.running = threading.Event()
        self.activity = Activity()
        self.sagemaker = SageMaker(
            aws_trusting(self.trusted), self._run, self.events.append, Faults(), self.activity
        )

    def _run(self, job: Job) -> JobEnd:
        job.at("Downloading")
        job.at("Training")
        self.running.set()
        while not self.may_end.wait(0.01):
            if job.stop.is_set():
                return self.stopped_end
        if self.error:
            raise self.error
        if self.end.status == "Completed":
            job.at("Uploading")
        return self.end

    def call(self, operation: str, **request: Any) -> _Json:
        return self.sagemaker.call(operation, request)

    def finished(self, name: str) -> _Json:
        self.may_end.set()
        return self.ended(name)

    def ended(self, name: str, timeout_s: float = 10) -> _Json:
        self.activity.wait(timeout_s)
        return self.call("DescribeProcessingJob", ProcessingJobName=name)

    def refusal(self, operation: str, request: _Json) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self.sagemaker.call(operation, request)
        return caught.value


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.sagemaker.close()


def _statuses(service: Service) -> list[str]:
    return [event["detail"]["ProcessingJobStatus"] for event in service.events]


class TestRequestsAreChecked:
    def test_the_good_request_is_accepted(self, service: Service) -> None:
        answer = service.call("CreateProcessingJob", **good_request("fine"))
        arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/fine"
        assert answer == {"ProcessingJobArn": arn}

    def test_an_operation_that_is_not_played_says_so(self, service: Service) -> None:
        error = service.refusal("CreateTransformJob", {})
        assert "The local SageMaker has no CreateTransformJob; it has Create" in error.message

    def test_a_role_that_sagemaker_cannot_assume_is_refused(self, service: Service) -> None:
        service.trusted.clear()
        error = service.refusal("CreateProcessingJob", good_request())
        assert error.message.startswith(f"Could not assume role {ROLE}.")
        assert service.call("ListProcessingJobs")["ProcessingJobSummaries"] == []


class TestAJobsNameIsUsedOnce:
    def test_a_second_job_of_the_name_is_refused_also_after_the_first_ended(
        self, service: Service
    ) -> None:
        service.call("CreateProcessingJob", **good_request("once"))
        assert service.refusal("CreateProcessingJob", good_request("once")).code == "ResourceInUse"
        service.finished("once")
        assert service.refusal("CreateProcessingJob", good_request("once")).code == "ResourceInUse"

    def test_of_many_requests_at_once_exactly_one_wins(self, service: Service) -> None:
        barrier = threading.Barrier(8)
        codes: list[str] = []

        def create() -> None:
            barrier.wait()
            try:
                service.call("CreateProcessingJob", **good_request("race"))
                codes.append("created")
            except ServiceError as error:
                codes.append(error.code)

        threads = [threading.Thread(target=create) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == ["ResourceInUse"] * 7 + ["created"]


class TestALifeIsToldTruly:
    def test_describe_echoes_the_request_and_keeps_the_times_in_order(
        self, service: Service
    ) -> None:
        request = good_request("told")
        before = time.time()
        service.call("CreateProcessingJob", **request)
        described = service.finished("told")
        del request["Tags"]
        assert request.items() <= described.items()
        names = ["CreationTime", "ProcessingStartTime", "ProcessingEndTime", "LastModifiedTime"]
        times = [before, *(described[name] for name in names), time.time()]
        assert times == sorted(times)
        assert described["ProcessingJobStatus"] == "Completed"
        assert not described.keys() & {"FailureReason", "ExitMessage"}

    def test_a_job_without_a_stopping_condition_may_run_for_a_day(self, service: Service) -> None:
        request = changed("StoppingCondition", None)
        service.call("CreateProcessingJob", **request)
        described = service.call("DescribeProcessingJob", ProcessingJobName="daily-2026-01-01-1")
        assert described["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}

    def test_a_completed_job_has_two_events(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("fine"))
        service.finished("fine")
        assert _statuses(service) == ["InProgress", "Completed"]

    def test_a_stopped_job_has_three_events(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("long"))
        assert service.running.wait(10)
        service.call("StopProcessingJob", ProcessingJobName="long")
        described = service.ended("long")
        assert _statuses(service) == ["InProgress", "Stopping", "Stopped"]
        assert described["ExitMessage"] == "was stopped"

    def test_a_stopped_job_is_stopped_even_if_it_had_just_finished(self, service: Service) -> None:
        service.stopped_end = JobEnd("Completed")
        service.call("CreateProcessingJob", **good_request("late"))
        service.call("StopProcessingJob", ProcessingJobName="late")
        assert service.ended("late")["ProcessingJobStatus"] == "Stopped"

    def test_a_job_that_has_ended_cannot_be_stopped(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("over"))
        service.finished("over")
        error = service.refusal("StopProcessingJob", {"ProcessingJobName": "over"})
        assert "is in status Completed" in error.message
        assert _statuses(service) == ["InProgress", "Completed"]

    def test_a_failure_tells_its_reason_cut_to_what_aws_keeps(self, service: Service) -> None:
        service.end = JobEnd("Failed", "AlgorithmError: " + "x" * 2000, "no input for today")
        service.call("CreateProcessingJob", **good_request("bad"))
        described = service.finished("bad")
        assert described["ProcessingJobStatus"] == "Failed"
        assert len(described["FailureReason"]) == 1024
        assert described["ExitMessage"] == "no input for today"

    def test_an_error_of_ours_fails_the_job_and_is_logged(
        self, service: Service, caplog: pytest.LogCaptureFixture
    ) -> None:
        service.error = RuntimeError("a bug")
        service.call("CreateProcessingJob", **good_request("bug"))
        described = service.finished("bug")
        assert described["FailureReason"] == "InternalServerError: RuntimeError('a bug')"
        assert "job bug failed by an error of the local SageMaker" in caplog.text

    def test_an_event_that_cannot_be_delivered_changes_nothing(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        def refuse(event: _Json) -> None:
            raise ConnectionError(event["id"])

        activity = Activity()
        sagemaker = SageMaker(
            aws_trusting({ROLE}), lambda _: JobEnd("Completed"), refuse, Faults(), activity
        )
        sagemaker.call("CreateProcessingJob", good_request("deaf"))
        activity.wait(10)
        described = sagemaker.call("DescribeProcessingJob", {"ProcessingJobName": "deaf"})
        assert described["ProcessingJobStatus"] == "Completed"
        assert "ProcessingStartTime" not in described, "it never told that it started"
        assert "could not be delivered" in caplog.text

    def test_an_unknown_job_is_an_error(self, service: Service) -> None:
        error = service.refusal("DescribeProcessingJob", {"ProcessingJobName": "absent"})
        assert error.message == "Could not find requested job with name: absent"

    def test_waiting_has_an_end(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("long"))
        with pytest.raises(TimeoutError, match="'job': 1"):
            service.activity.wait(0.01)
        service.activity.wait(0, ["delivery"])

    def test_closing_stops_what_runs_and_accepts_nothing_more(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("long"))
        service.call("CreateTrainingJob", **good_training("long"))
        service.sagemaker.close()
        described = service.ended("long", 0)
        assert described["ProcessingJobStatus"] == "Stopped"
        described = service.call("DescribeTrainingJob", TrainingJobName="long")
        assert described["SecondaryStatus"] == "Stopped"  # and not that its time was over
        error = service.refusal("CreateProcessingJob", good_request("another"))
        assert error.code == "ServiceUnavailable"

    def test_answers_are_what_boto3_expects(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("wire"))
        service.finished("wire")
        model: Any = boto3.client("sagemaker", REGION).meta.service_model
        service.call("CreateTrainingJob", **good_training("wire"))
        service.activity.wait(10)
        for operation, request in (
            ("DescribeProcessingJob", {"ProcessingJobName": "wire"}),
            ("ListProcessingJobs", {}),
            ("DescribeTrainingJob", {"TrainingJobName": "wire"}),
            ("ListTrainingJobs", {}),
        ):
            answer = service.call(operation, **request)
            report = ParamValidator().validate(
                answer, model.operation_model(operation).output_shape
            )
            assert not report.has_errors(), report.generate_report()


class TestATrainingJob:
    def train(self, service: Service) -> _Json:
        service.call("CreateTrainingJob", **good_training("told"))
        return self.ended(service)

    def ended(self, service: Service) -> _Json:
        service.may_end.set()
        service.activity.wait(10)
        return service.call("DescribeTrainingJob", TrainingJobName="told")

    def test_tells_each_secondary_status_it_passes(self, service: Service) -> None:
        described = self.train(service)
        passed = described["SecondaryStatusTransitions"]
        statuses = ["Starting", "Downloading", "Training", "Uploading", "Completed"]
        assert [each["Status"] for each in passed] == statuses
        times = [each[edge] for each in passed for edge in ("StartTime", "EndTime")]
        assert times == sorted(times)
        assert described["TrainingStartTime"] == passed[1]["StartTime"]
        assert described["TrainingEndTime"] == passed[-1]["EndTime"]
        assert described["ModelArtifacts"] == {
            "S3ModelArtifacts": "s3://bucket/out/told/output/model"
        }
        told = [event["detail"] for event in service.events]
        assert [detail["SecondaryStatus"] for detail in told] == statuses
        assert {detail["TrainingJobStatus"] for detail in told[:-1]} == {"InProgress"}

    def test_is_billed_a_part_of_its_time(self, service: Service) -> None:
        service.end = JobEnd("Stopped", lasted_s=100)
        described = self.train(service)
        assert described["SecondaryStatus"] == "MaxRuntimeExceeded"
        assert (described["TrainingTimeInSeconds"], described["BillableTimeInSeconds"]) == (100, 30)

    def test_that_was_told_to_stop_is_stopped(self, service: Service) -> None:
        service.call("CreateTrainingJob", **good_training("told"))
        assert service.running.wait(10)
        service.call("StopTrainingJob", TrainingJobName="told")
        described = self.ended(service)
        assert (described["TrainingJobStatus"], described["SecondaryStatus"]) == ("Stopped",) * 2
        assert "ExitMessage" not in described

    def test_gives_its_failure_as_the_reason(self, service: Service) -> None:
        service.end = JobEnd("Failed", "AlgorithmError: , exit code: 3", "no rows")
        described = self.train(service)
        assert described["FailureReason"] == "AlgorithmError: no rows, exit code: 3"
        assert described["SecondaryStatus"] == "Failed"

    def test_is_unknown_by_other_words_than_a_processing_job(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("absent"))
        error = service.refusal("DescribeTrainingJob", {"TrainingJobName": "absent"})
        assert (error.code, error.message) == (
            "ValidationException",
            "Requested resource not found.",
        )

    def test_may_have_a_processing_jobs_name(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("told"))
        self.train(service)
        assert service.refusal("CreateTrainingJob", good_training("told")).code == "ResourceInUse"
        listed = service.call("ListTrainingJobs", NameContains="told")["TrainingJobSummaries"]
        assert [each["TrainingJobName"] for each in listed] == ["told"]


class TestListing:
    def test_jobs_are_listed_with_their_status(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("b"))
        service.call("StopProcessingJob", ProcessingJobName="b")
        service.ended("b")
        service.call("CreateProcessingJob", **good_request("a"))
        answer = service.call("ListProcessingJobs", StatusEquals="Stopped")
        (summary,) = answer["ProcessingJobSummaries"]
        assert (summary["ProcessingJobName"], summary["ExitMessage"]) == ("b", "was stopped")

    def test_the_newest_come_first_where_that_is_asked(self, service: Service) -> None:
        for name in ("a", "b"):
            service.call("CreateProcessingJob", **good_request(name))
        answer = service.call("ListProcessingJobs", SortOrder="Descending", MaxResults=1)
        assert [each["ProcessingJobName"] for each in answer["ProcessingJobSummaries"]] == ["b"]

    @pytest.mark.parametrize("bad", [{"NextToken": "x"}, {"SortBy": "Name"}])
    def test_a_bad_token_and_what_is_not_played_are_refused(
        self, service: Service, bad: _Json
    ) -> None:
        assert service.refusal("ListProcessingJobs", bad).code == "ValidationException"
