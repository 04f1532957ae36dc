"""What is written down of instance types, against what EC2 says of them (as moto has it)."""

import gzip
import json
from pathlib import Path
from typing import Any

import moto
import pytest

from components.aws import instance_types
from tests.launcher.strategies import INSTANCE_TYPES

_FILE = Path(moto.__file__).parent / "ec2/resources/instance_types.json.gz"


@pytest.fixture(scope="module")
def ec2() -> dict[str, Any]:
    return json.loads(gzip.decompress(_FILE.read_bytes()))


def test_a_volume_is_at_most_the_disk_of_the_type_or_what_sagemaker_takes(
    ec2: dict[str, Any],
) -> None:
    for each in INSTANCE_TYPES:
        disk = ec2.get(each.removeprefix("ml."), {}).get("InstanceStorageInfo", {})
        expected = disk.get("TotalSizeInGB", 16384)
        assert instance_types.largest_volume(each) == expected, each
