"""How the functions and the operator of tests/recovery_world.py are configured, and reach AWS."""

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

import boto3
from botocore.config import Config
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends
from moto.sns.models import sns_backends

from components import function_config, names
from components.settings import Settings
from pipeline.config import FILE, LauncherConfig, ObserverConfig
from tests.lambda_world import ACCOUNT, ENVIRONMENT, PREFIX

Json = dict[str, Any]

HOME, OTHER = "eu-central-1", "eu-west-1"


class Answers(Protocol):
    """What a world does with a request."""

    def before_call(self, service: str, region: str, operation: str, params: Json) -> Any:
        """Answer it in AWS's place, or let it go on to moto."""


class Served:
    """Clients take long to make, so they are made once and serve whichever regions there are."""

    regions: Answers


@cache
def client(service: str, region: str) -> Any:
    """Return a real client of a region's service."""
    config = Config(user_agent="tests", retries={"total_max_attempts": 1})
    made: Any = cast("Any", boto3).client(service, region_name=region, config=config)
    asked: list[Json] = []

    def keep(params: Json, **_: object) -> None:
        asked.append(params)

    def before(model: Any, **_: object) -> Any:
        return Served.regions.before_call(service, region, model.name, asked.pop())

    made.meta.events.register("provide-client-params.*.*", keep)
    made.meta.events.register("before-call.*.*", before)
    return made


@cache
def configured(text: str, region: str) -> tuple[Settings, LauncherConfig, ObserverConfig]:
    """Return settings, and what each function of a region knows of them."""
    settings = Settings.model_validate_json(text)
    known = {name: each.replace(HOME, region) for name, each in ENVIRONMENT.items()}
    for role in ("input", "output"):
        known[f"{role}_bucket".upper()] = names.bucket(PREFIX, role, ACCOUNT, region)
    with tempfile.TemporaryDirectory() as directory:
        document = json.dumps(function_config.document(settings))
        (Path(directory) / FILE).write_text(document, "utf-8")
        launcher = LauncherConfig.load(Path(directory), known)
        return settings, launcher, ObserverConfig.load(Path(directory), known)


def deploy(config: LauncherConfig, region: str) -> None:
    """Make what the functions of a region use."""
    key = {"schedule": "HASH", "attempt": "RANGE"}
    client("dynamodb", region).create_table(
        TableName=config.journal_table,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in key.items()],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in key],
    )
    s3 = s3_backends[ACCOUNT]["aws"]
    for bucket in (config.input_bucket, config.output_bucket):
        s3.create_bucket(bucket, region)
        s3.put_bucket_versioning(bucket, "Enabled")
    scheduler_backends[ACCOUNT][region].create_schedule_group(PREFIX, [])
    sns_backends[ACCOUNT][region].create_topic(f"{PREFIX}-alerts")
