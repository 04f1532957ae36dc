"""Real clients, whose requests a test's world sees, checks and may answer before moto does."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError

from components.aws import models

if TYPE_CHECKING:
    from tests.lambda_world import World

Json = dict[str, Any]

REGION = "eu-central-1"


class Served:
    """Clients take long to make, so they are made once and serve whichever world there is now."""

    world: World


def success(answer: Json) -> tuple[Any, Json]:
    """Return an answer as botocore's `before-call` takes it."""
    return SimpleNamespace(status_code=200), {**answer, "ResponseMetadata": {}}


def failure(code: str, message: str) -> tuple[Any, Json]:
    """Return an error as botocore's `before-call` takes it."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {}}
    return SimpleNamespace(status_code=400), answer


@cache
def client(service: str, region: str = REGION) -> Any:
    """Return a real client; its requests go to the current world."""
    config = Config(user_agent="tests")  # botocore describes the system anew for each request
    made: Any = cast("Any", boto3).client(service, region_name=region, config=config)

    def check(params: Json, model: Any, **_: object) -> None:
        if model.name.endswith("Copy") or model.name == "CopyObject":
            source = params["CopySource"]  # in a form that boto3 alone takes
            params = {**params, "CopySource": f"{source['Bucket']}/{source['Key']}"}
        found = models.violations(models.shape(service, model.name), params)
        assert not found, f"{service} {model.name}: {found}"
        Served.world.requests.append((model.name, params))

    def before(model: Any, **_: object) -> tuple[Any, Json] | None:
        if region in Served.world.lost_regions:
            raise ConnectTimeoutError(endpoint_url=made.meta.endpoint_url)
        return Served.world.before_call(service, model.name)

    def after(model: Any, parsed: Json, **_: object) -> None:
        Served.world.after_call(model.name, parsed)

    made.meta.events.register("provide-client-params.*.*", check)
    made.meta.events.register("before-call.*.*", before)
    made.meta.events.register("after-call.*.*", after)
    return made
