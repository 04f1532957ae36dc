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


def test_vcpus_and_memory_are_those_of_the_type_where_its_name_tells_them(
    ec2: dict[str, Any],
) -> None:
    unknown: set[str] = set()
    for each in INSTANCE_TYPES:
        shape = instance_types.shape(each)
        if shape is None:
            unknown.add(each.split(".")[1][:2])
            continue
        known = ec2[each.removeprefix("ml.")]
        memory_gb = known["MemoryInfo"]["SizeInMiB"] / 1024
        assert shape == (known["VCpuInfo"]["DefaultVCpus"], memory_gb), each
    assert unknown == {"c4", "g4", "g5", "g6", "g7", "p2", "p3", "p5"}


def test_a_volume_is_at_most_the_disk_of_the_type_or_what_sagemaker_takes(
    ec2: dict[str, Any],
) -> None:
    for each in INSTANCE_TYPES:
        disk = ec2.get(each.removeprefix("ml."), {}).get("InstanceStorageInfo", {})
        expected = disk.get("TotalSizeInGB", 16384)
        assert instance_types.largest_volume(each) == expected, each
