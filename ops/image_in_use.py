"""Which image the stack's jobs run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from ops import jobs
from ops.errors import OpsError
from runs.identity import parse_job_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ops.stack import Stack


@dataclass(frozen=True)
class Image:
    """An image in ECR, and how it is known to be the one that the jobs run."""

    repository: str
    digest: str
    source: str


def find(stack: Stack) -> Image:
    """Return the image that the next job will run, or else the one that the newest job ran.

    The launcher's environment names the first. It is encrypted with the stack's key: Lambda shows
    it only to who may use that for kms:Decrypt, and otherwise an error in its place.

    Raises:
        OpsError: neither names one.
    """
    launcher = stack.client("lambda").get_function_configuration(FunctionName=stack.launcher)
    uri = launcher.get("Environment", {}).get("Variables", {}).get("IMAGE_URI")
    if uri:
        return _parts(uri, f"what {stack.launcher} starts")
    for name in _newest(stack):
        job = jobs.describe(stack, name)
        if job:
            created = job["CreationTime"].astimezone(UTC)
            source = (
                f"what {name} ran at {created:%Y-%m-%d %H:%M} UTC: the newest job, since {_DENIED}"
            )
            return _parts(job["AppSpecification"]["ImageUri"], source)
    raise OpsError(
        f"{_DENIED[0].upper()}{_DENIED[1:]}, and no job has run yet. Use a role that may "
        f"kms:Decrypt with the key of stack {stack.name}, or run a slot first"
    )


_DENIED = "these credentials may not decrypt the launcher's environment"


def _newest(stack: Stack) -> Iterator[str]:
    """Yield the names of the stack's jobs, the newest first."""
    pages = stack.client("sagemaker").get_paginator("list_processing_jobs")
    for page in pages.paginate(
        NameContains=f"{stack.prefix}--", SortBy="CreationTime", SortOrder="Descending"
    ):
        names = (job["ProcessingJobName"] for job in page["ProcessingJobSummaries"])
        # NameContains also finds it inside of another stack's names.
        yield from (name for name in names if parse_job_name(stack.prefix, name))


def _parts(uri: str, source: str) -> Image:
    repository, _, digest = uri.partition("/")[2].partition("@")
    return Image(repository, digest, source)
