"""Lambda's entry: event in, one job started. What nobody could deal with is raised.

Only then Lambda retries the asynchronous event, keeps it in the on-failure queue and counts the
error. What SageMaker refuses is no error of this function: the observer hears of it.
"""

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from launcher.event import parse
from launcher.launch import Launcher
from pipeline import sdk
from pipeline.config import LauncherConfig
from pipeline.journal import Journal

logger = Logger(service="launcher")


@cache
def _launcher() -> Launcher:
    root = Path(__file__).parent.parent
    config, aws = LauncherConfig.load(root, os.environ), sdk.session(root)
    # Three tries of at most 8 s each end within the function's 60 s, so that the last error is
    # raised and recorded instead of being cut off as a timeout.
    retries = Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=5
    )
    return Launcher(
        config=config,
        journal=Journal(aws.client("dynamodb", config=retries), config.journal_table),
        sagemaker=aws.client("sagemaker", config=retries),
        s3=aws.client("s3", config=retries),
        events=aws.client("events", config=retries),
    )


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's form
    """Launch what the event asks for and return what came of it, as `Launcher.launch` says.

    Raises:
        EventError: the event asks for no attempt of this stack.
        botocore.exceptions.ClientError: a service cannot be asked, or the notice cannot be sent.
    """
    launcher = _launcher()
    answer = launcher.launch(parse(event, launcher.config.schedules, datetime.now(UTC)))
    logger.info("launched", extra=answer)
    return answer
