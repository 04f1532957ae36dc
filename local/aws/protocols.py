"""AWS's protocols: how requests are read and checked, and how errors are told."""

import io
import json
import logging
from collections.abc import Callable, Mapping
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
_BAD_REQUEST, _FORBIDDEN, _NOT_IMPLEMENTED = 400, 403, 501


class ServiceError(Exception):
    """An error that a service of a JSON protocol answers with."""

    def __init__(self, code: str, message: str, status: int = _BAD_REQUEST) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self._status = code, message, status

    @property
    def response(self) -> Response:
        """The answer."""
        return _json_error(self.code, self.message, self._status)


def answer_json(
    call: Callable[[str, dict[str, Any]], Mapping[str, Any]], request: Request
) -> Response:
    """Return what `call` answers to an operation and its request, or its error in AWS's form."""
    operation = request.headers["X-Amz-Target"].rpartition(".")[2]
    try:
        body = dict(call(operation, request.get_json(force=True)))
    except ServiceError as refused:
        return refused.response
    except Exception as problem:
        logging.getLogger(__name__).exception("%s failed", operation)
        return _json_error("InternalFailure", repr(problem), 500)
    return Response(json.dumps(body), 200, content_type="application/x-amz-json-1.1")


def read(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Return operation and parameters of a request; an empty operation if there is none such.

    The parameters of S3 are those outside of its bodies, which are not read.
    """
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(request.get_data() or b"{}")
    # See moto_application on moto's import.
    from moto.core import parse, routing  # noqa: PLC0415
    from moto.core.request import Request as MotoRequest  # noqa: PLC0415
    from moto.core.request import determine_request_protocol  # noqa: PLC0415

    body = b"" if service == "s3" else request.get_data()
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


def refusal(service: str, request: Request) -> Response | None:
    """Refuse what the service's model forbids in a request of the JSON protocol, whoever sends it.

    botocore's clients check only types, unknown keys, required members and minima.
    """
    operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    shape = _input(_MODELS.get(service, service), operation)
    # Where there is no such operation, the service's own answer tells more.
    found = models.violations(shape, request.get_json(force=True)) if shape else []
    if not found:
        return None
    return _json_error("ValidationException", "; ".join(map(str, found)), _BAD_REQUEST)


def denied(service: str, request: Request, message: str) -> Response:
    """Return AWS's answer to a request that IAM refuses."""
    code = _DENIED.get(service, "AccessDeniedException")
    # Services of the JSON 1.x protocols answer every error of the caller with 400.
    status = _BAD_REQUEST if "X-Amz-Target" in request.headers else _FORBIDDEN
    return _error(service, request, code, message, status)


def not_admitted(request: Request, code: str, message: str) -> Response:
    """Return the answer to somebody who may not even ask."""
    service = "" if request.mimetype or "X-Amz-Target" in request.headers else "s3"
    return _error(service, request, code, message, _FORBIDDEN)


def not_played(service: str, request: Request, message: str) -> Response:
    """Return the answer to a request that the embedded AWS cannot judge; no client retries it."""
    return _error(service, request, "NotImplemented", message, _NOT_IMPLEMENTED)


@cache
def _input(service: str, operation: str) -> Shape | None:
    """Return an operation's input; None, which takes botocore long to find, if there is no such."""
    try:
        return models.shape(service, operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None


def _error(service: str, request: Request, code: str, message: str, status: int) -> Response:
    """Return an error in the form of the protocol that a request is of."""
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        return Response(f"<Error>{inner}</Error>", status, content_type="application/xml")
    if request.mimetype == "application/x-www-form-urlencoded":
        sender = f"<Error><Type>Sender</Type>{inner}</Error>"
        body = f"<ErrorResponse>{sender}</ErrorResponse>"
        return Response(body, status, content_type="text/xml")
    return _json_error(code, message, status)


def _json_error(code: str, message: str, status: int) -> Response:
    body = json.dumps({"__type": code, "message": message})
    headers = {"x-amzn-errortype": code}
    return Response(body, status, headers, content_type="application/x-amz-json-1.1")
