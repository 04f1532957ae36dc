"""Run the job's scripts without any container engine: in Linux namespaces, by util-linux.

Of the Dockerfile only ENV and WORKDIR are taken: the base image and its packages are not there. The
script sees this machine's own tools read-only, the Python environment of this process at /opt/venv,
the build context at /app, its own /opt/ml and /tmp, and under isolation no network but `lo`. It is
root, the time zone is UTC, whatever the machine's is. That keeps a script from touching the machine
by accident; it is no wall against a hostile one.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from local.engines import child
from local.engines import dockerfile as dockerfiles
from local.engines.dockerfile import Start
from local.engines.engine import ContainerRun, EngineError
from local.engines.namespace import CHOWN

_NAMESPACE = Path(__file__).with_name("namespace.py")
_SANDBOX = Path(__file__).with_name("sandbox.sh")
_TOOLS = ("unshare", "setpriv", "mount", "hostname", "chroot", "env")
_ROOT_ONLY = ["--user", "--map-root-user"]
_ALL_IDS = [*_ROOT_ONLY, "--map-auto"]
_POLL_S = 0.02
_SETUP_LINES = 5


class ProcessEngine:
    """Namespaces of this machine; an image is a copy of its build context under `snapshots`."""

    name = "process"

    def __init__(self, snapshots: Path) -> None:
        self._snapshots = snapshots
        self._starts: dict[str, Start] = {}

    @property
    def caveat(self) -> str:
        """What this machine does not let a container have that it has on SageMaker."""
        if _namespace_of_users() != _ROOT_ONLY:
            return ""
        return (
            "every file stays this user's, whatever the script's chown says; there "
            "is no range of ids for it in /etc/subuid and /etc/subgid, or no newuidmap (uidmap)"
        )

    def available(self) -> str | None:
        """Return why the namespaces cannot be had here, found by starting an empty one."""
        if sys.platform != "linux":
            return f"it needs Linux namespaces, and this is {sys.platform}"
        if missing := [tool for tool in _TOOLS if not shutil.which(tool, path=_search_path())]:
            return f"{', '.join(missing)} not on PATH; install util-linux, coreutils and hostname"
        with tempfile.TemporaryDirectory() as directory:
            probe = ContainerRun(
                entrypoint=["true"],
                arguments=[],
                environment={},
                ml=Path(directory),
                hostname="probe",
                network=False,
                stop_grace_s=1,
            )
            try:
                status = self.run(directory, probe, lambda _: None, threading.Event())
            except EngineError as error:
                return str(error)
        return f"`true` ended with {status} in the sandbox" if status else None

    def build(self, context: Path, dockerfile: str, args: Mapping[str, str]) -> str:
        """Copy the context, so that later changes do not reach jobs of this image."""
        del args
        try:
            start = dockerfiles.start((context / dockerfile).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(f"{context / dockerfile} cannot be read: {error}") from error
        self._snapshots.mkdir(parents=True, exist_ok=True)
        snapshot = tempfile.mkdtemp(prefix="image-", dir=self._snapshots)
        shutil.copytree(context, snapshot, symlinks=True, dirs_exist_ok=True)
        self._starts[snapshot] = start
        return snapshot

    def run(
        self,
        image: str,
        spec: ContainerRun,
        on_line: Callable[[str], None],
        stop: threading.Event,
    ) -> int:
        """Run the entry point as process 1 of its namespaces, and all it started ends with it."""
        if not spec.entrypoint:
            raise EngineError(
                "the process engine does not read ENTRYPOINT from the Dockerfile; "
                "set AppSpecification.ContainerEntrypoint or use the docker engine"
            )
        if not Path(image).is_dir():
            raise EngineError(f"there is no image {image}; build it first")
        with tempfile.TemporaryDirectory(prefix="sandbox-") as scratch:
            Path(scratch, "root").mkdir()
            Path(scratch, "tmp").mkdir()
            Path(scratch, "tmp").chmod(0o1777)
            command = _command(scratch, image, self._starts.get(image, dockerfiles.Start()), spec)
            try:
                return _attend(command, Path(scratch, "pid"), spec, on_line, stop)
            finally:
                _take_ownership(str(spec.ml), scratch)


def _search_path() -> str:
    """Return PATH with the directories of chroot, which are not on everybody's."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"


@functools.cache
def _namespace_of_users() -> list[str]:
    """Return the options of unshare by which this user becomes root, with all ids if it has any."""
    if os.geteuid() == 0:
        return []
    tried = _quiet("unshare", *_ALL_IDS, "true")
    return _ALL_IDS if tried.returncode == 0 else _ROOT_ONLY


def _command(scratch: str, image: str, start: Start, spec: ContainerRun) -> list[str]:
    users = _namespace_of_users()
    # Should this process die, even by KILL, the kernel ends unshare and with it the namespaces.
    unshare = ["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child"]
    unshare += ["--mount", "--propagation", "private", "--pid", "--ipc", "--uts"]
    unshare += [*([] if spec.network else ["--net"]), *users]
    likened = [*([] if spec.network else ["--loopback"])]
    likened += ["--ownership"] if users == _ROOT_ONLY and os.uname().machine in CHOWN else []
    likened = [sys.executable, "-I", "-S", str(_NAMESPACE), *likened] if likened else []
    prefixes = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)]
    sandbox = ["sh", str(_SANDBOX), scratch, str(spec.ml), image, spec.hostname, *prefixes]
    variables = {"HOSTNAME": spec.hostname, "HOME": "/root", "TZ": "UTC"}
    variables = {**variables, **start.environment, **spec.environment}
    clean = ["env", "-i", *(f"{key}={value}" for key, value in variables.items())]
    entry = [*spec.entrypoint, *spec.arguments]
    return [*unshare, *likened, *sandbox, start.workdir, *clean, *entry]


def _take_ownership(*places: str) -> None:
    """Give this user what others of its ids own there, so that it can be uploaded and removed."""
    if users := _namespace_of_users():
        script = 'chown -R -h 0:0 "$@" && chmod -R u+rwX "$@"'
        _quiet("unshare", *users, "sh", "-c", script, "sh", *places)


def _quiet(*command: str) -> subprocess.CompletedProcess[str]:
    return child.finished(command, {**os.environ, "PATH": _search_path()})


def _attend(
    command: list[str],
    pid_file: Path,
    spec: ContainerRun,
    on_line: Callable[[str], None],
    stop: threading.Event,
) -> int:
    first_lines: list[str] = []

    def receive(line: str) -> None:
        if len(first_lines) < _SETUP_LINES:
            first_lines.append(line)
        on_line(line)

    status = child.follow(
        command,
        {**os.environ, "PATH": _search_path()},
        receive,
        lambda process: _wait(process, pid_file, spec.stop_grace_s, stop),
    )
    if not pid_file.exists():
        raise EngineError(f"the sandbox cannot be set up here: {'; '.join(first_lines)}")
    return status if status >= 0 else 128 - status


def _wait(
    process: subprocess.Popen[bytes], pid_file: Path, grace_s: float, stop: threading.Event
) -> None:
    while process.poll() is None and not (stop.wait(_POLL_S) and pid_file.exists()):
        pass
    if process.poll() is not None:
        return
    # To process 1 of the namespaces itself: unshare ignores TERM while it waits for it. Like in any
    # container, process 1 gets TERM only if it has a handler for it.
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(pid_file.read_text()), signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(grace_s)
