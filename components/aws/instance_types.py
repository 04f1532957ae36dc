"""Instance types: the sizes of a family, and what AWS's model does not say of them."""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from typing import NamedTuple

from components.aws import models

_SMALL = ("medium", "large", "xlarge")
"""Sizes without a number, ascending; `2xlarge` and all after it are ordered by theirs."""

_LARGEST_VOLUME: int = models.shape(
    "sagemaker", "CreateProcessingJob", "ProcessingResources.ClusterConfig.VolumeSizeInGB"
).metadata["max"]
_LOCAL_NVME = {
    "g4dn": "xlarge 125, 2xlarge 225, 4xlarge 225, 8xlarge 900, 12xlarge 900, 16xlarge 900",
    "g5": "xlarge 250, 2xlarge 450, 4xlarge 600, 8xlarge 900, 12xlarge 3800, 16xlarge 1900, "
    "24xlarge 3800, 48xlarge 7600",
    "g6": "xlarge 250, 2xlarge 450, 4xlarge 600, 8xlarge 900, 12xlarge 3760, 16xlarge 1880, "
    "24xlarge 3760, 48xlarge 7520",
    "g6e": "xlarge 250, 2xlarge 450, 4xlarge 600, 8xlarge 900, 12xlarge 3800, 16xlarge 1900, "
    "24xlarge 3800, 48xlarge 7600",
    "g7": "2xlarge 440, 4xlarge 875, 8xlarge 930, 12xlarge 1900, 24xlarge 3800, 48xlarge 7600",
    "g7e": "2xlarge 1900, 4xlarge 1900, 8xlarge 1900, 12xlarge 3800, 24xlarge 7600, 48xlarge 15200",
    "r5d": "large 75, xlarge 150, 2xlarge 300, 4xlarge 600, 8xlarge 1200, 12xlarge 1800, "
    "16xlarge 2400, 24xlarge 3600",
    "p5": "4xlarge 3800",
}
"""Families whose volume is the instance's own disk, which has a hardware key -> its GB by size
(DescribeInstanceTypes, InstanceStorageInfo.TotalSizeInGB)."""
_GB_PER_VCPU = {"t": 4, "m": 4, "c": 2, "r": 8}
"""How a family begins -> its memory; ml.t3.medium alone has half of that."""


_ON_SPOT = {
    *("c4", "c5", "c6i", "c7i", "g4dn", "g5", "g6", "g6e", "m4", "m5", "m6i", "m7i"),
    *("p3", "r5", "r5d", "r7i", "t3"),
}
"""Families with quotas "<type> for spot training job usage", of all their types but ml.t3.medium:
SageMaker's 1,537 quotas in Service Quotas, November 2025, as a public audit lists them; of p3 by
what CreateTrainingJob answers. AWS documents no list."""


class Shape(NamedTuple):
    """What an instance has."""

    vcpus: int
    memory_gb: int


def shape(instance_type: str) -> Shape | None:
    """Return what a type has, as its name tells; None of those with accelerators, and of c4."""
    _, family, size = instance_type.split(".")
    if family == "c4" or family[0] not in _GB_PER_VCPU:
        return None
    vcpus = 2 if size in ("medium", "large") else 4 * int(size.removesuffix("xlarge") or 1)
    return Shape(vcpus, 4 if size == "medium" else vcpus * _GB_PER_VCPU[family[0]])


def largest_volume(instance_type: str) -> int:
    """Return the most GB that a job on it may ask for (VolumeSizeInGB's API reference)."""
    _, family, size = instance_type.split(".")
    if family not in _LOCAL_NVME:
        return _LARGEST_VOLUME
    stores = dict(each.split(" ") for each in _LOCAL_NVME[family].split(", "))
    return int(stores[size])


def takes_volume_key(instance_type: str) -> bool:
    """Return whether jobs on `ml.<family>.<size>` may set VolumeKmsKeyId (its API reference)."""
    return _family(instance_type) not in _LOCAL_NVME


def larger(types: Iterable[str], steps: int) -> dict[str, str]:
    """Return up to `steps` larger sizes of each: type -> the next larger of its family, and on."""
    found: dict[str, str] = {}
    for each in types:
        sizes = family(each)
        start = sizes.index(each)
        found |= pairwise(sizes[start : start + steps + 1])
    return found


def family(instance_type: str) -> list[str]:
    """Return the types of a type's family, ascending."""
    return _members(_family(instance_type))


@cache
def known() -> frozenset[str]:
    """Return the types that processing jobs may have."""
    path = "ProcessingResources.ClusterConfig.InstanceType"
    return frozenset(models.shape("sagemaker", "CreateProcessingJob", path).metadata["enum"])


def keyless(types: Iterable[str]) -> str | None:
    """Return a warning of the types on which jobs leave the volume's key out, if there are any."""
    refusing = [each for each in types if not takes_volume_key(each)]
    if not refusing:
        return None
    return (
        f"jobs on {', '.join(refusing)} run without the stack's key on their volume: these types "
        "refuse one, their disks are encrypted with a key of the hardware; if it has to be the "
        "stack's, name other types in job.instance_type and retries.fallback_instance_types"
    )


def never_on_spot(types: Iterable[str]) -> str | None:
    """Return a warning of the types that nobody is known to have had on spot, if there are any."""
    unknown = [each for each in types if not has_spot(each)]
    if not unknown:
        return None
    return (
        f"jobs on {', '.join(unknown)} will hardly ever be on spot: no quota for spot training "
        "jobs on them is known, and what AWS refuses runs on demand; name in job.instance_type "
        f"another type, ml.t3.large or larger, or of {', '.join(sorted(_ON_SPOT - {'t3'}))}"
    )


def has_spot(instance_type: str) -> bool:
    """Return whether a quota for spot training jobs on it is known."""
    return _family(instance_type) in _ON_SPOT and instance_type != "ml.t3.medium"


@cache
def _members(name: str) -> list[str]:
    """Return the types of a family, ascending."""
    return sorted((each for each in known() if _family(each) == name), key=_size)


def _family(instance_type: str) -> str:
    return instance_type.split(".")[1]


def _size(instance_type: str) -> int:
    size = instance_type.split(".")[2]
    return _SMALL.index(size) if size in _SMALL else 100 * int(size.removesuffix("xlarge"))
