"""Runs a function as Lambda does: its own process under AWS's runtime client (awslambdaric)."""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

_PROCESS = Path(__file__).with_name("process.py").read_text("utf-8")
# What Lambda's Python has beside the standard library and a function's own archive; tzdata is for
# machines without the system's time zones, which Lambda has.
_PACKAGES = ("awslambdaric", "boto3", "tzdata")
_INIT_SECONDS = 10
"""Lambda's own limit for a function's start; a slow machine gets the timeout on top."""


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


class Runtime:
    """One execution environment, which ends with `close`.

    `config` is what GetFunctionConfiguration tells of the function; `environment` has its variables
    and the credentials of its role.
    """

    def __init__(self, config: dict[str, Any], code: Path, environment: Mapping[str, str]) -> None:
        self._config, self._code, self._environment = config, code, environment
        # A file and not a pipe: what was printed is there when the process asks for more.
        self._output = tempfile.NamedTemporaryFile()  # noqa: SIM115 - until close()
        self._reading = Path(self._output.name).open("rb")  # noqa: SIM115 - until close()
        self._packages = tempfile.TemporaryDirectory()
        _link_packages(Path(self._packages.name))
        self._pipe, theirs = Pipe()
        self._process = self._start(theirs)
        theirs.close()
        self._heard: tuple[str, str] | None = None
        """What the process said after its last answer."""

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return self._process.poll() is None

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Run the function on one event, within its timeout."""
        timeout_s: int = self._config["Timeout"]
        late = f"{request_id} Task timed out after {timeout_s:.2f} seconds"
        kind, body = self._heard or self._hear(_INIT_SECONDS + timeout_s, late)
        began = time.perf_counter()
        if kind == "ready":
            deadline_ms = int((time.time() + timeout_s) * 1000)
            self._pipe.send_bytes(json.dumps([request_id, event.decode(), deadline_ms]).encode())
            kind, body = self._hear(timeout_s, late)
        seconds = time.perf_counter() - began
        self._heard = self._hear(_INIT_SECONDS, late)
        # The lines since the last event.
        log = self._reading.read().decode(errors="replace").splitlines()
        payload, failed = json.loads(body or "null"), kind == "error"
        return Outcome(self._config["FunctionName"], request_id, payload, failed, log, seconds)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        self._reading.close()
        self._output.close()
        self._packages.cleanup()

    def _hear(self, timeout_s: float, late: str) -> tuple[str, str]:
        """Return what the process says next: kind and body; an error if it is silent or ends."""
        try:
            if self._pipe.poll(timeout_s):
                kind, body = json.loads(self._pipe.recv_bytes())
                return kind, body
            error = {"errorType": "Sandbox.Timedout", "errorMessage": late}
        except (EOFError, OSError):
            text = "Runtime exited: see the log"
            error = {"errorType": "Runtime.ExitError", "errorMessage": text}
        self._process.kill()
        self._process.wait()
        return "error", json.dumps(error)

    def _start(self, pipe: Connection) -> subprocess.Popen[bytes]:
        config = self._config
        region = config["FunctionArn"].split(":")[3]
        environment = {
            "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "LAMBDA_TASK_ROOT": str(self._code),
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": self._packages.name,
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            # A developer's own configuration must play no part.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
            **self._environment,
        }
        # -S: without this machine's packages. The code's own come first, then the runtime's.
        arguments = [config["Handler"], str(pipe.fileno()), config["FunctionArn"]]
        return subprocess.Popen(
            [sys.executable, "-S", "-c", _PROCESS, *arguments],
            cwd=self._code,
            env=environment,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            pass_fds=[pipe.fileno()],
        )


def _link_packages(directory: Path) -> None:
    """Fill a directory with links to the runtime's packages, as they are installed here.

    A function that could import anything else here would fail on AWS only.
    """
    for name in _with_needed(_PACKAGES):
        installed = metadata.distribution(name)
        tops = {file.parts[0] for file in installed.files or ()} - {"..", "__pycache__"}
        for top in tops:
            (directory / top).symlink_to(str(installed.locate_file(top)))


def _with_needed(names: tuple[str, ...]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            required = metadata.requires(name) or ()
            left += [re.split(r"[^\w.-]", each)[0] for each in required if "extra ==" not in each]
    return found
