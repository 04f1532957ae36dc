"""Lambda's entry: a job's end, or the watch's turn. What cannot be dealt with is raised.

Both kinds of event come asynchronously: Lambda retries twice, keeps the event in the on-failure
queue and counts the error, and the watch finds the job again.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config
from botocore.utils import parse_timestamp

from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.observe import Observer, logger
from observer.watch import Reconciler
from pipeline.config import ObserverConfig
from pipeline.contract import JOB_CHANGE, NOTICE
from pipeline.journal import Journal
from pipeline.text import safe_repr

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=3, read_timeout=20
)


def s3_client(config: Config) -> S3Client:
    """Return a client that reads long lists in less than half of the usual time.

    botocore spends most of it on guessing the form of each object's time.
    """
    session = botocore.session.Session()
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_instant)
    return boto3.Session(botocore_session=session).client("s3", config=config)


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # of a header, which has another form
        return parse_timestamp(text)


@cache
def _observer() -> Observer:
    config = ObserverConfig.load(Path(__file__).parent.parent, os.environ)
    journal = Journal(boto3.client("dynamodb", config=_CONFIG), config.journal_table)
    logs, sns = boto3.client("logs", config=_CONFIG), boto3.client("sns", config=_CONFIG)
    scheduler = boto3.client("scheduler", config=_CONFIG)
    return Observer(
        config=config,
        journal=journal,
        launches=NextLaunches(config, journal, scheduler),
        notifier=Notifier(config, journal, logs, sns),
        sagemaker=boto3.client("sagemaker", config=_CONFIG),
        s3=s3_client(_CONFIG),
    )


class EventError(Exception):
    """An event that is none of the observer's; the message says what is wrong with it."""


def parse(event: Any) -> str | None:  # noqa: ANN401 - whatever came
    """Return the name of the job that an event is about, or None for the watch's.

    Nothing else in it counts: SageMaker and the journal say how the attempt ended.

    Raises:
        EventError: says what was expected, and what came.
    """
    match event:
        case {"watch": _}:
            return None
        case {
            "source": source,
            "detail-type": kind,
            "detail": {"ProcessingJobName": str(name)},
        } if (source, kind) in (JOB_CHANGE, NOTICE):
            return name
        case _:
            known = " or ".join(" / ".join(each) for each in (JOB_CHANGE, NOTICE))
            raise EventError(
                f"the event must be of {known}, with detail.ProcessingJobName, or the watch's "
                f'{{"watch": TIME}}, not {safe_repr(event)}'
            )


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> dict[str, str]:
    """Deal with what the event tells of; return job name -> what came of it.

    Raises:
        EventError: the event is none of the observer's.
        WatchError, NotEndedError, botocore.exceptions.ClientError: see `Reconciler` and `Observer`.
    """
    now, owner = datetime.now(UTC), context.aws_request_id
    job_name = parse(event)
    if job_name is None:
        found = Reconciler(_observer(), owner, now).run()
    else:
        found = {job_name: _observer().observe(job_name, owner, now)}
    logger.info("observed", extra={"found": found})
    return found
