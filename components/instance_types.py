"""Instance types: the sizes of a family, and what AWS's model does not say of them."""

from __future__ import annotations

from itertools import pairwise

from components import aws_model

_SMALL = ("medium", "large", "xlarge")
"""Sizes without a number, ascending; `2xlarge` and all after it are ordered by theirs."""

_LOCAL_NVME = {"g4dn", "g5", "g6", "g6e", "g7", "g7e", "r5d", "p5"}
"""Families whose volume is the instance's own disk, which has a hardware key."""


def takes_volume_key(instance_type: str) -> bool:
    """Return whether jobs on `ml.<family>.<size>` may set VolumeKmsKeyId.

    Source: API reference of ProcessingClusterConfig, VolumeKmsKeyId.
    """
    return _family(instance_type) not in _LOCAL_NVME


def larger(instance_type: str, steps: int) -> dict[str, str]:
    """Return up to `steps` size-ups: each type -> the next larger of its family that exists.

    A chain: `larger("ml.m5.large", 2)` is large -> xlarge -> 2xlarge. It ends at the largest.
    """
    model = aws_model.shape(
        "sagemaker", "CreateProcessingJob", "ProcessingResources.ClusterConfig.InstanceType"
    )
    sizes: list[str] = sorted(
        (each for each in model.metadata["enum"] if _family(each) == _family(instance_type)),
        key=_size,
    )
    chain = sizes[sizes.index(instance_type) :][: steps + 1]
    return dict(pairwise(chain))


def _family(instance_type: str) -> str:
    return instance_type.split(".")[1]


def _size(instance_type: str) -> int:
    size = instance_type.split(".")[2]
    return _SMALL.index(size) if size in _SMALL else 100 * int(size.removesuffix("xlarge"))
