"""Which operation an HTTP request is, and its parameters: moto reads them with AWS's own models."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import UnknownServiceError
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from werkzeug.wrappers import Request


def read(service: str, request: Request) -> tuple[str, dict[str, Any]]:
    """Return operation and parameters of a request; an empty operation if there is none such.

    The parameters of S3 are those outside of its bodies, which are not read.
    """
    if target := request.headers.get("X-Amz-Target"):
        return target.rpartition(".")[2], json.loads(request.get_data() or b"{}")
    # See local.aws.moto_application on moto's import.
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
