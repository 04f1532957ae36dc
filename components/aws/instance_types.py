"""Instance types: the sizes of a family, and what AWS's model does not say of them."""

from collections.abc import Iterable
from itertools import pairwise

from components.aws import models

_SMALL = ("medium", "large", "xlarge")
"""Sizes without a number, ascending; `2xlarge` and all after it are ordered by theirs."""

_LOCAL_NVME = {"g4dn", "g5", "g6", "g6e", "g7", "g7e", "r5d", "p5"}
"""Families whose volume is the instance's own disk, which has a hardware key."""


def takes_volume_key(instance_type: str) -> bool:
    """Return whether jobs on `ml.<family>.<size>` may set VolumeKmsKeyId (its API reference)."""
    return _family(instance_type) not in _LOCAL_NVME


def larger(types: Iterable[str], steps: int) -> dict[str, str]:
    """Return up to `steps` larger sizes of each: type -> the next larger of its family, and on."""
    path = "ProcessingResources.ClusterConfig.InstanceType"
    known = models.shape("sagemaker", "CreateProcessingJob", path).metadata["enum"]
    found: dict[str, str] = {}
    for each in types:
        family = sorted((other for other in known if _family(other) == _family(each)), key=_size)
        start = family.index(each)
        found |= pairwise(family[start : start + steps + 1])
    return found


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


def _family(instance_type: str) -> str:
    return instance_type.split(".")[1]


def _size(instance_type: str) -> int:
    size = instance_type.split(".")[2]
    return _SMALL.index(size) if size in _SMALL else 100 * int(size.removesuffix("xlarge"))
