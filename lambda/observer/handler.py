"""Lambda's entry: a job's end, or the watch's turn. What cannot be dealt with is raised.

Both kinds of event come asynchronously: Lambda retries twice, keeps the event in the on-failure
queue and counts the error, and the watch finds the job again.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.observe import Observer, logger
from observer.watch import Reconciler
from pipeline import sdk, switch
from pipeline.config import ObserverConfig
from pipeline.contract import NOTICE
from pipeline.jobs import Jobs
from pipeline.journal import Journal
from pipeline.kind import Kind
from pipeline.text import safe_repr


@cache
def _observer() -> Observer:
    return connect(Path(__file__).parent.parent, os.environ)


def connect(root: Path, environ: Mapping[str, str]) -> Observer:
    """Return the observer of the archive that is unpacked at `root`, with its own clients."""
    config, aws = ObserverConfig.load(root, environ), sdk.session(root)
    dynamodb = aws.client("dynamodb", config=sdk.CONFIG)
    journal = Journal(dynamodb, config.journal_table)
    logs, sns = aws.client("logs", config=sdk.CONFIG), aws.client("sns", config=sdk.CONFIG)
    scheduler = aws.client("scheduler", config=sdk.CONFIG)
    return Observer(
        config=config,
        journal=journal,
        launches=NextLaunches(config, journal, scheduler),
        notifier=Notifier(config, journal, logs, sns),
        jobs=Jobs(aws.client("sagemaker", config=sdk.CONFIG), config.prefix, config.job_kinds),
        s3=aws.client("s3", config=sdk.CONFIG),
        switches=switch.connect(aws, dynamodb, config),
    )


_NAMES = {kind.change: kind.key("Name") for kind in Kind} | {NOTICE: Kind.PROCESSING.key("Name")}
"""Source and detail-type of each event -> the field of its detail that names the job."""


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
        case {"source": str(source), "detail-type": str(kind), "detail": {**detail}} if isinstance(
            name := detail.get(_NAMES.get((source, kind), "")), str
        ):
            return name
        case _:
            known = " or ".join(
                f"{' / '.join(of)}, with detail.{key}" for of, key in _NAMES.items()
            )
            raise EventError(
                f"the event must be of {known}, or the watch's "
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
