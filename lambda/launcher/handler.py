"""Lambda's entry: event in, one job started. What nobody could deal with is raised.

Only then Lambda retries the asynchronous event, keeps it in the on-failure queue and counts the
error. What SageMaker refuses is no error of this function: the observer hears of it.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from launcher.event import parse
from launcher.launch import Launcher
from pipeline import sdk, switch
from pipeline.config import LauncherConfig
from pipeline.jobs import Jobs
from pipeline.journal import Journal

logger = Logger(service="launcher")


@cache
def _launcher() -> Launcher:
    return connect(Path(__file__).parent.parent, os.environ)


def connect(root: Path, environ: Mapping[str, str]) -> Launcher:
    """Return the launcher of the archive that is unpacked at `root`, with its own clients."""
    config, aws = LauncherConfig.load(root, environ), sdk.session(root)
    dynamodb = aws.client("dynamodb", config=sdk.CONFIG)
    return Launcher(
        config=config,
        journal=Journal(dynamodb, config.journal_table),
        jobs=Jobs(aws.client("sagemaker", config=sdk.CONFIG), config.prefix, config.job_kinds),
        s3=aws.client("s3", config=sdk.CONFIG),
        events=aws.client("events", config=sdk.CONFIG),
        switches=switch.connect(aws, dynamodb, config),
    )


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Launch what the event asks for and return what came of it, as `Launcher.launch` says.

    Raises:
        EventError: the event asks for no attempt of this stack.
        botocore.exceptions.ClientError: a service cannot be asked, or the notice cannot be sent.
    """
    launcher = _launcher()
    request = parse(event, launcher.config.schedules, datetime.now(UTC))
    answer = launcher.launch(request, context.aws_request_id)
    logger.info("launched", extra=answer)
    return answer
