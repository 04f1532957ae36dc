"""One endpoint on loopback that speaks AWS: moto's plain state, and our SageMaker and Lambda.

Requests are routed by the service in their signature's scope. Everything that moto has, moto
answers; jobs that run and functions that execute are ours.
"""

from __future__ import annotations

import io
import os
import re
import threading
from contextlib import nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
from botocore.config import Config
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request

from components import aws_model
from local.json_protocol import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.wrappers import Response

ACCOUNT = "123456789012"
"""moto's account."""

_POLL_S = 0.02
"""How often a server looks whether it is to end."""

# boto3's default session, which keeps the service models in memory, is not safe for threads.
CREATING_CLIENTS = threading.Lock()
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/aws4_request")


class Service(Protocol):
    """A service of ours: answers the requests that it knows, and leaves others to moto."""

    def answer(self, request: Request) -> Response | None:
        """Return the response, or None where moto is to answer."""
        ...


class InvalidRequestError(Exception):
    """A request that AWS would refuse, although moto accepts it."""


class LocalAws:
    """The embedded AWS of one region, from `start` to `stop`."""

    def __init__(self, region: str) -> None:
        self.region = region
        self.services: dict[str, Service] = {}
        """Our services, by the name in a signature's scope."""
        self._moto = _moto_application()
        self._server = make_server(
            "127.0.0.1", 0, self._dispatch, threaded=True, request_handler=_QuietHandler
        )
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        serve = partial(self._server.serve_forever, poll_interval=_POLL_S)
        self._thread = threading.Thread(target=serve, daemon=True)
        self._clients: dict[str, Any] = {}
        self._writing = threading.Lock()

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Close the endpoint; the state is gone, so that another may start afresh."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        from moto.core.base_backend import BackendDict  # noqa: PLC0415 - see _moto_application

        BackendDict.reset()

    def client(self, service: str) -> Any:  # noqa: ANN401 - one type for each service
        """Return an administrator's boto3 client for a service."""
        with CREATING_CLIENTS:
            if service not in self._clients:
                self._clients[service] = self._administrator(service)
            return self._clients[service]

    def client_as(self, session: Mapping[str, str], service: str) -> Any:  # noqa: ANN401 - as above
        """Return a client that has the session of a role, as `assume` returns it."""
        keys = {name.lower(): value for name, value in session.items()}
        with CREATING_CLIENTS:
            return self._client(service, **keys)

    def assume(self, role_arn: str, service: str) -> dict[str, str]:
        """Return the environment of a session of `role_arn` that `service` has assumed.

        Raises:
            PermissionError: the role does not exist, or does not trust the service.
        """
        if not self.trusts(role_arn, service):
            raise PermissionError(f"{service} may not assume {role_arn}: see its trust policy")
        session = f"{service.partition('.')[0]}-session"
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=session)
        credentials = answer["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
        }

    def trusts(self, role_arn: str, service: str) -> bool:
        """Return whether the role exists and its trust policy names `service`."""
        iam = self.client("iam")
        try:
            role = iam.get_role(RoleName=role_arn.rpartition("/")[2])["Role"]
        except iam.exceptions.NoSuchEntityException:
            return False
        statements: list[dict[str, Any]] = role["AssumeRolePolicyDocument"]["Statement"]
        return role["Arn"] == role_arn and any(
            statement["Effect"] == "Allow"
            and service in _listed(statement["Principal"].get("Service", []))
            for statement in statements
        )

    def _administrator(self, service: str) -> Any:  # noqa: ANN401 - one type for each service
        client = self._client(
            service,
            aws_access_key_id="administrator",
            aws_secret_access_key="of-the-embedded-aws",  # noqa: S106 - opens nothing
        )
        client.meta.events.register("provide-client-params.*.*", _refuse_what_aws_refuses)
        return client

    def _client(self, service: str, **keys: str) -> Any:  # noqa: ANN401 - one type for each service
        return cast("Any", boto3).client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            **keys,
        )

    def _dispatch(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        scope = _SCOPE.search(environ.get("HTTP_AUTHORIZATION", ""))
        name = scope.group(1) if scope else ""
        service, request = self.services.get(name), Request(environ)
        if service or "X-Amz-Target" in request.headers:
            body = request.get_data()
            response = service.answer(request) if service else None
            response = response or refusal(name, request)
            if response:
                return response(environ, start)
            environ["wsgi.input"] = io.BytesIO(body)
        # A conditional write of DynamoDB is atomic; moto looks and writes in two steps.
        with self._writing if name == "dynamodb" else nullcontext():
            return self._moto(environ, start)


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing: a line for each request would hide the pipeline's own."""


def _moto_application() -> Any:  # noqa: ANN401 - a WSGI application without types
    # Its one import takes a second, so nobody pays for it who starts no embedded AWS.
    from moto.iam.access_control import PermissionResult  # noqa: PLC0415
    from moto.moto_server.werkzeug_app import (  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
        DomainDispatcherApplication,
        create_backend_app,
    )
    from moto.s3.models import FakeBucket  # noqa: PLC0415

    os.environ.setdefault("MOTO_ACCOUNT_ID", ACCOUNT)

    # moto applies bucket policies without their conditions: "deny unless TLS" would deny all.
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL  # noqa: ARG005
    return DomainDispatcherApplication(create_backend_app)


def _refuse_what_aws_refuses(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
    """Check a request's enums, patterns and maxima, which neither boto3 nor moto looks at."""
    service = model.service_model.service_name
    plain = {key: value for key, value in params.items() if not hasattr(value, "read")}
    missing = params.keys() - plain.keys()
    found = [
        problem
        for problem in aws_model.violations(aws_model.shape(service, model.name), plain)
        if problem.path not in missing
    ]
    if found:
        raise InvalidRequestError(f"{service} {model.name}: {'; '.join(map(str, found))}")


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
