"""The table of kinds, and the two ways to enter one: a function, or one call of AWS's API."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce, wraps
from operator import getitem
from typing import Any, cast

from local.aws.endpoint import LocalAws

State = dict[str, Any]


@dataclass
class Resources:
    """Creates what the program registers, and keeps what AWS does not tell of it later."""

    aws: LocalAws
    build: Callable[[Mapping[str, Any]], str]
    """Builds an image from docker.Image's `build`, and returns a handle on it."""
    alarms: dict[str, State]
    """Alarm -> its whole PutMetricAlarm and its ARN."""
    images: dict[str, str] = field(default_factory=dict[str, str])
    """Image by digest -> the engine's handle on it."""
    services: list[str] = field(default_factory=list[str])
    """The service of each resource, such as s3."""

    def create(self, token: str, name: str, inputs: State) -> State:
        """Create a resource and return what AWS, or Pulumi's provider, adds to its inputs.

        Raises:
            NotImplementedError: the embedded AWS has no such kind.
        """
        create = CREATE.get(token)
        if create is None:
            raise NotImplementedError("the embedded AWS cannot create it; see local/deploy/kinds/")
        made_up = _auto_name(token, name)
        state = {**made_up, **create(self, {**made_up, **inputs})}
        package, module, _ = token.split(":")
        self.services.append(module.partition("/")[0] if package == "aws" else package)
        return state


Create = Callable[[Resources, State], State]

CREATE: dict[str, Create] = {}
"""Type token -> creates such a resource."""

_AUTO_NAMED = {
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:cloudwatch/eventTarget:EventTarget": "targetId",
    "aws:lambda/permission:Permission": "statementId",
}
"""Type token -> the input that the provider makes up where the program leaves it out."""

_SPELLED_OTHERWISE = {
    "id": "ID",
    "kmsMasterKeyId": "KMSMasterKeyID",
    "okActions": "OKActions",
    "sseAlgorithm": "SSEAlgorithm",
}
"""Pulumi's key -> boto3's, where that is not the same in PascalCase."""


def creates(token: str, takes: str = "") -> Callable[[Create], Create]:
    """Enter the decorated function into the table.

    Args:
        token: Pulumi's type token.
        takes: the inputs that it knows, any other is refused; none where it hands over all of them
            to boto3, which refuses what it does not know.
    """

    def enter(create: Create) -> Create:
        @wraps(create)
        def checked(local: Resources, inputs: State) -> State:
            if unknown := inputs.keys() - set(takes.split()):
                names = ", ".join(sorted(unknown))
                raise NotImplementedError(f"the embedded AWS does not know its input {names}")
            return create(local, inputs)

        CREATE[token] = checked if takes else create
        return create

    return enter


def calls(
    token: str,
    operation: str,
    takes: str,
    *,
    tagged: str = "",
    then: Create = lambda _local, _inputs: {},
    **adds: str,
) -> None:
    """Enter a kind that one call of AWS's API creates.

    Args:
        token: Pulumi's type token.
        operation: the client and its method, such as `sns.create_topic`.
        takes: the inputs that it knows, each as `input=Parameter` where the parameter is not the
            same in PascalCase; it may lie inside another one: `policy=Attributes.Policy`. Empty
            where boto3 gets all.
        tagged: what EC2 calls that which gets the tags.
        then: asks AWS for what the answer does not have.
        adds: what AWS adds to the inputs -> where that is in the answer, such as `Role.Arn`.
    """
    service, method = operation.split(".")
    pairs = [pair.partition("=") for pair in takes.split()]
    named = {name: to or spelled(name) for name, _, to in pairs}

    @creates(token, " ".join([*named, *(["tags"] if tagged else [])]))
    def _create(local: Resources, inputs: State) -> State:
        request: State = {}
        for name, value in given(**inputs).items():
            *above, last = named.get(name, spelled(name)).split(".")
            place = reduce(lambda tree, key: tree.setdefault(key, {}), above, request)
            place[last] = pascal(value)
        if tagged:
            del request["Tags"]
            request["TagSpecifications"] = tags(tagged, inputs)
        answer = getattr(local.aws.client(service), method)(**request)
        added = {name: reduce(getitem, path.split("."), answer) for name, path in adds.items()}
        return {**added, **then(local, inputs)}


def _auto_name(token: str, logical: str) -> State:
    """Return a physical name as the provider makes it: the logical one and a random end."""
    key = _AUTO_NAMED.get(token)
    return {key: f"{logical}-{hashlib.sha256(logical.encode()).hexdigest()[:7]}"} if key else {}


def spelled(key: str) -> str:
    """Return one of Pulumi's keys as boto3 spells it."""
    return _SPELLED_OTHERWISE.get(key, key[0].upper() + key[1:])


def pascal(tree: Any) -> Any:  # noqa: ANN401 - a tree of JSON
    """Return Pulumi's camelCase keys as boto3 spells them, all the way down."""
    if isinstance(tree, dict):
        items = cast("dict[str, Any]", tree).items()
        return {spelled(key): pascal(value) for key, value in items}
    return [pascal(item) for item in cast("list[Any]", tree)] if isinstance(tree, list) else tree


def given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any kind
    """Return the parameters that have a value: boto3 takes no None."""
    return {name: value for name, value in values.items() if value is not None}


def tags(kind: str, inputs: State) -> list[dict[str, Any]]:
    """Return a resource's tags as EC2 takes them."""
    pairs = [{"Key": key, "Value": value} for key, value in inputs["tags"].items()]
    return [{"ResourceType": kind, "Tags": pairs}]
