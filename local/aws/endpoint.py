"""One endpoint on loopback that speaks AWS: moto's plain state, and our SageMaker and Lambda.

Requests are routed by the service in their signature's scope. Everything that moto has, moto
answers; jobs that run and functions that execute are ours. What a role asks for, IAM judges first.
"""

import io
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, cast
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import boto3
from botocore.config import Config
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from components.aws import models
from local.aws import moto_application, protocols
from local.aws.iam import Session
from local.aws.protocols import ServiceError
from local.aws.regions import ACCOUNT, Regions
from local.aws.signature import Keys, Sender, sender

S3_HOME = "us-east-1"
"""Where a bucket is without a LocationConstraint, and which is none (CreateBucket)."""

# boto3's default session, which keeps the service models in memory, is not safe for threads.
_CREATING_CLIENTS = threading.Lock()
_log = logging.getLogger(__name__)


class LocalAws:
    """The embedded AWS of one region, from `start` to `stop`."""

    def __init__(self, region: str, regions: Regions | None = None) -> None:
        """Prepare a region: alone in its account, or one of its `regions`."""
        self.region = region
        self.regions = regions or Regions()
        self.services: dict[str, Callable[[Request], Response | None]] = {}
        """By the name in a signature's scope, what answers before moto does, if it is not None."""
        self.listeners: dict[str, Callable[[Request], None]] = {}
        """By the same name, what is told of the requests that moto has answered."""
        self.iam = self.regions.authority(region)
        """Judges what roles do, and has a record of it."""
        self.administrator = self.regions.administrator
        self._moto = moto_application.create(ACCOUNT)
        self._server = make_server(
            "127.0.0.1", 0, self._dispatch, threaded=True, request_handler=_QuietHandler
        )
        self._host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self._host}"
        # Fifty times a second it looks whether it is to end.
        serve = partial(self._server.serve_forever, poll_interval=0.02)
        self._thread = threading.Thread(target=serve, daemon=True)
        self._clients: dict[str, Any] = {}
        self._writing = threading.Lock()

    def start(self) -> None:
        """Begin to answer."""
        self.regions.open(self.region, self._answer)
        self._thread.start()

    def stop(self) -> None:
        """Close the endpoint; with the account's last, its state is gone, for a fresh start."""
        last = self.regions.close(self.region)
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        from moto.core.base_backend import BackendDict  # noqa: PLC0415 - see moto_application

        if last:
            BackendDict.reset()

    def client(self, service: str) -> Any:  # noqa: ANN401 - one type for each service
        """Return an administrator's boto3 client for a service."""
        with _CREATING_CLIENTS:
            if service not in self._clients:
                client = self._client(service, self.administrator)
                client.meta.events.register("provide-client-params.*.*", _refuse_what_aws_refuses)
                self._clients[service] = client
            return self._clients[service]

    def backend(self, service: str) -> Any:  # noqa: ANN401 - moto has no public types
        """Return what moto keeps of a service in this region."""
        return moto_application.backend(service, ACCOUNT, self.region)

    def client_as(self, session: Session, service: str) -> Any:  # noqa: ANN401 - as above
        """Return a client that has the session of a role."""
        with _CREATING_CLIENTS:
            return self._client(service, session.keys)

    def _client(self, service: str, keys: Keys) -> Any:  # noqa: ANN401 - as above
        return cast("Any", boto3).client(
            service,
            endpoint_url=self.url,
            region_name=self.region,
            config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
            **{name.lower(): value for name, value in keys.environment.items()},
        )

    def _dispatch(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        regions = self.regions
        try:
            known = sender(request, self._host, self.region, regions.keys_of, regions.names)
            answer = regions.answer(request, known, self.region)
        except ServiceError as refused:
            answer = protocols.told(refused, request)
        except ConnectionResetError:
            # Else the client of a connection that is kept would wait for an answer.
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise
        except Exception as problem:
            _log.exception("%s %s failed", request.method, request.path)
            answer = protocols.told(ServiceError("InternalFailure", repr(problem), 500), request)
        return answer(environ, start)

    def _answer(self, request: Request, known: Sender) -> WSGIApplication:
        """Return what answers a request in this region: one of our services, or else moto."""
        access_key, name, _ = known
        body = request.get_data() if protocols.asks_in_body(name, request) else None
        self.iam.judge(access_key, name, request)
        protocols.check(name, request)
        ours = self.services.get(name)
        if ours and (response := ours(request)):
            return response
        if body is not None:
            request.environ["wsgi.input"] = io.BytesIO(body)
        moto = self._moto_in_turn if name == "dynamodb" else self._moto
        listener = self.listeners.get(name)
        return partial(_heard, moto, listener, request) if listener else moto

    def _moto_in_turn(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        # A conditional write of DynamoDB is atomic; moto looks and writes in two steps.
        with self._writing:
            return self._moto(environ, start)


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing: a line for each request would hide the pipeline's own."""


def _heard(
    moto: WSGIApplication,
    listener: Callable[[Request], None],
    request: Request,
    environ: WSGIEnvironment,
    start: StartResponse,
) -> Iterable[bytes]:
    """Answer by moto, and tell the listener before the sender hears of it."""
    answer = list(moto(environ, start))
    listener(request)
    return answer


def _refuse_what_aws_refuses(params: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401
    """Check a request's enums, patterns and maxima, which neither boto3 nor moto looks at."""
    service = model.service_model.service_name
    if found := models.violations(models.shape(service, model.name), params):
        text = f"{service} {model.name}: {'; '.join(found)}"
        raise ServiceError("ValidationException", text)
