"""SageMaker's processing jobs, as launcher, observer and operators read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline import aws_errors, cost
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_name
from pipeline.journal_items import Entry

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
        code, said = aws_errors.code(error), str(error).lower()
        if code == "ResourceNotFound" or (
            code == "ValidationException" and "could not find" in said
        ):
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
    **filters: Any,  # noqa: ANN401 - of whatever type
) -> Iterator[tuple[Attempt, ProcessingJobSummaryTypeDef]]:
    """Yield a stack's jobs, or a schedule's, or a slot's; ListProcessingJobs filters them."""
    contained = f"{prefix}--"
    if schedule:
        contained += f"{schedule}-"
    if schedule and slot:  # else all that it ever had: SageMaker forgets none
        contained += f"{slot_name(slot)}-"
    pages = client.get_paginator("list_processing_jobs")
    for page in pages.paginate(
        NameContains=contained,
        PaginationConfig={"PageSize": 100},  # not 10: an account has about two calls a second
        **filters,
    ):
        for job in page["ProcessingJobSummaries"]:
            # NameContains also finds it inside of another stack's names.
            attempt = parse_job_name(prefix, job["ProcessingJobName"])
            if attempt and schedule in (None, attempt.schedule) and slot in (None, attempt.slot):
                yield attempt, job


def active(client: SageMakerClient, prefix: str, schedule: str | None = None) -> list[Attempt]:
    """Return the attempts whose job has not ended, ascending, of a schedule or, if None, of all."""
    found: set[Attempt] = set()
    for status in ACTIVE:
        found |= dict(listed(client, prefix, schedule, StatusEquals=status)).keys()
    return sorted(found)


def instances(client: SageMakerClient, prefix: str, besides: Attempt) -> int:
    """Return how many instances a stack's other jobs hold, which may have been set otherwise."""
    total = 0
    for attempt in set(active(client, prefix)) - {besides}:
        name = job_name(prefix, attempt)
        if job := find_active(client, name):
            total += with_job(Entry.of(attempt, name), job).instance_count or 1
    return total


def with_job(entry: Entry, job: Mapping[str, Any]) -> Entry:
    """Return an entry with what DescribeProcessingJob tells of its job.

    One that was given a choice of types (InstancePreferences) has SageMaker's own in the Selected
    members, once it has selected.
    """
    cluster = job["ProcessingResources"]["ClusterConfig"]
    kind = cluster.get("InstanceType") or cluster.get("SelectedInstanceType")
    count = cluster.get("InstanceCount") or cluster.get("SelectedInstanceCount")
    volume_gb = cluster.get("VolumeSizeInGB")
    entry = replace(
        entry,
        status=job["ProcessingJobStatus"],
        reason=job.get("FailureReason"),
        exit_message=job.get("ExitMessage"),
        instance_type=kind or entry.instance_type,
        instance_count=count,
        volume_gb=volume_gb,
        created=job["CreationTime"],
        started=job.get("ProcessingStartTime"),  # a job that fails early has none
        ended=job.get("ProcessingEndTime"),
    )
    if entry.run_s is None:
        return replace(entry, cost_usd=0.0)
    known = kind and count and volume_gb
    region = job["ProcessingJobArn"].split(":")[3]
    usd = cost.estimate(region, kind, count, volume_gb, entry.run_s) if known else None
    return replace(entry, cost_usd=usd)
