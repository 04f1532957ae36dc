"""How a refusal is told: each of AWS's protocols has its own form, some services their own code."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from werkzeug.wrappers import Response

from local.aws.json_protocol import error

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

_CODES = {"s3": "AccessDenied", "sns": "AuthorizationError"}
_HTTP_FORBIDDEN, _HTTP_NOT_IMPLEMENTED = 403, 501


def denied(service: str, request: Request, message: str) -> Response:
    """Return AWS's answer to a request that IAM refuses."""
    code = _CODES.get(service, "AccessDeniedException")
    # Services of the JSON 1.x protocols answer every error of the caller with 400.
    status = 400 if "X-Amz-Target" in request.headers else _HTTP_FORBIDDEN
    return _answer(service, request, code, message, status)


def not_admitted(request: Request, code: str, message: str) -> Response:
    """Return the answer to somebody who may not even ask."""
    service = "" if request.mimetype or "X-Amz-Target" in request.headers else "s3"
    return _answer(service, request, code, message, _HTTP_FORBIDDEN)


def not_played(service: str, request: Request, message: str) -> Response:
    """Return the answer to a request that the embedded AWS cannot judge; no client retries it."""
    return _answer(service, request, "NotImplemented", message, _HTTP_NOT_IMPLEMENTED)


def _answer(service: str, request: Request, code: str, message: str, status: int) -> Response:
    inner = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    if service == "s3":
        return Response(f"<Error>{inner}</Error>", status, content_type="application/xml")
    if request.mimetype == "application/x-www-form-urlencoded":
        sender = f"<Error><Type>Sender</Type>{inner}</Error>"
        body = f"<ErrorResponse>{sender}</ErrorResponse>"
        return Response(body, status, content_type="text/xml")
    return error(code, message, status)
