"""The event that SageMaker sends to EventBridge for a change of a processing job's status.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.aws.event import of_resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_TIMES = ("CreationTime", "ProcessingStartTime", "ProcessingEndTime", "LastModifiedTime")
# What the guide's example shows, which has no ExitMessage, Tags and Environment; but no inputs and
# outputs either: their enums are spelled otherwise there, and no rule here reads them.
_COPIED = (
    *("ProcessingJobName", "ProcessingJobArn", "ProcessingJobStatus", "FailureReason", "RoleArn"),
    *("ProcessingResources", "StoppingCondition", "AppSpecification", "NetworkConfig"),
)


def state_change(description: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the whole event for a job as DescribeProcessingJob describes it.

    Args:
        description: the answer of Describe in its wire form: times are epoch seconds. In the event
            they are epoch milliseconds.
        at: when the status changed.
    """
    detail = {key: description[key] for key in _COPIED if key in description}
    detail |= {key: round(description[key] * 1000) for key in _TIMES if key in description}
    kind = "SageMaker Processing Job State Change"
    return of_resource(description["ProcessingJobArn"], "aws.sagemaker", kind, detail, at)
