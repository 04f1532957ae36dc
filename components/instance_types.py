"""What AWS's model does not say of instance types."""

from __future__ import annotations

_LOCAL_NVME = {"g4dn", "g5", "g6", "g6e", "g7", "g7e", "r5d", "p5"}
"""Families whose volume is the instance's own disk, which has a hardware key."""


def takes_volume_key(instance_type: str) -> bool:
    """Return whether jobs on `ml.<family>.<size>` may set VolumeKmsKeyId.

    Source: API reference of ProcessingClusterConfig, VolumeKmsKeyId.
    """
    return instance_type.split(".")[1] not in _LOCAL_NVME
