"""SageMaker's view of this stack's jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ops.errors import OpsError
from pipeline.attempt import parse_job_name
from pipeline.aws_errors import says_no_such_job

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.stack import Stack
    from pipeline.attempt import Attempt

Description = dict[str, Any]

RUNNING = ("InProgress", "Stopping")
"""The statuses of a job that has not ended."""


def describe(stack: Stack, name: str) -> Description | None:
    """Return DescribeProcessingJob's answer, or None where there is no such job."""
    try:
        return stack.client("sagemaker").describe_processing_job(ProcessingJobName=name)
    except ClientError as error:
        if says_no_such_job(error):
            return None
        raise


def existing(stack: Stack, name: str) -> Description:
    """Return DescribeProcessingJob's answer.

    Raises:
        OpsError: there is no such job.
    """
    found = describe(stack, name)
    if found is None:
        raise OpsError(f"There is no job {name}; see: {stack.command('list')}")
    return found


def running(stack: Stack) -> Iterator[tuple[Attempt, Description]]:
    """Yield the run and the description of each job that has not ended."""
    pages = stack.client("sagemaker").get_paginator("list_processing_jobs")
    for status in RUNNING:
        for page in pages.paginate(NameContains=f"{stack.prefix}--", StatusEquals=status):
            for job in page["ProcessingJobSummaries"]:
                # NameContains also finds it inside of another stack's names.
                run = parse_job_name(stack.prefix, job["ProcessingJobName"])
                found = describe(stack, job["ProcessingJobName"]) if run else None
                if run and found:
                    yield run, found
