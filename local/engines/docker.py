"""Run the job's image in Docker, through its command line."""

import contextlib
import os
import shutil
import subprocess
import tempfile
import threading
import uuid
import weakref
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from local.engines import child, usage
from local.engines.engine import ContainerRun, EngineError


class DockerEngine:
    """Docker as found on PATH; images are built by BuildKit for linux/amd64, as SageMaker needs."""

    name = "docker"
    caveat = ""

    def available(self) -> str | None:
        """Return why Docker cannot be used here: no client, or no engine."""
        if not shutil.which("docker"):
            return "there is no docker on PATH; install Docker"
        version = _docker("version")
        if version.returncode:
            return f"the Docker engine does not answer; start it ({version.stderr.strip()})"
        return None

    def build(self, context: Path, args: Mapping[str, str]) -> str:
        """Build the context and return the image's id; the output is shown only on failure."""
        command = ["build", "--platform", "linux/amd64"]
        for key, value in args.items():
            command += ["--build-arg", f"{key}={value}"]
        if authorities := os.environ.get("PIP_CA"):
            command += ["--secret", f"id=pip_ca,src={authorities}"]
        with tempfile.TemporaryDirectory() as scratch:
            id_file = Path(scratch, "id")
            built = _docker(*command, "--iidfile", str(id_file), str(context))
            if built.returncode:
                raise EngineError(
                    f"docker build of {context} failed:\n{built.stdout}{built.stderr}"
                )
            return id_file.read_text()

    @contextlib.contextmanager
    def network(self, hosts: Sequence[str]) -> Generator[str]:
        """Make a bridge that has no address on this machine, so that it leads nowhere."""
        del hosts  # Docker's own DNS knows whoever runs
        name = _name()
        options = ["--internal", "--opt", "com.docker.network.bridge.inhibit_ipv4=true"]
        made = _docker("network", "create", *options, name)
        if made.returncode:
            raise EngineError(f"docker cannot create a network: {made.stderr}")
        remove = weakref.finalize(self, _docker, "network", "rm", name)
        try:
            yield name
        finally:
            remove()

    def run(
        self,
        image: str,
        spec: ContainerRun,
        on_line: Callable[[str], None],
        stop: threading.Event,
    ) -> int:
        """Run one container to its end and return its exit code; it is always removed."""
        name = _name()
        options = ["--platform", "linux/amd64", "--hostname", spec.hostname, *_network(spec)]
        options += ["--volume", f"{spec.ml}:/opt/ml", "--entrypoint", spec.entrypoint[0]]
        for key, value in spec.environment.items():
            options += ["--env", f"{key}={value}"]
        command = [*spec.entrypoint[1:], *spec.arguments]
        created = _docker("create", "--name", name, *options, image, *command)
        if created.returncode:
            raise EngineError(f"docker cannot create a container of {image}: {created.stderr}")
        # Also when this process ends before the container does.
        remove = weakref.finalize(self, _docker, "rm", "--force", "--volumes", name)
        grace = str(round(spec.stop_grace_s))
        try:
            with usage.watched(lambda: first_process(name), spec.on_usage):
                child.follow(
                    ["docker", "start", "--attach", name],
                    on_line,
                    stop,
                    # Repeated, since a container that has not started yet cannot be stopped.
                    lambda _: _docker("stop", "--time", grace, name),
                )
            return int(_docker("inspect", "--format", "{{.State.ExitCode}}", name).stdout)
        finally:
            remove()
            _take_ownership(image, spec.ml)


def _name() -> str:
    return f"processing-{uuid.uuid4().hex[:12]}"


def _network(spec: ContainerRun) -> list[str]:
    if spec.network is None:
        return ["--network", "none"]
    # Docker would else look up what it does not know, in the machine's network.
    nowhere = ["--dns", "127.0.0.1", "--dns-opt", "timeout:1", "--dns-opt", "attempts:1"]
    return ["--network", spec.network, "--network-alias", spec.hostname, *nowhere]


def first_process(name: str) -> int | None:
    """Return the id of a running container's first process, if it is one of this machine."""
    found = _docker("inspect", "--format", "{{.State.Pid}} {{.Id}}", name).stdout.split()
    with contextlib.suppress(OSError, ValueError):
        pid, container = found
        # With an engine elsewhere, that id is another process's here.
        if container in Path("/proc", pid, "cgroup").read_text("utf-8"):
            return int(pid)
    return None


def _take_ownership(image: str, ml: Path) -> None:
    """Give this user what root wrote in the container, so that it can be uploaded and removed."""
    if os.getuid() == 0:
        return
    owner = f"{os.getuid()}:{os.getgid()}"
    script = f"chown -R -h {owner} /opt/ml && chmod -R u+rwX /opt/ml"
    options = ["--rm", "--network", "none", "--volume", f"{ml}:/opt/ml", "--entrypoint", "sh"]
    _docker("run", *options, image, "-c", script)


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    return child.finished("docker", *arguments)
