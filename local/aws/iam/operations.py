"""Which operation an HTTP request is, and its parameters: read with AWS's own service models."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl

from botocore.exceptions import UnknownServiceError

from components.aws import models
from local.aws.json_protocol import MODELS

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

_PROTOCOLS_OF_REST = ("rest-json", "rest-xml")
_LABEL = re.compile(r"\\\{(\w+)(\\\+)?\\\}")


@dataclass(frozen=True)
class _Route:
    """How an operation of a REST protocol is told from the service's others."""

    operation: str
    path: re.Pattern[str]
    query: tuple[tuple[str, str], ...]
    """Names and values that are part of its URI; an empty value is any."""
    required: tuple[tuple[str, str], ...]
    """Location and name of the members that every request of it has."""
    members: tuple[tuple[str, str, str], ...]
    """Location, name and member of those that are not in the body."""
    has_payload: bool
    """Whether the body is a member by itself, and no document of members."""

    def fits(self, request: Request) -> re.Match[str] | None:
        """Return the match of the path if the request can be of this operation."""
        args, match = request.args, self.path.fullmatch(request.path)
        found = all(name in args and value in ("", args[name]) for name, value in self.query)
        given = {"querystring": args, "header": request.headers}
        asked = all(name in given[location] for location, name in self.required)
        return match if found and asked else None


def read(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Return operation and parameters of a request; an empty operation if there is none such.

    The parameters of S3 are those outside of its bodies, which are not read.

    Args:
        service: as the request's signature names it.
        request: of the protocols JSON, query, REST-JSON and REST-XML.
    """
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(request.get_data() or b"{}")
    model = MODELS.get(service, service)
    if request.method == "POST" and request.mimetype == "application/x-www-form-urlencoded":
        form = dict(parse_qsl(request.get_data().decode(), keep_blank_values=True))
        if "Action" in form:
            return form["Action"], form
    for route in _routes(model, request.method):
        if match := route.fits(request):
            return route.operation, _parameters(route, match, request)
    return "", {}


def _parameters(route: _Route, match: re.Match[str], request: Request) -> dict[str, Any]:
    found: dict[str, Any] = dict(match.groupdict())
    given = {"querystring": request.args, "header": request.headers}
    for location, name, member in route.members:
        if name in given.get(location, ()):
            found[member] = given[location][name]
    if request.mimetype == "application/json" and not route.has_payload:
        found |= json.loads(request.get_data() or b"{}")
    return found


@cache
def _routes(model: str, method: str) -> list[_Route]:
    """Return a service's routes, those that ask for most first."""
    try:
        service: Any = models.service(model)
    except UnknownServiceError:
        return []
    if service.metadata["protocol"] not in _PROTOCOLS_OF_REST:
        return []
    operations = [service.operation_model(name) for name in service.operation_names]
    routes = [_route(each) for each in operations if each.http["method"] == method]
    return sorted(routes, key=lambda each: -len(each.query) - len(each.required))


def _route(operation: Any) -> _Route:  # noqa: ANN401 - botocore's models are Any here
    uri, _, query = operation.http["requestUri"].partition("?")
    path = _LABEL.sub(
        lambda label: f"(?P<{label[1]}>{'.+' if label[2] else '[^/]+'})", re.escape(uri)
    )
    shape = operation.input_shape
    members: dict[str, Any] = shape.members if shape else {}
    located = [
        (member.serialization["location"], member.serialization["name"], name)
        for name, member in members.items()
        if member.serialization.get("location") in ("querystring", "header")
    ]
    required: list[str] = shape.required_members if shape else []
    return _Route(
        operation=operation.name,
        # The key of an object may hold line breaks.
        path=re.compile(f"{path}/?", re.DOTALL),
        query=tuple(
            (name, value[0]) for name, value in parse_qs(query, keep_blank_values=True).items()
        ),
        required=tuple((where, name) for where, name, member in located if member in required),
        members=tuple(located),
        has_payload=bool(shape and shape.serialization.get("payload")),
    )
