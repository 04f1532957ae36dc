"""Runs a function as Lambda does: its own process under AWS's runtime client (awslambdaric)."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

_PROCESS = Path(__file__).with_name("process.py").read_text("utf-8")
_PACKAGES = (
    *("awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "simplejson"),
    *("six.py", "snapshot_restore_py.py", "tzdata", "urllib3"),
)
"""What Lambda's Python has beside the standard library and a function's own archive; tzdata is for
machines without the system's time zones, which Lambda has."""
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


class Runtime:
    """One execution environment, which ends with `close`.

    `config` is what GetFunctionConfiguration tells of the function; `environment` has its variables
    and the credentials of its role.
    """

    def __init__(self, config: dict[str, Any], code: Path, environment: Mapping[str, str]) -> None:
        self._config = config
        self._directory = tempfile.TemporaryDirectory()
        packages = Path(self._directory.name, "packages")
        link_packages(packages)
        self._pipe, theirs = Pipe()
        # A file and not a pipe: what was printed is there when the process asks for more.
        output = Path(self._directory.name, "output")
        # -S: without this machine's packages. The code's own come first, then the runtime's.
        arguments = [config["Handler"], str(theirs.fileno()), config["FunctionArn"]]
        with output.open("wb") as written:
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-c", _PROCESS, *arguments],
                cwd=code,
                env={**_variables(config, code, packages), **environment},
                stdout=written,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for this process alone, which closes them
            )
        theirs.close()
        self._reading = output.open("rb")
        self._heard = self._hear(_INIT_SECONDS + config["Timeout"])
        """What the process said after its last answer."""

    @property
    def alive(self) -> bool:
        """Whether the process can take another event."""
        return self._process.poll() is None

    def invoke(self, event: bytes, request_id: str) -> Outcome:
        """Run the function on one event, within its timeout."""
        timeout_s, began = self._config["Timeout"], time.perf_counter()
        kind, body = self._heard
        if kind == "ready":
            deadline_ms = int((time.time() + timeout_s) * 1000)
            self._pipe.send_bytes(json.dumps([request_id, event.decode(), deadline_ms]).encode())
            kind, body = self._hear(timeout_s)
        report = f"REPORT Duration: {(time.perf_counter() - began) * 1000:.2f} ms"
        self._heard = self._hear(_INIT_SECONDS)
        # The lines since the last event.
        log = [*self._reading.read().decode(errors="replace").splitlines(), report]
        payload, failed = json.loads(body or "null"), kind == "error"
        return Outcome(self._config["FunctionName"], request_id, payload, failed, log)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        self._pipe.close()
        self._reading.close()
        self._directory.cleanup()

    def _hear(self, timeout_s: float) -> tuple[str, str]:
        """Return what the process says next: kind and body; an error if it is silent or ends."""
        try:
            if self._pipe.poll(timeout_s):
                kind, body = json.loads(self._pipe.recv_bytes())
                return kind, body
            text = f"Task timed out after {timeout_s:.2f} seconds"
            error = {"errorType": "Sandbox.Timedout", "errorMessage": text}
        except (EOFError, OSError):
            text = "Runtime exited: see the log"
            error = {"errorType": "Runtime.ExitError", "errorMessage": text}
        self._process.kill()
        self._process.wait()
        return "error", json.dumps(error)


def _variables(config: dict[str, Any], code: Path, packages: Path) -> dict[str, str]:
    region = config["FunctionArn"].split(":")[3]
    return {
        "AWS_LAMBDA_FUNCTION_NAME": config["FunctionName"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config["MemorySize"]),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "LAMBDA_TASK_ROOT": str(code),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(packages),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        # A developer's own configuration must play no part.
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def link_packages(directory: Path) -> None:
    """Fill a directory with links to the runtime's packages, as they are installed here.

    A function that could import anything else here would fail on AWS only.
    """
    directory.mkdir()
    here = Path(str(metadata.distribution("boto3").locate_file("")))
    for name in _PACKAGES:
        (directory / name).symlink_to(here / name)
