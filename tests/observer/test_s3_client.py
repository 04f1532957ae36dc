from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from botocore.config import Config

from observer.handler import s3_client
from pipeline.prefix import Prefix
from tests.lambda_clients import REGION
from tests.lambda_world import World, set_last_modified

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

AT = datetime(2026, 1, 5, 2, 10, tzinfo=UTC)


@pytest.fixture
def s3(world: World) -> S3Client:
    world.upload("input/a.csv")
    return s3_client(Config(region_name=REGION))


class TestClient:
    def test_tells_each_objects_time_as_an_instant(self, s3: S3Client) -> None:
        set_last_modified("in-bucket", "input/a.csv", AT)
        [found] = Prefix("in-bucket", "input/a").objects(s3)
        assert found.get("LastModified") == AT

    def test_reads_the_times_of_headers_too(self, s3: S3Client) -> None:
        set_last_modified("in-bucket", "input/a.csv", AT)
        assert s3.head_object(Bucket="in-bucket", Key="input/a.csv")["LastModified"] == AT
