"""Runs a function as Lambda does: its own process under AWS's runtime client (awslambdaric).

The client fetches events from a Lambda Runtime API and posts what came of them; this is that API,
on loopback, for one process at a time. Its paths begin with a secret that only this process is
told: whoever reaches the API could otherwise take a function's events and answer them.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local.aws.functions import packages

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROCESS = Path(__file__).with_name("process.py").read_text("utf-8")
_POLL_S = 0.02
_INIT_SECONDS = 10
"""Lambda's own limit for a function's start."""


@dataclass(frozen=True)
class Outcome:
    """What came of one invocation."""

    function: str
    request_id: str
    """The same for all tries of one asynchronous event."""
    payload: Any
    """The function's answer, or AWS's description of the error."""
    failed: bool
    log: list[str]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Function:
    """A function as it was deployed."""

    name: str
    arn: str
    handler: str
    timeout_s: int
    memory_mb: int
    code: Path
    environment: Mapping[str, str]
    """With the credentials of the function's role."""


class Runtime:
    """One execution environment; starts with the first event, ends with `close`."""

    def __init__(self, function: Function) -> None:
        self._function = function
        # A file and not a pipe: what was printed is there when the process asks for more.
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 - until close()
        self._reading = Path(self._output.name).open("rb")  # noqa: SIM115 - until close()
        self._packages = tempfile.TemporaryDirectory()
        packages.link(Path(self._packages.name))
        self._api = _Api(function)
        self.address = f"127.0.0.1:{self._api.server_port}"
        """Of the API, which answers below a secret path only."""
        threading.Thread(target=self._api.serve_forever, args=[_POLL_S], daemon=True).start()
        self._process = self._start()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return self._process.poll() is None

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Run the function on one event, within its timeout."""
        function, api = self._function, self._api
        api.ready.wait(_INIT_SECONDS)
        api.ready.clear()
        began = time.perf_counter()
        api.events.put((request_id, event, int((time.time() + function.timeout_s) * 1000)))
        try:
            kind, body = api.results.get(timeout=function.timeout_s)
        except queue.Empty:
            text = f"{request_id} Task timed out after {function.timeout_s:.2f} seconds"
            kind, body = "error", _described("Sandbox.Timedout", text)
            self._process.kill()
            self._watcher.join()
        seconds = time.perf_counter() - began
        if self.alive:
            api.ready.wait(_INIT_SECONDS)
        # The lines since the last event.
        log = self._reading.read().decode(errors="replace").splitlines()
        payload, failed = json.loads(body or b"null"), kind == "error"
        return Outcome(function.name, request_id, payload, failed, log, seconds)

    def close(self) -> None:
        """End the process and the API."""
        self._process.kill()
        self._watcher.join()
        self._api.shutdown()
        self._api.server_close()
        self._reading.close()
        self._output.close()
        self._packages.cleanup()

    def _start(self) -> subprocess.Popen[bytes]:
        function = self._function
        region = function.arn.split(":")[3]
        environment = {
            "AWS_LAMBDA_RUNTIME_API": f"{self.address}/{self._api.secret}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "LAMBDA_TASK_ROOT": str(function.code),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": self._packages.name,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            # A developer's own configuration must play no part.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            **function.environment,
        }
        return subprocess.Popen(
            # Without this machine's packages: the code's own come first, then the runtime's.
            [sys.executable, "-S", "-c", _PROCESS, function.handler],
            cwd=function.code,
            env=environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def _watch(self) -> None:
        """Answer the event that the process leaves behind when it ends by itself."""
        self._process.wait()
        ended = _described("Runtime.ExitError", "Runtime exited: see the log")
        self._api.results.put(("error", ended))
        self._api.ready.set()


def _described(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class _Api(ThreadingHTTPServer):
    """The Runtime API of one function's process."""

    daemon_threads = True

    def __init__(self, function: Function) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arn, self.secret = function.arn, secrets.token_hex(16)
        self.events: queue.Queue[tuple[str, bytes, int]] = queue.Queue()
        """Request's id, event, and deadline in epoch milliseconds."""
        self.results: queue.Queue[tuple[str, bytes]] = queue.Queue()
        """`response` or `error`, and its body."""
        self.ready = threading.Event()
        """Set while the process waits for an event, or has ended."""

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: the process hangs up when it is ended."""


class _Handler(BaseHTTPRequestHandler):
    server: _Api  # pyright: ignore[reportIncompatibleVariableOverride]
    protocol_version = "HTTP/1.1"
    # Small answers would wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    def parse_request(self) -> bool:
        """Let only the function's own process ask."""
        parsed = super().parse_request()
        if parsed and not self.path.startswith(f"/{self.server.secret}/"):
            self.close_connection = True
            self.send_error(403)
            return False
        return parsed

    def do_GET(self) -> None:
        self.server.ready.set()
        request_id, event, deadline_ms = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", self.server.arn)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(event)))
        self.end_headers()
        self.wfile.write(event)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.results.put((self.path.rpartition("/")[2], body))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401
        """Say nothing."""
