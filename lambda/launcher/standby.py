"""What a second region means for an attempt that nobody asked for in person (ADR 42)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from launcher.answer import Answer, skipped
from launcher.event import Request, Trigger
from pipeline.config import LauncherConfig
from pipeline.outcome import STANDBY, SUCCESSFUL
from pipeline.switch import Switches

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def answer(
    request: Request, config: LauncherConfig, switches: Switches | None, s3: S3Client
) -> Answer | None:
    """Return why an attempt is not this region's to start, or not any more; None if it is.

    A marker may have come from the other region, whole or not: what was paid there once is paid
    again only for an operator.
    """
    if switches is None or request.trigger == Trigger.OPERATOR:
        return None
    switch = switches.current()
    if switch.region != config.aws_region:
        return skipped(f"{STANDBY}: {switch}")
    if request.attempt.slot < switch.since:  # a late delivery, or a retry of before
        return skipped(f"{STANDBY}: it was due before {switch}, and is the failover's to run")
    place = config.output_of(request.attempt)
    if place.has_marker(s3):
        return skipped(f"{SUCCESSFUL}: there is s3://{place.bucket}/{place.marker}")
    return None
