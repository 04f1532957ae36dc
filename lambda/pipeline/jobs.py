"""What a job runs on, as DescribeProcessingJob tells it.

A job that was given a choice of types (InstancePreferences) has SageMaker's own in the answer's
Selected members, and no InstanceType.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def instance_type(cluster: Mapping[str, Any]) -> str | None:
    """Return the type of a job's instances; None until SageMaker has selected one."""
    return cluster.get("InstanceType") or cluster.get("SelectedInstanceType")


def instance_count(cluster: Mapping[str, Any]) -> int | None:
    """Return how many instances a job has; None until SageMaker has selected a number."""
    return cluster.get("InstanceCount") or cluster.get("SelectedInstanceCount")
