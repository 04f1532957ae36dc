"""Lambda's entry: event in, one job started. Every error is raised.

EventBridge Scheduler invokes asynchronously: Lambda retries, keeps the event in the on-failure
queue and counts the error only if the function raises. A returned error would be a success.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from launcher.config import LauncherConfig
from launcher.event import parse
from launcher.plan import plan, slot_text
from launcher.processing import start

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_sagemaker import SageMakerClient

logger = Logger(service="launcher")


@cache
def _config() -> LauncherConfig:
    return LauncherConfig.load(Path(__file__).parent.parent, os.environ)


@cache
def _client() -> SageMakerClient:
    # Three tries of at most 8 s each end within the function's 30 s, so that the last error is
    # raised and recorded instead of being cut off as a timeout.
    retries = Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=5
    )
    return boto3.client("sagemaker", config=retries)


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Start the job of the event's slot and return what came of it.

    Returns:
        `job_name`, `job_arn`, `schedule`, `slot`, `attempt`, `result` ("started" or
        "already started") and `status` (AWS's word).

    Raises:
        EventError: the event asks for no run of this stack.
        botocore.exceptions.ClientError: SageMaker refuses the job.
    """
    config = _config()
    run = parse(event, config.schedules.keys(), datetime.now(UTC))
    request = plan(config, run)
    logger.append_keys(job_name=request["ProcessingJobName"])
    launch = start(_client(), request)
    answer: dict[str, Any] = {
        "job_name": request["ProcessingJobName"],
        "job_arn": launch.job_arn,
        "schedule": run.schedule,
        "slot": slot_text(run),
        "attempt": run.attempt,
        "result": launch.result,
        "status": launch.status,
    }
    logger.info("job launched", extra=answer)
    return answer
