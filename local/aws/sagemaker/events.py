"""The event that SageMaker sends to EventBridge for a change of a processing job's status.

Source: SageMaker Developer Guide, "Events that Amazon SageMaker AI sends to Amazon EventBridge".
"""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

_TIMES = ("CreationTime", "ProcessingStartTime", "ProcessingEndTime", "LastModifiedTime")
# Exactly what the guide's example shows: no ExitMessage, no Tags, no Environment.
_COPIED = (
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingJobName",
    "ProcessingResources",
    "StoppingCondition",
    "AppSpecification",
    "NetworkConfig",
    "RoleArn",
    "ExperimentConfig",
    "ProcessingJobArn",
    "ProcessingJobStatus",
    "FailureReason",
)
# The guide shows MANIFEST_FILE, PIPE and CONTINUOUS, but FULLYREPLICATED; the values that it does
# not show are spelled like their neighbours.
_UNDERSCORED = {"S3DataType", "S3InputMode", "S3UploadMode"}
_RUN_TOGETHER = {"S3DataDistributionType"}


def state_change(description: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """Return the whole event for a job as DescribeProcessingJob describes it.

    Args:
        description: the answer of Describe in its wire form: times are epoch seconds. In the event
            they are epoch milliseconds.
        at: when the status changed.
    """
    arn: str = description["ProcessingJobArn"]
    _, _, _, region, account, _ = arn.split(":", 5)
    detail = {key: _respell(key, description[key]) for key in _COPIED if key in description}
    detail |= {key: round(description[key] * 1000) for key in _TIMES if key in description}
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "SageMaker Processing Job State Change",
        "source": "aws.sagemaker",
        "account": account,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": region,
        "resources": [arn],
        "detail": detail,
    }


def _respell(key: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value with the enums of inputs and outputs in the event's spelling."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _respell(name, member) for name, member in members.items()}
    if isinstance(value, list):
        return [_respell(key, item) for item in cast("list[Any]", value)]
    if key in _RUN_TOGETHER:
        return value.upper()
    if key in _UNDERSCORED:
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", value).upper()
    return value
