from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pulumi
import pytest

from components.launcher import POWERTOOLS_VERSION
from local.aws import InvalidRequestError, LocalAws
from local.deploy import plain
from local.resource_kinds import CREATE, zipped
from local.resources import Resources
from tests.local.roles import trusted_by
from tests.test_program import program

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    endpoint = LocalAws(REGION)
    endpoint.start()
    yield endpoint
    endpoint.stop()


@pytest.fixture
def resources(aws: LocalAws) -> Resources:
    return Resources(aws, POWERTOOLS_VERSION, lambda _build: "handle")


class TestEveryResource:
    def test_the_embedded_aws_creates_every_kind_that_the_program_registers(self) -> None:
        recorder = program("local")
        assert {args.typ for args in recorder.created if args.custom} == CREATE.keys()

    def test_an_unknown_kind_is_refused(self, resources: Resources) -> None:
        with pytest.raises(NotImplementedError):
            resources.create("aws:sns/topic:Topic", "topic", {})

    def test_an_unknown_lookup_is_refused(self, resources: Resources) -> None:
        with pytest.raises(NotImplementedError):
            resources.look_up("aws:index/getRegions:getRegions", {})

    def test_an_input_without_counterpart_is_refused(self, resources: Resources) -> None:
        with pytest.raises(Exception, match="Surprise"):
            resources.create(
                "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
                "private",
                {"bucket": "some-bucket", "surprise": True},
            )

    def test_an_environment_beyond_lambdas_limit_is_refused(self, resources: Resources) -> None:
        with pytest.raises(ValueError, match="4096"):
            resources.create(
                "aws:lambda/function:Function",
                "function",
                {"environment": {"variables": {"A": "x" * 4096}}},
            )

    def test_another_version_of_powertools_than_the_installed_is_refused(
        self, resources: Resources
    ) -> None:
        name = "/aws/service/powertools/python/arm64/python3.13/1.0.0"
        with pytest.raises(ValueError, match=f"1.0.0 is asked for, {POWERTOOLS_VERSION}"):
            resources.look_up("aws:ssm/getParameter:getParameter", {"name": name})


class TestStricterThanMoto:
    @pytest.mark.parametrize(
        ("service", "operation", "request_"),
        [
            ("sqs", "create_queue", {"QueueName": "q", "Surprise": 1}),
            ("ecr", "create_repository", {"repositoryName": "UPPER"}),
            (
                "scheduler",
                "create_schedule_group",
                {"Name": "x" * 65},
            ),
            ("logs", "create_log_group", {"logGroupName": "a b"}),
        ],
    )
    def test_what_the_services_model_refuses_never_reaches_moto(
        self, aws: LocalAws, service: str, operation: str, request_: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidRequestError, match=service):
            getattr(aws.client(service), operation)(**request_)

    def test_a_role_is_assumed_only_by_the_service_that_it_trusts(self, aws: LocalAws) -> None:
        role = trusted_by(aws, "lambda.amazonaws.com")
        assert aws.assume(role, "lambda.amazonaws.com")["AWS_SESSION_TOKEN"]
        with pytest.raises(PermissionError, match="scheduler"):
            aws.assume(role, "scheduler.amazonaws.com")
        assert not aws.trusts(f"{role}x", "lambda.amazonaws.com")
        elsewhere = role.replace("123456789012", "210987654321")
        assert not aws.trusts(elsewhere, "lambda.amazonaws.com")


class TestInputs:
    def test_secrets_are_opened_and_whole_numbers_are_integers(self) -> None:
        secret = {"4dabf18193072939515e22adb298388d": "x", "value": {"a": 1.0}}
        found = plain({"s": [secret], "half": 0.5})
        assert found == {"s": [{"a": 1}], "half": 0.5}
        assert isinstance(found["s"][0]["a"], int)

    def test_the_code_archive_holds_exactly_the_sources_and_the_settings(self) -> None:
        code = program("local").one("aws:lambda/function:Function")["code"]
        assert isinstance(code, pulumi.AssetArchive)
        with zipfile.ZipFile(io.BytesIO(zipped(code))) as archive:
            names = archive.namelist()
        assert "launcher.json" in names
        assert "launcher/handler.py" in names
        assert not [name for name in names if not name.endswith((".py", ".json"))]
        assert zipped(code) == zipped(code)
