"""What the launcher does to SageMaker's processing jobs: start one, once; stop and count them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from pipeline import aws_errors, jobs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_sagemaker import SageMakerClient


def start(client: SageMakerClient, request: dict[str, Any]) -> str | None:
    """Start the job that `request` describes; return its ARN, or None if its name is taken.

    A repeated delivery, and a retry inside the SDK after a lost answer, both find the name taken:
    that job is the one that was asked for, since the name holds schedule, slot and attempt.

    Raises:
        botocore.exceptions.ClientError: everything else that the service refuses.
    """
    try:
        return client.create_processing_job(**request)["ProcessingJobArn"]
    except client.exceptions.ResourceInUse:
        return None


def stop(client: SageMakerClient, name: str) -> bool:
    """Ask a job to stop; return whether that is still under way, and not all over."""
    try:
        client.stop_processing_job(ProcessingJobName=name)
    except ClientError as error:
        # It has ended in the meantime.
        if aws_errors.code(error) not in {"ValidationException", "ResourceNotFound"}:
            raise
    job = jobs.find(client, name)
    return job is not None and job["ProcessingJobStatus"] in jobs.ACTIVE


def instances(client: SageMakerClient, names: Iterable[str]) -> int:
    """Return how many instances these jobs hold; one that has ended in the meantime holds none.

    Each is asked for its own number, which ListProcessingJobs does not tell: it may have been
    started before the settings were changed.
    """
    found = [jobs.find(client, name) for name in set(names)]
    return sum(
        jobs.instance_count(job["ProcessingResources"]["ClusterConfig"]) or 1
        for job in found
        if job and job["ProcessingJobStatus"] in jobs.ACTIVE
    )
