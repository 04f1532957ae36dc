"""AWS's protocols: how requests are read and checked, and how errors are told."""

import io
import json
from collections.abc import Mapping
from functools import cache
from typing import Any, cast
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError, Shape
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from components.aws import models

_MODELS = {"monitoring": "cloudwatch"}
"""Name in a request's signature -> of the service's model, where they differ."""
_DENIED = {"s3": "AccessDenied", "sns": "AuthorizationError"}
"""Services whose code for what IAM refuses is not AccessDeniedException."""


class ServiceError(Exception):
    """What AWS answers to a request that it refuses, in whatever form its protocol has for it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


def read(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Return operation and parameters of a request; an empty operation if there is none such.

    The parameters of S3 are those outside of its bodies, but for what DeleteObjects names.
    """
    if operation := target(request):
        return operation, json.loads(request.get_data() or b"{}")
    # See moto_application on moto's import.
    from moto.core import parse, routing  # noqa: PLC0415
    from moto.core.request import Request as MotoRequest  # noqa: PLC0415
    from moto.core.request import determine_request_protocol  # noqa: PLC0415

    body = request.get_data() if asks_in_body(service, request) else b""
    asked = MotoRequest({**request.environ, "wsgi.input": io.BytesIO(body)})
    try:
        operation, labels = routing.get_service_router(service).match(asked)
    except (NotFound, UnknownServiceError):
        return "", {}
    protocol = determine_request_protocol(operation.service_model, asked.content_type)
    parameters = cast("Any", parse.PROTOCOL_PARSERS)[protocol](operation).parse(
        {
            "method": asked.method,
            "url_path": asked.path,
            "headers": asked.headers,
            "values": asked.values,
            "url_params": labels,
            "body": body,
        }
    )
    return operation.name, parameters


def asks_in_body(service: str, request: Request) -> bool:
    """Return whether a body has to be read to know what is asked for: one of S3 may be large."""
    if service != "s3":
        return True
    named = {"POST": "delete", "PUT": "replication"}
    return named.get(request.method, "") in request.args


def target(request: Request) -> str:
    """Return the operation of a request of a JSON 1.x protocol; empty for any other protocol."""
    return request.headers.get("X-Amz-Target", "").rpartition(".")[2]


def check(service: str, request: Request) -> None:
    """Check a request of the JSON protocol by the service's model, whoever sends it.

    botocore's clients check only types, unknown keys, required members and minima.

    Raises:
        ServiceError: names everything that the model forbids.
    """
    shape = _input(_MODELS.get(service, service), target(request))
    # Where there is no such operation, the service's own answer tells more.
    if shape and (found := models.violations(shape, request.get_json(force=True))):
        raise ServiceError("ValidationException", "; ".join(found))


def denied(service: str, request: Request, message: str) -> ServiceError:
    """Return AWS's answer to a request that IAM refuses."""
    # Services of the JSON 1.x protocols answer every error of the caller with 400.
    status = 400 if target(request) else 403
    return ServiceError(_DENIED.get(service, "AccessDeniedException"), message, status)


def told(error: ServiceError, request: Request) -> Response:
    """Return an error in the form of the protocol that a request is of."""
    inner = f"<Code>{error.code}</Code><Message>{escape(error.message)}</Message>"
    if request.mimetype == "application/x-www-form-urlencoded":
        body = f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>"
        return Response(body, error.status, content_type="text/xml")
    if "/s3/" in request.headers.get("Authorization", "/s3/"):
        return Response(f"<Error>{inner}</Error>", error.status, content_type="application/xml")
    return answer({"__type": error.code, "message": error.message}, error.status)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    """Return an answer of a JSON protocol."""
    return Response(json.dumps(body), status, content_type="application/x-amz-json-1.1")


@cache
def _input(service: str, operation: str) -> Shape | None:
    """Return an operation's input; None, which takes botocore long to find, if there is no such."""
    try:
        return models.shape(service, operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None
