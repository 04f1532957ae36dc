"""What botocore's own validator refuses is refused, and what AWS's model forbids beside."""

import copy
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator
from hypothesis import given, settings
from hypothesis import strategies as st

from components.aws.models import shape, violations
from tests.examples import share

REQUEST: dict[str, Any] = {
    "ProcessingJobName": "dev--nightly-20260101T020000Z-1",
    "RoleArn": "arn:aws:iam::123456789012:role/dev-job",
    "AppSpecification": {
        "ImageUri": f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/dev@sha256:{'0' * 64}",
        "ContainerArguments": ["--verbose"],
    },
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceCount": 1,
            "InstanceType": "ml.t3.medium",
            "VolumeSizeInGB": 30,
        }
    },
    "ProcessingInputs": [
        {
            "InputName": "input",
            "S3Input": {
                "S3Uri": "s3://dev-input/2026/",
                "LocalPath": "/opt/ml/processing/input",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ],
    "ProcessingOutputConfig": {
        "Outputs": [
            {
                "OutputName": "output",
                "S3Output": {
                    "S3Uri": "s3://dev-output/2026/",
                    "LocalPath": "/opt/ml/processing/output",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    "Environment": {"AWS_REGION": "eu-central-1"},
    "NetworkConfig": {"EnableNetworkIsolation": True},
    "Tags": [{"Key": "stack", "Value": "dev"}],
}
JUNK: list[object] = [
    None,
    True,
    0,
    -1,
    1.5,
    10**6,
    "",
    "x",
    "-",
    "x" * 1100,
    [],
    ["x"],
    [{}],
    {},
    {"Nope": 1},
]
ONLY_OURS = re.compile(
    r"must match the pattern|must be one of|is none of the|must be (at most|from)|must be of type"
)


def create_job() -> Shape:
    return shape("sagemaker", "CreateProcessingJob")


def changed(path: list[str | int], value: object) -> dict[str, Any]:
    request = copy.deepcopy(REQUEST)
    place: Any = request
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return request


def paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[list[str | int]]:
    """Every place in the request, and in each map one that is not there yet."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = [*value.items(), ("Added", "x")]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    elif isinstance(value, list):
        items = list(enumerate(value))  # pyright: ignore[reportUnknownArgumentType]
    for step, member in items:
        yield [*path, step]
        yield from paths(member, (*path, step))


def botocore_errors(request: dict[str, Any]) -> str:
    return ParamValidator().validate(request, create_job()).generate_report()  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]


class TestNeverLaxerThanBotocore:
    def test_a_proper_request_breaks_nothing(self) -> None:
        assert botocore_errors(REQUEST) == ""
        assert violations(create_job(), REQUEST) == []

    @given(path=st.sampled_from(list(paths(REQUEST))), junk=st.sampled_from(JUNK))
    @settings(max_examples=share(5))
    def test_whatever_botocore_refuses_is_found_and_nothing_else_but_by_the_model(
        self, path: list[str | int], junk: object
    ) -> None:
        request = changed(path, junk)
        found = violations(create_job(), request)
        if botocore_errors(request):
            assert found
        else:
            assert [each for each in found if not ONLY_OURS.search(each)] == []

    @pytest.mark.parametrize("gone", ["RoleArn", "AppSpecification", "ProcessingResources"])
    def test_a_missing_required_member_is_found(self, gone: str) -> None:
        request = {name: value for name, value in REQUEST.items() if name != gone}
        (found,) = violations(create_job(), request)
        assert found == f'Missing required parameter in input: "{gone}"'

    def test_an_unknown_member_is_refused_with_the_known_ones(self) -> None:
        (found,) = violations(create_job(), changed(["ProcessingOutputs"], []))
        assert '"ProcessingOutputs"' in found
        assert "ProcessingOutputConfig" in found


CLUSTER: list[str | int] = ["ProcessingResources", "ClusterConfig"]


class TestWhatOnlyTheServiceWouldRefuse:
    @pytest.mark.parametrize(
        ("path", "value", "rule"),
        [
            ([*CLUSTER, "InstanceType"], "ml.t3.small", "is none of the .* closest: ml.t3"),
            ([*CLUSTER, "VolumeSizeInGB"], 16385, ": must be from 1 to 16384$"),
            (["StoppingCondition", "MaxRuntimeInSeconds"], 777601, ": must be from 1 to 777600$"),
            (["ProcessingJobName"], "x" * 64, ": has 64 characters, must be from 1 to 63$"),
            (["ProcessingJobName"], "dev_nightly", ": must match the pattern"),
            (["ProcessingJobName"], "dev-", ": must match the pattern"),
            (["RoleArn"], "arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/job", ": must match the pattern"),
            (
                ["Environment", "AWS_REGION"],
                "x" * 257,
                ": has 257 characters, must be from 0 to 256$",
            ),
            (["Environment", "1ST"], "x", ": must match the pattern"),
            (
                ["Environment"],
                {f"K{n}": "" for n in range(101)},
                ": has 101 entries, .* from 0 to 100$",
            ),
            (
                ["AppSpecification", "ContainerArguments"],
                [],
                "ContainerArguments, value: 0, valid min length: 1",
            ),
            (["ProcessingInputs", 0, "S3Input", "S3DataType"], "Prefix", "one of .*S3Prefix"),
            (["Tags", 0, "Key"], "aws|stack", ": must match the pattern"),
        ],
    )
    def test_is_found_with_what_is_allowed(
        self, path: list[str | int], value: object, rule: str
    ) -> None:
        rules = violations(create_job(), changed(path, value))
        assert any(re.search(rule, each) for each in rules), rules

    def test_names_the_place_inside_lists_and_maps(self) -> None:
        (found,) = violations(
            create_job(), changed(["ProcessingInputs", 0, "S3Input", "S3InputMode"], "Stream")
        )
        assert found.startswith(
            "ProcessingInputs[0].S3Input.S3InputMode = 'Stream': must be one of"
        )

    def test_letters_of_any_script_are_allowed_in_a_tag(self) -> None:
        assert violations(create_job(), changed(["Tags", 0, "Value"], "Größe 名 ²")) == []


USED = {
    "sagemaker": [
        "CreateProcessingJob",
        "DescribeProcessingJob",
        "ListProcessingJobs",
        "StopProcessingJob",
        "AddTags",
    ],
    "scheduler": ["CreateSchedule", "CreateScheduleGroup"],
    "s3": ["CreateBucket"],
    "ecr": ["CreateRepository"],
    "lambda": ["CreateFunction", "PutFunctionEventInvokeConfig"],
    "sqs": ["CreateQueue"],
    "events": ["PutRule", "PutTargets"],
    "kms": ["CreateKey", "CreateAlias"],
    "logs": ["CreateLogGroup"],
}


def strings(model: Shape, above: tuple[str, ...] = ()) -> Iterator[Shape]:
    """Every string below a shape; a shape inside itself is entered once."""
    if model.name in above:
        return
    inner: list[Shape] = []
    if isinstance(model, StructureShape):
        inner = list(model.members.values())
    elif isinstance(model, ListShape):
        inner = [model.member]
    elif isinstance(model, MapShape):
        inner = [model.key, model.value]
    if model.type_name == "string":
        yield model
    for each in inner:
        yield from strings(each, (*above, model.name))


SQS = "arn:aws:sqs:eu-west-1:123456789012"
# service, operation, path of the member, a plausible value
PLAUSIBLE = [
    ("sagemaker", "AddTags", "ResourceArn", "arn:aws:sagemaker:eu-west-1:123456789012:x/dev--n"),
    ("sagemaker", "AddTags", "Tags.member.Key", "cost center"),
    ("sagemaker", "DescribeProcessingJob", "ProcessingJobName", "dev--n-20260101T020000Z-1"),
    ("sagemaker", "ListProcessingJobs", "NameContains", "dev--nightly"),
    ("sagemaker", "CreateProcessingJob", "ProcessingOutputConfig.KmsKeyId", "alias/dev"),
    ("scheduler", "CreateSchedule", "Name", "nightly"),
    ("scheduler", "CreateSchedule", "ScheduleExpression", "cron(0 2 * * ? *)"),
    ("scheduler", "CreateSchedule", "ScheduleExpressionTimezone", "Europe/Berlin"),
    ("scheduler", "CreateSchedule", "KmsKeyArn", "arn:aws:kms:eu-west-1:123456789012:key/0a-1b"),
    ("scheduler", "CreateSchedule", "Target.RoleArn", "arn:aws:iam::123456789012:role/s/dev-1"),
    ("scheduler", "CreateSchedule", "Target.DeadLetterConfig.Arn", f"{SQS}:dlq"),
    ("ecr", "CreateRepository", "repositoryName", "dev/process-data"),
    ("lambda", "CreateFunction", "FunctionName", "dev-launcher"),
    ("lambda", "CreateFunction", "Handler", "launcher.handler.handle"),
    ("lambda", "CreateFunction", "Role", "arn:aws:iam::123456789012:role/dev-launcher-1a2b3c"),
    ("lambda", "CreateFunction", "Runtime", "python3.13"),
    ("lambda", "CreateFunction", "Environment.Variables.key", "IMAGE_URI"),
    ("lambda", "CreateFunction", "LoggingConfig.LogGroup", "/aws/lambda/dev-launcher"),
    ("events", "PutRule", "Name", "dev-job-state"),
    ("events", "PutRule", "EventPattern", '{"source": ["aws.sagemaker"]}'),
    ("kms", "CreateAlias", "AliasName", "alias/dev"),
    ("kms", "CreateKey", "Policy", '{\n  "Version": "2012-10-17"\n}'),
    ("logs", "CreateLogGroup", "logGroupName", "/aws/lambda/dev-launcher"),
    ("logs", "CreateLogGroup", "tags.key", "stack"),
    ("sqs", "CreateQueue", "QueueName", "dev-failures"),
    ("s3", "CreateBucket", "Bucket", "dev-input-1a2b3c"),
]  # fmt: skip


class TestTheModelsOfTheOperationsUsedHere:
    @pytest.mark.parametrize("service", USED)
    def test_have_only_patterns_that_python_can_read(self, service: str) -> None:
        """A pattern that Python cannot read raises instead of judging the value."""
        for operation in USED[service]:
            for string in strings(shape(service, operation)):
                assert all(violations(string, "x"))

    @pytest.mark.parametrize(("service", "operation", "path", "value"), PLAUSIBLE)
    def test_accept_a_plausible_value(
        self, service: str, operation: str, path: str, value: str
    ) -> None:
        assert violations(shape(service, operation, path), value) == []

    def test_exist_in_the_installed_botocore(self) -> None:
        session = botocore.session.get_session()
        for service, operations in USED.items():
            assert set(operations) <= set(session.get_service_model(service).operation_names)

    def test_an_unknown_member_is_a_key_error(self) -> None:
        with pytest.raises(KeyError, match="Nope"):
            shape("scheduler", "CreateSchedule", "Target.Nope")
