"""SageMaker's processing jobs, as launcher, observer and operators read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline import aws_errors
from pipeline.attempt import Attempt, job_name, parse_job_name

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import (
        DescribeProcessingJobResponseTypeDef,
        ProcessingJobSummaryTypeDef,
    )


ACTIVE = ("InProgress", "Stopping")
"""The statuses of a job that has not ended."""


def find(client: SageMakerClient, name: str) -> DescribeProcessingJobResponseTypeDef | None:
    """Return a job's description, or None if there is no such job."""
    try:
        return client.describe_processing_job(ProcessingJobName=name)
    except ClientError as error:
        # The model has ResourceNotFound; the service answers ValidationException, "Could not find".
        if aws_errors.code(error) == "ResourceNotFound" or "could not find" in str(error).lower():
            return None
        raise


def find_active(client: SageMakerClient, name: str) -> DescribeProcessingJobResponseTypeDef | None:
    """Return the description of a job that has not ended, or None if it has, or there is none."""
    job = find(client, name)
    return job if job and job["ProcessingJobStatus"] in ACTIVE else None


def listed(
    client: SageMakerClient,
    prefix: str,
    schedule: str | None = None,
    slot: datetime | None = None,
    filters: Mapping[str, Any] | None = None,
) -> Iterator[tuple[Attempt, ProcessingJobSummaryTypeDef]]:
    """Yield a stack's jobs, or a schedule's, or a slot's; ListProcessingJobs filters them."""
    contained = f"{prefix}--" if schedule is None else f"{prefix}--{schedule}-"
    pages = client.get_paginator("list_processing_jobs")
    wanted: Any = {"NameContains": contained, **(filters or {})}
    for page in pages.paginate(**wanted):
        for job in page["ProcessingJobSummaries"]:
            # NameContains also finds it inside of another stack's names.
            attempt = parse_job_name(prefix, job["ProcessingJobName"])
            if attempt and schedule in (None, attempt.schedule) and slot in (None, attempt.slot):
                yield attempt, job


def active(client: SageMakerClient, prefix: str, schedule: str | None = None) -> list[Attempt]:
    """Return the attempts whose job has not ended, ascending, of a schedule or, if None, of all."""
    found: set[Attempt] = set()
    for status in ACTIVE:
        found |= dict(listed(client, prefix, schedule, filters={"StatusEquals": status})).keys()
    return sorted(found)


def instances(client: SageMakerClient, prefix: str, besides: Attempt) -> int:
    """Return how many instances a stack's other jobs hold, which may have been set otherwise."""
    total = 0
    for attempt in set(active(client, prefix)) - {besides}:
        if job := find_active(client, job_name(prefix, attempt)):
            total += instance_count(job["ProcessingResources"]["ClusterConfig"]) or 1
    return total


def instance_type(cluster: Mapping[str, Any]) -> str | None:
    """Return the type of a job's instances; None until SageMaker has selected one.

    A job that was given a choice of types (InstancePreferences) has SageMaker's own in the answer's
    Selected members, and no InstanceType.
    """
    return cluster.get("InstanceType") or cluster.get("SelectedInstanceType")


def instance_count(cluster: Mapping[str, Any]) -> int | None:
    """Return how many instances a job has; None until SageMaker has selected a number."""
    return cluster.get("InstanceCount") or cluster.get("SelectedInstanceCount")
