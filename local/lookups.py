"""How each of the program's lookups (Pulumi's invokes) is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from local.kinds import zipped

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.resources import Resources

State = dict[str, Any]


def _powertools(local: Resources, inputs: State) -> State:
    """Publish the layer that AWS's parameter names: it is what is installed here."""
    wanted = inputs["name"].rpartition("/")[2]
    if wanted != local.powertools:
        raise ValueError(f"Powertools {wanted} is asked for, {local.powertools} is installed")
    layer = local.aws.client("lambda").publish_layer_version(
        LayerName="AWSLambdaPowertoolsPythonV3-python313-arm64",
        Content={"ZipFile": zipped(pulumi.AssetArchive({}))},
    )
    return {"insecureValue": layer["LayerVersionArn"]}


def _identity(local: Resources, _: State) -> State:
    return {"accountId": local.aws.client("sts").get_caller_identity()["Account"]}


def _partition(_: Resources, _inputs: State) -> State:
    return {"partition": "aws"}


def _registry_login(_: Resources, _inputs: State) -> State:
    return {"userName": "AWS", "password": "of-the-embedded-aws"}


ANSWERS: dict[str, Callable[[Resources, State], State]] = {
    "aws:ssm/getParameter:getParameter": _powertools,
    "aws:index/getCallerIdentity:getCallerIdentity": _identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": _registry_login,
}
"""Function token -> answers such an invoke."""
