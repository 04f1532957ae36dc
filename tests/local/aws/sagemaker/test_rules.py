"""What the local SageMaker refuses."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import assume, example, given
from hypothesis import strategies as st

from components.aws.models import shape, violations
from local.aws.endpoint import LocalAws
from local.aws.sagemaker import rules
from local.aws.sagemaker.rules import job_refusals
from tests.local.aws.sagemaker.job_requests import (
    IMAGE,
    REGION,
    changed,
    good_request,
    good_training,
)

_Json = dict[str, Any]

MODEL = shape("sagemaker", "CreateProcessingJob")
TRAINING = shape("sagemaker", "CreateTrainingJob")

AWS = cast("LocalAws", SimpleNamespace(region=REGION))
VPCS: dict[str, str] = {}
"""Of each subnet and security group that there is."""


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    def vpc_of(_: LocalAws, id_: str) -> str | None:
        return VPCS.get(id_)

    VPCS.clear()
    monkeypatch.setattr(rules, "vpc_of", vpc_of)


class TestWhatTheModelForbidsIsRefused:
    @given(data=st.data())
    def test_whatever_botocore_refuses_is_refused(self, data: st.DataObject) -> None:
        request = good_request()
        _mutate(MODEL, request, data)
        report = ParamValidator().validate(request, MODEL)
        assume(report.has_errors())
        assert violations(MODEL, request)

    @given(name=st.text(max_size=70))
    @example(name="a" * 64)
    @example(name="ends-with-")
    def test_a_name_is_accepted_only_if_it_is_one(self, name: str) -> None:
        ascii_words = all(c == "-" or (c.isascii() and c.isalnum()) for c in name)
        legal = ascii_words and 1 <= len(name) <= 63 and not (name[0] + name[-1]).count("-")
        request = changed("ProcessingJobName", name)
        assert (violations(MODEL, request) == []) == legal


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
NVME = {"InstanceType": "ml.r5d.large", "InstanceCount": 1, "VolumeSizeInGB": 76}
_INPUT = "ProcessingInputs.0.S3Input"
_CHANNEL = "InputDataConfig.0.DataSource"
_FILES = {
    "FileSystemId": "fs-01234567",
    "FileSystemAccessMode": "ro",
    "FileSystemType": "EFS",
    "DirectoryPath": "/",
}
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
            (f"{_CLUSTER}", NVME, "VolumeSizeInGB 76 is more than the 75 GB of ml.r5d.large"),
            (f"{_INPUT}.LocalPath", None, "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/input", "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/processing/", "must be a plain path under"),
            (f"{_INPUT}.LocalPath", "/opt/ml/processing/../x", "must be a plain path under"),
            (f"{_INPUT}.S3Uri", "https://s3.amazonaws.com/bucket/in", "s3://bucket/prefix"),
            (f"{_INPUT}.S3Uri", "s3://Bucket/in", "s3://bucket/prefix"),
            (f"{_INPUT}.S3DataType", "ManifestFile", "not played"),
            (f"{_INPUT}.S3InputMode", "Pipe", "not played"),
            (f"{_INPUT}.S3CompressionType", "Gzip", "not played"),
            ("ProcessingInputs.0.S3Input", None, "needs an S3Input"),
            ("ProcessingInputs.0.DatasetDefinition", {}, "not played"),
            ("ProcessingInputs.0.AppManaged", True, "not played"),
            (f"{_OUTPUT}.S3Output", None, "needs an S3Output"),
            (f"{_OUTPUT}.S3Output.S3UploadMode", "Continuous", "not played"),
            (f"{_OUTPUT}.S3Output.S3Uri", "s3://b", "s3://bucket/prefix"),
            (f"{_OUTPUT}.FeatureStoreOutput", {"FeatureGroupName": "f"}, "not played"),
            (f"{_OUTPUT}.AppManaged", True, "not played"),
            ("ExperimentConfig", {"ExperimentName": "e"}, "not played"),
            ("NetworkConfig.EnableNetworkIsolation", False, "neither isolated nor a VPC is not pl"),
            ("NetworkConfig", None, "neither isolated nor a VPC is not played"),
            ("AppSpecification.ContainerEntrypoint", None, "entry point is not played"),
            ("AppSpecification.ImageUri", "debian:12-slim", "not an Amazon ECR path"),
            ("AppSpecification.ImageUri", IMAGE.replace(REGION, "us-east-1"), "Invalid region"),
        ],
    )
    def test_it_is_refused_with_its_reason(self, path: str, value: Any, reason: str) -> None:
        request = changed(path, value)
        assert violations(MODEL, request) == []
        assert any(reason in refusal for refusal in job_refusals(request, AWS))

    @pytest.mark.parametrize("isolated", [True, False])
    def test_a_vpc_is_accepted(self, isolated: bool) -> None:
        vpc = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
        request = changed("NetworkConfig.VpcConfig", vpc)
        request["NetworkConfig"]["EnableNetworkIsolation"] = isolated
        VPCS.update({"subnet-1": "vpc-1", "sg-1": "vpc-1"})
        assert job_refusals(request, AWS) == []

    def test_subnets_and_groups_must_exist_in_one_vpc(self) -> None:
        vpc = {"Subnets": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]}
        request = changed("NetworkConfig.VpcConfig", vpc)
        assert job_refusals(request, AWS) == [
            f"VpcConfig: there is no {each}" for each in ("subnet-1", "subnet-2", "sg-1")
        ]
        VPCS.update({"subnet-1": "vpc-1", "subnet-2": "vpc-1", "sg-1": "vpc-2"})
        [refusal] = job_refusals(request, AWS)
        assert "one VPC" in refusal

    def test_encryption_between_hosts_is_accepted(self) -> None:
        request = changed("NetworkConfig.EnableInterContainerTrafficEncryption", value=True)
        request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
        assert job_refusals(request, AWS) == []

    def test_the_good_request_for_training_is_accepted(self) -> None:
        assert violations(TRAINING, good_training()) == []
        assert job_refusals(good_training(), AWS) == []

    @pytest.mark.parametrize(
        ("path", "value", "reason"),
        [
            ("StoppingCondition.MaxWaitTimeInSeconds", None, "Invalid MaxWaitTimeInSeconds. It mu"),
            ("StoppingCondition.MaxWaitTimeInSeconds", 3599, "greater than or equal to MaxRuntime"),
            ("StoppingCondition.MaxRuntimeInSeconds", None, "MaxRuntimeInSeconds is not played"),
            ("StoppingCondition.MaxPendingTimeInSeconds", 7200, "not played"),
            ("StoppingCondition", None, "StoppingCondition: required"),
            ("EnableManagedSpotTraining", False, "EnableManagedSpotTraining False is not played"),
            ("EnableManagedSpotTraining", None, "EnableManagedSpotTraining False is not played"),
            ("RetryStrategy", {"MaximumRetryAttempts": 1}, "RetryStrategy is not played"),
            ("HyperParameters", {"a": "1"}, "HyperParameters is not played"),
            ("ResourceConfig", None, "ResourceConfig: required"),
            ("ResourceConfig.InstanceCount", 2, "InstanceCount 2 is not played"),
            ("ResourceConfig.InstanceCount", None, "ResourceConfig.InstanceCount is required"),
            ("ResourceConfig.VolumeSizeInGB", None, "ResourceConfig.VolumeSizeInGB is required"),
            ("ResourceConfig.KeepAlivePeriodInSeconds", 60, "not played"),
            ("ResourceConfig", NVME, "VolumeSizeInGB 76 is more than the 75 GB of ml.r5d.large"),
            ("AlgorithmSpecification.TrainingInputMode", "Pipe", "use File"),
            ("AlgorithmSpecification.TrainingImage", None, "not an Amazon ECR path"),
            ("AlgorithmSpecification.ContainerEntrypoint", None, "entry point is not played"),
            ("AlgorithmSpecification.MetricDefinitions", [], "not played"),
            (f"{_CHANNEL}.S3DataSource", None, "Channel 'input' needs an S3DataSource"),
            (f"{_CHANNEL}.FileSystemDataSource", _FILES, "not played"),
            (f"{_CHANNEL}.S3DataSource.S3Uri", "s3://B/in", "s3://bucket/prefix"),
            (f"{_CHANNEL}.S3DataSource.S3DataType", "ManifestFile", "use S3Prefix"),
            (f"{_CHANNEL}.S3DataSource.S3DataDistributionType", "ShardedByS3Key", "use FullyRep"),
            ("InputDataConfig.0.CompressionType", "Gzip", "not played"),
            ("InputDataConfig.0.InputMode", "FastFile", "use File"),
            ("OutputDataConfig.CompressionType", None, "CompressionType GZIP is not played"),
            ("OutputDataConfig.S3OutputPath", "https://s3.x/b", "s3://bucket/prefix"),
            ("CheckpointConfig.S3Uri", "https://s3.x/b", "s3://bucket/prefix"),
            ("CheckpointConfig.LocalPath", "/opt/ml/model", "use /opt/ml/checkpoints"),
            ("EnableNetworkIsolation", None, "neither isolated nor a VPC is not played"),
        ],
    )
    def test_of_training_it_is_refused_with_its_reason(
        self, path: str, value: Any, reason: str
    ) -> None:
        request = changed(path, value, good_training)
        assert violations(TRAINING, request) == []
        [refusal] = job_refusals(request, AWS)
        assert reason in refusal
