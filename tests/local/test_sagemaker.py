"""The local SageMaker as a service; how a job really runs is in test_jobs."""

from __future__ import annotations

import copy
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.model import ListShape, MapShape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import assume, example, given
from hypothesis import strategies as st

from components.aws_model import shape
from local.processing_job import Job, JobEnd
from local.sagemaker import SageMaker, ServiceError
from local.sagemaker_events import state_change
from local.sagemaker_rules import job_refusals, model_violations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

_Json = dict[str, Any]

_REGION = "eu-central-1"
_ACCOUNT = "123456789012"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/job"
_IMAGE = f"{_ACCOUNT}.dkr.ecr.{_REGION}.amazonaws.com/image@sha256:{'0' * 64}"


def good_request(name: str = "daily-2026-01-01-1") -> _Json:
    return {
        "ProcessingJobName": name,
        "RoleArn": _ROLE,
        "AppSpecification": {
            "ImageUri": _IMAGE,
            "ContainerEntrypoint": ["/app/entrypoint.sh"],
            "ContainerArguments": ["--day", "2026-01-01"],
        },
        "ProcessingResources": {
            "ClusterConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 30,
                "VolumeKmsKeyId": "alias/data",
            }
        },
        "ProcessingInputs": [
            {
                "InputName": "in",
                "S3Input": {
                    "S3Uri": "s3://bucket/in/",
                    "LocalPath": "/opt/ml/processing/input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                    "S3DataDistributionType": "ShardedByS3Key",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "out",
                    "S3Output": {
                        "S3Uri": "s3://bucket/out",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "Environment": {"SLOT": "2026-01-01T00:00:00Z"},
        "NetworkConfig": {"EnableNetworkIsolation": True},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "Tags": [{"Key": "stack", "Value": "local"}],
    }


def changed(path: str, value: Any) -> _Json:
    """Return the good request with one value set; `None` removes it."""
    request: Any = good_request()
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = request
    for part in parents:
        target = target[part] if isinstance(part, int) else target.setdefault(part, {})
    if value is None:
        del target[last]
    else:
        target[last] = value
    return request


class Service:
    """A SageMaker whose jobs end when the test says so."""

    def __init__(self) -> None:
        self.events: list[_Json] = []
        self.trusted = {_ROLE}
        self.end = JobEnd("Completed")
        self.stopped_end = JobEnd("Stopped", exit_message="was stopped")
        self.error: Exception | None = None
        self.may_end = threading.Event()
        self.running = threading.Event()
        self.sagemaker = SageMaker(
            _ACCOUNT,
            _REGION,
            run=self._run,
            publish=self.events.append,
            can_assume=self.trusted.__contains__,
        )

    def _run(self, job: Job) -> JobEnd:
        job.started()
        self.running.set()
        while not self.may_end.wait(0.01):
            if job.stop.is_set():
                return self.stopped_end
        if self.error:
            raise self.error
        return self.end

    def call(self, operation: str, **request: Any) -> _Json:
        return self.sagemaker.call(operation, request)

    def finished(self, name: str) -> _Json:
        self.may_end.set()
        return self.sagemaker.wait(name, timeout_s=10)

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


class TestWhatTheModelForbidsIsRefused:
    def test_the_good_request_is_accepted(self, service: Service) -> None:
        answer = service.call("CreateProcessingJob", **good_request("fine"))
        arn = f"arn:aws:sagemaker:{_REGION}:{_ACCOUNT}:processing-job/fine"
        assert answer == {"ProcessingJobArn": arn}

    def test_all_violations_are_listed_in_awss_wording(self, service: Service) -> None:
        request = changed("ProcessingJobName", "not_legal")
        request["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.t3.small"
        error = service.refusal("CreateProcessingJob", request)
        assert error.code == "ValidationException"
        assert error.message.startswith("2 validation errors detected: ")
        assert "Value 'not_legal' at 'processingJobName' failed to satisfy" in error.message
        assert "'processingResources.clusterConfig.instanceType'" in error.message

    @given(data=st.data())
    def test_whatever_botocore_refuses_is_refused(self, data: st.DataObject) -> None:
        request = good_request()
        _mutate(shape("sagemaker", "CreateProcessingJob"), request, data)
        report = ParamValidator().validate(request, shape("sagemaker", "CreateProcessingJob"))
        assume(report.has_errors())
        assert model_violations("CreateProcessingJob", request)

    @given(name=st.text(max_size=70))
    @example(name="a" * 64)
    @example(name="ends-with-")
    def test_a_name_is_accepted_only_if_it_is_one(self, name: str) -> None:
        ascii_words = all(c == "-" or (c.isascii() and c.isalnum()) for c in name)
        legal = ascii_words and 1 <= len(name) <= 63 and not (name[0] + name[-1]).count("-")
        request = changed("ProcessingJobName", name)
        assert (model_violations("CreateProcessingJob", request) == []) == legal

    @pytest.mark.parametrize(
        "operation", ["DescribeProcessingJob", "StopProcessingJob", "AddTags", "ListTags"]
    )
    def test_every_operation_checks_its_own_input(self, service: Service, operation: str) -> None:
        error = service.refusal(operation, {"Unknown": 1})
        assert (error.code, "unknown" in error.message) == ("ValidationException", True)

    def test_an_operation_that_is_not_played_says_so(self, service: Service) -> None:
        error = service.refusal("CreateTrainingJob", {})
        assert "The local SageMaker has no CreateTrainingJob; it has Create" in error.message


_ODD: list[object] = [None, 0, -1, 1.5, True, "", [], {}, [1]]


def _mutate(model: Shape, value: Any, data: st.DataObject) -> None:
    """Break or change one thing somewhere in `value`, in place."""
    if isinstance(model, StructureShape):
        known = [name for name in value if name in model.members]
        action = data.draw(st.sampled_from(["remove", "add", "replace", "enter"]))
        name = data.draw(st.sampled_from(known))
        match action:
            case "remove":
                del value[name]
            case "add":
                value[data.draw(st.text(min_size=1, max_size=5))] = 1
            case "replace":
                value[name] = data.draw(st.sampled_from(_ODD))
            case _:
                _mutate(model.members[name], value[name], data)
    elif isinstance(model, ListShape) and isinstance(value, list) and value:
        _mutate(model.member, cast("list[Any]", value)[0], data)
    elif isinstance(model, MapShape) and isinstance(value, dict):
        cast("_Json", value)["KEY"] = data.draw(st.sampled_from(_ODD))


_CLUSTER = "ProcessingResources.ClusterConfig"
_INPUT = "ProcessingInputs.0.S3Input"
_OUTPUT = "ProcessingOutputConfig.Outputs.0"


class TestWhatAwsRefusesBeyondItsModelIsRefused:
    @pytest.mark.parametrize(
        ("path", "value", "reason"),
        [
            (f"{_CLUSTER}.InstanceType", None, "InstanceType is required"),
            (f"{_CLUSTER}.InstanceCount", None, "InstanceCount is required"),
            (f"{_CLUSTER}.InstancePreferences", [{"InstanceType": "ml.m5.large"}], "not played"),
            (f"{_CLUSTER}.SelectedInstanceCount", 1, "not played"),
            (f"{_CLUSTER}.InstanceType", "ml.g5.xlarge", "VolumeKmsKeyId is not allowed"),
            (f"{_CLUSTER}.InstanceType", "ml.r5d.large", "VolumeKmsKeyId is not allowed"),
            (f"{_INPUT}.LocalPath", None, "needs a LocalPath under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/input", "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/processing/", "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/processing/../x", "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/processing/output/", "2 times; each must be"),
            (f"{_INPUT}.S3Uri", "https://s3.amazonaws.com/bucket/in", "s3://bucket/prefix"),
            (f"{_INPUT}.S3Uri", "s3://Bucket/in", "s3://bucket/prefix"),
            (f"{_INPUT}.S3DataType", "ManifestFile", "not played"),
            (f"{_INPUT}.S3InputMode", "Pipe", "not played"),
            (f"{_INPUT}.S3CompressionType", "Gzip", "only for S3InputMode Pipe"),
            ("ProcessingInputs.0.S3Input", None, "needs an S3Input"),
            ("ProcessingInputs.0.DatasetDefinition", {}, "not played"),
            ("ProcessingInputs.0.AppManaged", True, "not played"),
            (f"{_OUTPUT}.S3Output", None, "needs an S3Output"),
            (f"{_OUTPUT}.S3Output.S3UploadMode", "Continuous", "not played"),
            (f"{_OUTPUT}.S3Output.S3Uri", "s3://b", "s3://bucket/prefix"),
            (f"{_OUTPUT}.FeatureStoreOutput", {"FeatureGroupName": "f"}, "not played"),
            (f"{_OUTPUT}.AppManaged", True, "not played"),
            ("ExperimentConfig", {"ExperimentName": "e"}, "not played"),
            ("AppSpecification.ImageUri", "debian:12-slim", "not an Amazon ECR path"),
            ("AppSpecification.ImageUri", _IMAGE.replace(_REGION, "us-east-1"), "Invalid region"),
            ("Tags.0.Key", "aws:stack", "reserved"),
            ("Tags", [{"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}], "must be unique"),
        ],
    )
    def test_it_is_refused_with_its_reason(self, path: str, value: Any, reason: str) -> None:
        request = changed(path, value)
        assert model_violations("CreateProcessingJob", request) == []
        assert any(reason in refusal for refusal in job_refusals(request, _REGION))

    @pytest.mark.parametrize("kind", ["ProcessingInputs", "ProcessingOutputConfig"])
    def test_two_inputs_or_outputs_have_not_the_same_name(self, kind: str) -> None:
        request = good_request()
        config = request[kind]
        listed: list[_Json] = config["Outputs"] if kind == "ProcessingOutputConfig" else config
        listed.append(copy.deepcopy(listed[0]))
        refusals = job_refusals(request, _REGION)
        assert any("have the name" in refusal for refusal in refusals)
        assert any("have the LocalPath" in refusal for refusal in refusals)

    def test_a_vpc_is_accepted_only_where_it_makes_no_difference(self) -> None:
        vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
        isolated = changed("NetworkConfig.VpcConfig", vpc)
        assert list(job_refusals(isolated, _REGION)) == []
        isolated["NetworkConfig"]["EnableNetworkIsolation"] = False
        assert "VpcConfig without EnableNetworkIsolation" in job_refusals(isolated, _REGION)[0]

    def test_encryption_between_hosts_is_accepted_for_one_host_only(self) -> None:
        request = changed("NetworkConfig.EnableInterContainerTrafficEncryption", value=True)
        assert job_refusals(request, _REGION) == []
        request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
        assert "between 2 hosts" in job_refusals(request, _REGION)[0]

    def test_a_role_that_sagemaker_cannot_assume_is_refused(self, service: Service) -> None:
        service.trusted.clear()
        error = service.refusal("CreateProcessingJob", good_request())
        assert error.message.startswith(f"Could not assume role {_ROLE}.")
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
        described = service.sagemaker.wait("long", 10)
        assert _statuses(service) == ["InProgress", "Stopping", "Stopped"]
        assert described["ExitMessage"] == "was stopped"

    def test_a_stopped_job_is_stopped_even_if_it_was_just_through(self, service: Service) -> None:
        service.stopped_end = JobEnd("Completed")
        service.call("CreateProcessingJob", **good_request("late"))
        service.call("StopProcessingJob", ProcessingJobName="late")
        assert service.sagemaker.wait("late", 10)["ProcessingJobStatus"] == "Stopped"

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

        sagemaker = SageMaker(
            _ACCOUNT,
            _REGION,
            run=lambda _: JobEnd("Completed"),
            publish=refuse,
            can_assume=lambda _: True,
        )
        sagemaker.call("CreateProcessingJob", good_request("deaf"))
        described = sagemaker.wait("deaf", 10)
        assert described["ProcessingJobStatus"] == "Completed"
        assert "ProcessingStartTime" not in described, "it never told that it started"
        assert "could not be delivered" in caplog.text

    def test_an_unknown_job_is_an_error(self, service: Service) -> None:
        error = service.refusal("DescribeProcessingJob", {"ProcessingJobName": "absent"})
        assert error.message == "Could not find requested job with name: absent"

    def test_waiting_has_an_end(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("long"))
        with pytest.raises(TimeoutError, match="job long is still InProgress"):
            service.sagemaker.wait("long", 0.01)

    def test_closing_stops_what_runs_and_accepts_nothing_more(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("long"))
        service.sagemaker.close()
        described = service.sagemaker.wait("long", 0)
        assert described["ProcessingJobStatus"] == "Stopped"
        error = service.refusal("CreateProcessingJob", good_request("another"))
        assert error.code == "ServiceUnavailable"

    def test_answers_are_what_boto3_expects(self, service: Service) -> None:
        service.call("CreateProcessingJob", **good_request("wire"))
        service.finished("wire")
        model: Any = boto3.client("sagemaker", _REGION).meta.service_model
        for operation, request in (
            ("DescribeProcessingJob", {"ProcessingJobName": "wire"}),
            ("ListProcessingJobs", {}),
        ):
            answer = service.call(operation, **request)
            report = ParamValidator().validate(
                answer, model.operation_model(operation).output_shape
            )
            assert not report.has_errors(), report.generate_report()


class TestListing:
    @pytest.fixture
    def jobs(self, service: Service) -> list[str]:
        names = [f"job-{letter}" for letter in "cabde"]
        for name in names:
            service.call("CreateProcessingJob", **good_request(name))
        service.call("StopProcessingJob", ProcessingJobName="job-a")
        service.sagemaker.wait("job-a", 10)
        return names

    @staticmethod
    def _names(answer: _Json) -> list[str]:
        return [summary["ProcessingJobName"] for summary in answer["ProcessingJobSummaries"]]

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            ({}, ["c", "a", "b", "d", "e"]),
            ({"SortOrder": "Descending"}, ["e", "d", "b", "a", "c"]),
            ({"SortBy": "Name"}, ["a", "b", "c", "d", "e"]),
            ({"SortBy": "Status", "SortOrder": "Descending"}, ["a", "e", "d", "c", "b"]),
            ({"NameContains": "b-d"}, ["d"]),
            ({"StatusEquals": "Stopped"}, ["a"]),
            ({"StatusEquals": "InProgress", "SortBy": "Name"}, ["b", "c", "d", "e"]),
            ({"CreationTimeAfter": time.time() + 3600}, []),
            ({"CreationTimeBefore": 0.0}, []),
            ({"LastModifiedTimeAfter": 0.0, "SortBy": "Name"}, ["a", "b", "c", "d", "e"]),
        ],
    )
    @pytest.mark.usefixtures("jobs")
    def test_it_is_filtered_and_sorted(
        self, service: Service, request_: _Json, expected: list[str]
    ) -> None:
        answer = service.call("ListProcessingJobs", **request_)
        assert self._names(answer) == [f"job-{letter}" for letter in expected]

    def test_pages_cover_everything_once(self, service: Service, jobs: list[str]) -> None:
        seen: list[str] = []
        token: _Json = {}
        while True:
            answer = service.call("ListProcessingJobs", MaxResults=2, **token)
            seen += self._names(answer)
            if "NextToken" not in answer:
                break
            token = {"NextToken": answer["NextToken"]}
        assert seen == jobs

    @pytest.mark.parametrize("bad", [{"NextToken": "x"}, {"CreationTimeAfter": "yesterday"}])
    def test_a_bad_token_or_time_is_refused(self, service: Service, bad: _Json) -> None:
        assert service.refusal("ListProcessingJobs", bad).code == "ValidationException"


class TestTags:
    def test_tags_of_a_job_are_kept_and_added_to(self, service: Service) -> None:
        arn = service.call("CreateProcessingJob", **good_request("t"))["ProcessingJobArn"]
        service.call("AddTags", ResourceArn=arn, Tags=[{"Key": "slot", "Value": "1"}])
        listed = service.call("ListTags", ResourceArn=arn)["Tags"]
        assert listed == [{"Key": "stack", "Value": "local"}, {"Key": "slot", "Value": "1"}]

    def test_a_reserved_tag_and_an_unknown_arn_are_refused(self, service: Service) -> None:
        arn = service.call("CreateProcessingJob", **good_request("t"))["ProcessingJobArn"]
        tags = [{"Key": "aws:x", "Value": ""}]
        error = service.refusal("AddTags", {"ResourceArn": arn, "Tags": tags})
        assert "reserved" in error.message
        assert "t2" in service.refusal("ListTags", {"ResourceArn": f"{arn}2"}).message


class TestTheEvent:
    def _event(self) -> _Json:
        description = {
            **good_request("told"),
            "ProcessingJobArn": f"arn:aws:sagemaker:{_REGION}:{_ACCOUNT}:processing-job/told",
            "ProcessingJobStatus": "Failed",
            "FailureReason": "AlgorithmError: , exit code: 1",
            "ExitMessage": "no input",
            "CreationTime": 1704320199.25,
            "LastModifiedTime": 1704320746.0,
            "ProcessingEndTime": 1704320746.0,
        }
        return state_change(description, datetime(2024, 1, 3, 22, 25, 46, tzinfo=UTC))

    def test_the_envelope_is_eventbridges(self) -> None:
        event = self._event()
        del event["id"], event["detail"]
        assert event == {
            "version": "0",
            "detail-type": "SageMaker Processing Job State Change",
            "source": "aws.sagemaker",
            "account": _ACCOUNT,
            "time": "2024-01-03T22:25:46Z",
            "region": _REGION,
            "resources": [f"arn:aws:sagemaker:{_REGION}:{_ACCOUNT}:processing-job/told"],
        }

    def test_times_are_epoch_milliseconds_and_absent_if_there_is_none(self) -> None:
        detail = self._event()["detail"]
        assert detail["CreationTime"] == 1704320199250
        assert detail["ProcessingEndTime"] == 1704320746000
        assert "ProcessingStartTime" not in detail

    def test_enums_have_the_events_spelling_and_other_text_is_left_alone(self) -> None:
        detail = self._event()["detail"]
        source = detail["ProcessingInputs"][0]["S3Input"]
        assert source["S3DataType"] == "S3_PREFIX"
        assert source["S3InputMode"] == "FILE"
        assert source["S3DataDistributionType"] == "SHARDEDBYS3KEY"
        assert source["S3Uri"] == "s3://bucket/in/"
        output = detail["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
        assert output["S3UploadMode"] == "END_OF_JOB"
        assert detail["AppSpecification"] == good_request()["AppSpecification"]

    def test_it_lacks_what_the_documented_event_lacks(self) -> None:
        detail = self._event()["detail"]
        assert not detail.keys() & {"ExitMessage", "Tags", "Environment"}
        assert detail["FailureReason"] == "AlgorithmError: , exit code: 1"
