"""AWS's JSON protocols: how requests are read and checked, and how errors are told."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from botocore.model import OperationNotFoundError
from werkzeug.wrappers import Response

from components.aws import models

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.model import Shape
    from werkzeug.wrappers import Request


MODELS = {"monitoring": "cloudwatch"}
"""Name in a request's signature -> of the service's model, where they differ."""


class ServiceError(Exception):
    """An error that a service answers with."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self._status = code, message, status

    @property
    def response(self) -> Response:
        """The error in the form of AWS's JSON protocols."""
        return error(self.code, self.message, self._status)


class JsonService:
    """A service of AWS's JSON protocol: one operation for each `X-Amz-Target`."""

    def __init__(self, call: Callable[[str, dict[str, Any]], Mapping[str, Any]]) -> None:
        """Prepare to answer by `call`, which takes an operation and its request."""
        self._call = call

    def answer(self, request: Request) -> Response:
        """Return the operation's answer, or its error in AWS's form."""
        operation = request.headers["X-Amz-Target"].rpartition(".")[2]
        try:
            body = dict(self._call(operation, request.get_json(force=True)))
        except ServiceError as refused:
            return refused.response
        except Exception as problem:
            logging.getLogger(__name__).exception("%s failed", operation)
            return error("InternalFailure", repr(problem), 500)
        return Response(json.dumps(body), 200, content_type="application/x-amz-json-1.1")


def refusal(service: str, request: Request) -> Response | None:
    """Refuse what the service's model forbids in a request of the JSON protocol, whoever sends it.

    botocore's clients check only types, unknown keys, required members and minima.
    """
    operation = request.headers.get("X-Amz-Target", "").rpartition(".")[2]
    shape = _input(MODELS.get(service, service), operation)
    # Where there is no such operation, the service's own answer tells more.
    found = models.violations(shape, request.get_json(force=True)) if shape else []
    return error("ValidationException", "; ".join(map(str, found))) if found else None


@cache
def _input(service: str, operation: str) -> Shape | None:
    """Return an operation's input; None, which takes botocore long to find, if there is no such."""
    try:
        return models.shape(service, operation)
    except (UnknownServiceError, OperationNotFoundError):
        return None


def error(code: str, message: str, status: int = 400) -> Response:
    """Return an error in the form of AWS's JSON protocols."""
    body = json.dumps({"__type": code, "message": message})
    headers = {"x-amzn-errortype": code}
    return Response(body, status, headers, content_type="application/x-amz-json-1.1")
