"""Run the job's scripts without any container engine: in Linux namespaces, by util-linux.

Of the Dockerfile only ENV and WORKDIR are taken: the base image and its packages are not there. The
script sees this machine's own tools read-only, the Python environment of this process at /opt/venv,
the build context at /app, its own /opt/ml and /tmp, and no network but `lo` and its job's. It is
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
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from local.engines import child, usage
from local.engines.dockerfile import Start, start
from local.engines.engine import ContainerRun, EngineError

_LOOPBACK = Path(__file__).with_name("loopback.py")
_NETWORK = Path(__file__).with_name("network.sh")
_SANDBOX = Path(__file__).with_name("sandbox.sh")
_TOOLS = ("unshare", "setpriv", "mount", "hostname", "chroot", "env")
_NETWORK_TOOLS = ("ip", "nsenter")
_ROOT_ONLY = ["--user", "--map-root-user"]
_ALL_IDS = [*_ROOT_ONLY, "--map-auto"]
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
            "a script that gives a file to another user fails (chown, tar), since root is the only "
            "one; install newuidmap (uidmap), with ranges of ids in /etc/subuid and /etc/subgid"
        )

    def available(self) -> str | None:
        """Return why the namespaces cannot be had here, found by starting an empty one."""
        if missing := _missing(_TOOLS):
            return f"{missing} not on PATH; install util-linux, coreutils and hostname"
        with tempfile.TemporaryDirectory() as directory:
            probe = ContainerRun(entrypoint=["true"], ml=Path(directory), hostname="probe")
            try:
                status = self.run(directory, probe, lambda _: None, threading.Event())
            except EngineError as error:
                return str(error)
        return f"`true` ended with {status} in the sandbox" if status else None

    def build(self, context: Path, args: Mapping[str, str]) -> str:
        """Copy the context, so that later changes do not reach jobs of this image."""
        del args
        dockerfile = context / "Dockerfile"
        try:
            found = start(dockerfile.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise EngineError(f"{dockerfile} cannot be read: {error}") from error
        self._snapshots.mkdir(parents=True, exist_ok=True)
        snapshot = tempfile.mkdtemp(prefix="image-", dir=self._snapshots)
        shutil.copytree(context, snapshot, symlinks=True, dirs_exist_ok=True)
        self._starts[snapshot] = found
        return snapshot

    @contextlib.contextmanager
    def network(self, hosts: Sequence[str]) -> Generator[str]:
        """Make a namespace for each host, on one bridge; yield the /proc of who keeps them."""
        if missing := _missing(_NETWORK_TOOLS):
            raise EngineError(f"{missing} not on PATH; install iproute2 and util-linux")
        unshare = ["unshare", "--mount", "--propagation", "private", "--net"]
        with subprocess.Popen(
            [*unshare, *_namespace_of_users(), "sh", str(_NETWORK), *hosts],
            env=child.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as keeper:  # ends with its input, and so with this process too
            assert keeper.stdout  # noqa: S101 - it was asked for above
            if (said := keeper.stdout.readline()) != "ready\n":
                raise EngineError(f"hosts cannot be connected here: {said}")
            yield f"/proc/{keeper.pid}"

    def run(
        self,
        image: str,
        spec: ContainerRun,
        on_line: Callable[[str], None],
        stop: threading.Event,
    ) -> int:
        """Run the entry point as process 1 of its namespaces, and all it started ends with it."""
        if not Path(image).is_dir():
            raise EngineError(f"there is no image {image}; build it first")
        with tempfile.TemporaryDirectory(prefix="sandbox-") as scratch:
            Path(scratch, "root").mkdir()
            Path(scratch, "tmp").mkdir()
            Path(scratch, "tmp").chmod(0o1777)
            if spec.network:
                shutil.copy(f"{spec.network}/root/run/hosts", scratch)
            command = _command(scratch, image, self._starts.get(image, Start()), spec)
            pid_file, said = Path(scratch, "pid"), deque[str](maxlen=_SETUP_LINES)

            def receive(line: str) -> None:
                said.append(line)
                on_line(line)

            def end(process: subprocess.Popen[bytes]) -> None:
                if not (pid := first_process()):
                    return
                # To process 1 of the namespaces itself: unshare ignores TERM while it waits for it.
                # Like in any container, process 1 gets TERM only if it has a handler for it.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(spec.stop_grace_s)
                process.kill()

            def first_process() -> int | None:
                return int(pid_file.read_text()) if pid_file.exists() else None

            try:
                with usage.watched(first_process, spec.on_usage):
                    status = child.follow(command, receive, stop, end)
                if not pid_file.exists():
                    raise EngineError(f"the sandbox cannot be set up here: {'; '.join(said)}")
            finally:
                _take_ownership(str(spec.ml), scratch)
        return status if status >= 0 else 128 - status


@functools.cache
def _namespace_of_users() -> list[str]:
    """Return the options of unshare by which this user becomes root, with all ids if it has any."""
    if os.geteuid() == 0:
        return []
    return _ROOT_ONLY if child.finished("unshare", *_ALL_IDS, "true").returncode else _ALL_IDS


def _missing(tools: Sequence[str]) -> str:
    path = child.environment()["PATH"]
    return ", ".join(tool for tool in tools if not shutil.which(tool, path=path))


def _command(scratch: str, image: str, begin: Start, spec: ContainerRun) -> list[str]:
    # Should this process die, even by KILL, the kernel ends unshare and with it the namespaces.
    unshare = ["setpriv", "--pdeathsig", "KILL", "unshare", "--fork", "--kill-child"]
    unshare += ["--mount", "--propagation", "private", "--pid", "--ipc", "--uts"]
    users, enter = _namespace_of_users(), list[str]()
    if network := spec.network:
        # Who entered the network's namespace of users is root there as in one of its own.
        same = ["--preserve-credentials", f"--user={network}/ns/user"] if users else []
        enter = ["nsenter", *same, f"--net={network}/root/run/netns/{spec.hostname}"]
    else:
        unshare += ["--net", *users]
    loopback = [sys.executable, "-I", "-S", str(_LOOPBACK)]
    prefixes = [os.path.realpath(sys.prefix), os.path.realpath(sys.base_prefix)]
    sandbox = ["sh", str(_SANDBOX), scratch, str(spec.ml), image, spec.hostname, *prefixes]
    variables = {"HOSTNAME": spec.hostname, "HOME": "/root", "TZ": "UTC"}
    variables = {**variables, **begin.environment, **spec.environment}
    clean = ["env", "-i", *(f"{key}={value}" for key, value in variables.items())]
    inside = [*sandbox, begin.workdir, *clean, *spec.entrypoint, *spec.arguments]
    return [*enter, *unshare, *loopback, *inside]


def _take_ownership(*places: str) -> None:
    """Give this user what others of its ids own there, so that it can be uploaded and removed."""
    if users := _namespace_of_users():
        script = 'chown -R -h 0:0 "$@" && chmod -R u+rwX "$@"'
        child.finished("unshare", *users, "sh", "-c", script, "sh", *places)
