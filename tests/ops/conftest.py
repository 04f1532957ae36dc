from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from ops import stack
from tests.conftest import PRICES
from tests.ops.nights import Nights
from tests.ops.pairs import OTHER, put_pair
from tests.ops.two_regions import TwoRegions, operator_client
from tests.ops.world import World
from tests.quick_moto import mock_aws

PROD = """
config:
  aws:region: eu-central-1
  sagemaker-processing:prefix: processing-prod
  sagemaker-processing:schedules:
    daily: {expression: "cron(0 4 * * ? *)", timezone: Europe/Berlin}
    hourly: {expression: rate(1 hour), timezone: UTC}
    spare: {expression: "cron(0 4 * * ? *)", job: {capacity: spot}}
  sagemaker-processing:job:
    {instance_type: ml.m5.xlarge, volume_gb: 10, max_runtime_seconds: 3600}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two stacks, so that no test depends on the repository's own."""
    (tmp_path / "Pulumi.yaml").write_text("name: sagemaker-processing", "utf-8")
    (tmp_path / "Pulumi.prod.yaml").write_text(PROD, "utf-8")
    (tmp_path / "Pulumi.local.yaml").write_text(PROD, "utf-8")
    monkeypatch.setattr(stack, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def world(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[World]:
    """Stack prod, deployed."""
    del project
    monkeypatch.setenv("COLUMNS", "140")
    with mock_aws():
        made = World(capsys)
        key = {"schedule": "HASH", "attempt": "RANGE"}
        made.client("dynamodb", region_name="eu-central-1").create_table(
            TableName="processing-prod-journal",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in key.items()],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in key],
        )
        made.clients.clear()
        monkeypatch.setattr(boto3, "client", made.client)
        yield made


@pytest.fixture
def nights(world: World, prices: None) -> Nights:
    del prices
    return Nights(world)


@pytest.fixture
def regions(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[TwoRegions]:
    """Stack prod and its pilot light, deployed."""
    put_pair(project)
    monkeypatch.setattr("pipeline.cost._CARDS", {OTHER: PRICES})
    monkeypatch.setenv("COLUMNS", "140")
    with mock_aws():
        monkeypatch.setattr(boto3, "client", operator_client)
        yield TwoRegions(capsys, project)
