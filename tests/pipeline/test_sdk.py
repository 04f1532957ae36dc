from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.exceptions import UnknownServiceError

from pipeline import sdk
from pipeline.prefix import Prefix
from tests import lambda_models
from tests.components.test_service_models import code, every_function
from tests.lambda_models import operations
from tests.lambda_world import PREFIX, World, set_last_modified

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 5, 2, 10, tzinfo=UTC)
REGION = "us-east-1"
"""Where S3 has more than one endpoint."""


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Function -> the root of its archive, with its models."""
    made = {name: tmp_path_factory.mktemp(name) for name in lambda_models.FUNCTIONS}
    for name, root in made.items():
        lambda_models.write(operations(name), root)
    return made


def client(root: Path, service: str, region: str = "eu-central-1") -> Any:
    return cast("Any", sdk.session(root)).client(service, region_name=region)


class TestSession:
    @every_function
    def test_knows_the_errors_that_the_code_catches(
        self, roots: dict[str, Path], function: str
    ) -> None:
        caught = {*re.findall(r"\.exceptions\.(\w+)", code(function))}
        session = cast("Any", sdk.session(roots[function]))
        for service in operations(function):
            errors = session.client(service, region_name=REGION).exceptions
            caught -= {*dir(errors)}
        assert caught == set()

    def test_calls_nothing_that_is_not_in_the_functions_list(self, roots: dict[str, Path]) -> None:
        sagemaker = client(roots["launcher"], "sagemaker")
        assert hasattr(sagemaker, "create_processing_job")
        assert not hasattr(sagemaker, "create_training_job")
        with pytest.raises(UnknownServiceError, match=r"'sns'.*dynamodb, events"):
            client(roots["launcher"], "sns")

    def test_reaches_the_other_region_too_and_waits_for_it_once_and_not_long(
        self, monkeypatch: pytest.MonkeyPatch, roots: dict[str, Path]
    ) -> None:
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")  # as the functions have it
        aws = cast("Any", sdk.session(roots["observer"]))
        made = aws.client("dynamodb", region_name="eu-west-1", config=sdk.OF_OTHER_REGION)
        assert made.meta.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com"
        config = made.meta.config
        assert (config.connect_timeout, config.read_timeout) == (1, 1)
        assert config.retries["total_max_attempts"] == 1

    @pytest.mark.parametrize("fips", ["false", "true"])
    def test_finds_an_endpoint_by_the_rules_that_the_sdk_has(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, fips: str
    ) -> None:
        monkeypatch.setenv("AWS_USE_FIPS_ENDPOINT", fips)
        lambda_models.write({"s3": ["ListObjectsV2"]}, tmp_path, REGION)
        ours, ordinary = client(tmp_path, "s3", REGION), boto3.client("s3", region_name=REGION)
        urls = [
            each.generate_presigned_url("list_objects_v2", {"Bucket": "a-bucket"}).partition("?")[0]
            for each in (ours, ordinary)
        ]
        assert urls[0] == urls[1]


class TestTimes:
    def test_of_each_object_are_instants(self, world: World, roots: dict[str, Path]) -> None:
        world.upload("input/a.csv")
        set_last_modified("in-bucket", "input/a.csv", AT)
        [found] = Prefix("in-bucket", "input/a").objects(client(roots["observer"], "s3"))
        assert found.get("LastModified") == AT

    def test_in_seconds_are_instants_too(self, world: World, roots: dict[str, Path]) -> None:
        world.schedule()
        clients = client(roots["observer"], "scheduler"), world.client("scheduler")
        asked = [each.get_schedule(GroupName=PREFIX, Name="daily") for each in clients]
        assert asked[0]["CreationDate"] == asked[1]["CreationDate"]

    def test_of_headers_are_instants_too(self, world: World, tmp_path: Path) -> None:
        lambda_models.write({"s3": ["HeadObject"]}, tmp_path)
        world.upload("input/a.csv")
        set_last_modified("in-bucket", "input/a.csv", AT)
        found = client(tmp_path, "s3").head_object(Bucket="in-bucket", Key="input/a.csv")
        assert found["LastModified"] == AT
