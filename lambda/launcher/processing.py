"""The only place that calls AWS: starts a job, once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


@dataclass(frozen=True)
class Launch:
    """What became of a request to start a job."""

    result: Literal["started", "already started"]
    job_arn: str
    status: str
    """AWS's word: InProgress, Completed, Failed, Stopping or Stopped."""


def start(client: SageMakerClient, request: dict[str, Any]) -> Launch:
    """Start the job that `request` describes, unless a job of its name exists.

    A repeated delivery, and a retry inside the SDK after a lost answer, both find the name taken:
    that job is the one that was asked for, since the name holds schedule, slot and attempt.

    Raises:
        botocore.exceptions.ClientError: everything else that the service refuses.
    """
    try:
        answer = client.create_processing_job(**request)
    except client.exceptions.ResourceInUse:
        job = client.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])
        return Launch("already started", job["ProcessingJobArn"], job["ProcessingJobStatus"])
    return Launch("started", answer["ProcessingJobArn"], "InProgress")
