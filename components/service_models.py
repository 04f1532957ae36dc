"""What a function's clients know of AWS: the parts of botocore's data that its operations need."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, cast

from components.aws import models

Json = dict[str, Any]

_UNUSED = ("documentation", "documentationUrl", "enum", "max", "pattern")
"""What a client neither sends nor checks: two thirds of what is left of SageMaker's model."""


def files(operations: Mapping[str, Sequence[str]], region: str) -> dict[str, str]:
    """Return the files of a folder that botocore reads as its data: place -> content.

    The same from every machine: all is in the order of the pinned botocore's own files, of which
    those here have what its `*.sdk-extras` add.

    Args:
        operations: service -> operations, both as AWS's models name them.
        region: where all of the services are.
    """
    return {
        place: json.dumps(content, separators=(",", ":"))
        for place, content in {
            **{
                f"{service}/{_version(service)}/{kind}.json": content
                for service, called in operations.items()
                for kind, content in _service(service, tuple(called)).items()
            },
            "endpoints.json": _endpoints(operations, region),
        }.items()
    }


@cache
def _service(service: str, operations: tuple[str, ...]) -> dict[str, Json]:
    loader = models.loader()
    whole: Json = loader.load_service_model(service, "service-2")
    called = {name: whole["operations"][name] for name in operations}
    needed = _reachable(whole["shapes"], called)
    shapes = {name: shape for name, shape in whole["shapes"].items() if name in needed}
    found = {"service-2": {**whole, "operations": _bare(called), "shapes": _bare(shapes)}}
    pages: Json = loader.load_service_model(service, "paginators-1")["pagination"]
    if turned := {name: page for name, page in pages.items() if name in operations}:
        found["paginators-1"] = {"pagination": turned}
    return found


def _reachable(shapes: Json, operations: Json) -> set[str]:
    """Return the shapes of the operations' requests, answers and errors, however deep."""
    found: set[str] = set()
    coming = set(_named(operations))
    while new := coming - found:
        found |= new
        coming = {name for each in new for name in _named(shapes[each])}
    return found


def _named(node: Any) -> Iterator[str]:  # noqa: ANN401 - any part of a model
    """Yield the name of every shape that a part of a model refers to."""
    if isinstance(node, dict):
        node = cast("Json", node)
        if isinstance(node.get("shape"), str):  # else it is a member of that name
            yield node["shape"]
        node = [*node.values()]
    if isinstance(node, list):
        for each in cast("list[Any]", node):
            yield from _named(each)


def _bare(node: Any) -> Any:  # noqa: ANN401 - any part of a model
    """Return a part of a model without what is unused; members of such a name stay."""
    if isinstance(node, dict):
        return {
            key: _bare(value)
            for key, value in cast("Json", node).items()
            if key not in _UNUSED or isinstance(value, dict)
        }
    return [_bare(each) for each in cast("list[Any]", node)] if isinstance(node, list) else node


def _endpoints(services: Mapping[str, object], region: str) -> Json:
    """Return what endpoints.json, the largest of all files, says of the services in a region."""
    loader = models.loader()
    whole: Json = loader.load_data("endpoints")
    [partition] = [each for each in whole["partitions"] if region in each["regions"]]
    known = {}
    for name in services:
        prefix = loader.load_service_model(name, "service-2")["metadata"]["endpointPrefix"]
        entry = partition["services"].get(prefix, {"endpoints": {}})
        # An older botocore takes S3's global one in us-east-1.
        kept = {region, entry.get("partitionEndpoint")}
        here = {place: each for place, each in entry["endpoints"].items() if place in kept}
        known[prefix] = {**entry, "endpoints": here}
    regions = {region: partition["regions"][region]}
    return {**whole, "partitions": [{**partition, "regions": regions, "services": known}]}


def _version(service: str) -> str:
    return models.loader().determine_latest_version(service, "service-2")
