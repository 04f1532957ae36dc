"""Tells the observer, over the event bus, of an attempt that has no job: SageMaker cannot."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from launcher.policy import SKIPPED

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

    from pipeline.journal import Entry

SOURCE = "sagemaker-processing.launcher"
DETAIL_TYPE = "Processing Job Not Started"
LONGEST_REASON = 1024
"""Characters, as of SageMaker's FailureReason; an event holds 256 KB in all."""


class NoticeError(Exception):
    """The event bus did not take the notice; Lambda's retry sends it again."""


def send(client: EventBridgeClient, entry: Entry) -> None:
    """Send the notice, with the keys of SageMaker's own event.

    Raises:
        NoticeError: with what the event bus answered.
    """
    detail = {
        "ProcessingJobName": entry.job_name,
        "ProcessingJobStatus": "Skipped" if entry.status == SKIPPED else "Failed",
        "FailureReason": (entry.reason or "")[:LONGEST_REASON],
    }
    answer = client.put_events(
        Entries=[{"Source": SOURCE, "DetailType": DETAIL_TYPE, "Detail": json.dumps(detail)}]
    )
    if answer["FailedEntryCount"]:
        refused = answer["Entries"][0]
        raise NoticeError(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")
