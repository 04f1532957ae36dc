"""Whether what the settings name is in the stack's own place: each problem is `key: problem`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.aws import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from components.settings.model import Settings


def problems(settings: Settings) -> Iterator[str]:
    """Yield each ARN of a region or partition that the stack cannot use."""
    partition = models.partition(settings.region)
    key, boundary = settings.input.kms_key_arn, settings.permissions_boundary
    # A job reads buckets of its own region only, and S3 encrypts with keys of the bucket's.
    if key and _start(key, 4) != f"arn:{partition}:kms:{settings.region}":
        yield (
            f"input.kms_key_arn: {key} is not in aws:region {settings.region} (partition "
            f"{partition}), and no key of another region has encrypted a bucket of this one; name "
            "the key of the bucket, or the replica here of a multi-Region key"
        )
    if boundary and _start(boundary, 2) != f"arn:{partition}":
        yield (
            f"permissions_boundary: {boundary} is of another partition than aws:region "
            f"{settings.region}, which needs arn:{partition}:iam::…"
        )


def _start(arn: str, parts: int) -> str:
    return ":".join(arn.split(":")[:parts])
