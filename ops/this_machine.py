"""What this machine has of what the repository needs: `python3 -m ops.this_machine`.

Of the standard library alone, so that it runs before `make setup` and says why that would fail.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
OK, WARNING, WRONG = "ok", "warning", "wrong"
PATIENCE_S = 60
"""For each tool: an engine over SSH, or a state backend far away, takes some seconds."""
_CONTAINERD = "io.containerd.snapshotter.v1"
"""Docker's `driver-type` where containerd has the images
(https://docs.docker.com/engine/storage/containerd/)."""


@dataclass(frozen=True)
class Finding:
    """One line of what was found."""

    about: str
    level: str
    text: str
    way_out: str = ""
    """What to do, where something is to be done."""

    def __str__(self) -> str:
        then = f"\n{'':20}{self.way_out}" if self.way_out else ""
        return f"{self.level:<7} {self.about:<11} {self.text}{then}"


def run(*command: str) -> tuple[int, str, str]:
    """Return a tool's status, output and errors; the status is 127 where there is no such tool."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
            cwd=ROOT,
        )
    except OSError:
        return 127, "", f"{command[0]} is not on PATH"
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} does not answer within {PATIENCE_S} seconds"
    return done.returncode, done.stdout, " ".join(done.stderr.split())


def findings(*, deploys: bool) -> Iterator[Finding]:
    """Yield what is there, and what is missing: for a deployment, or for all that needs no AWS."""
    yield python(sys.version_info[:2], venv=importlib.util.find_spec("ensurepip") is not None)
    yield git()
    engine = [*docker(WRONG if deploys else WARNING)]
    yield from engine
    if not deploys:
        yield sandbox(WARNING if engine[0].level == OK else WRONG)
    yield pulumi(WRONG if deploys else WARNING)


def python(version: tuple[int, ...], *, venv: bool) -> Finding:
    """Judge the Python that runs this."""
    named = ".".join(map(str, version))
    if version < (3, 11):
        return Finding("python", WRONG, f"{named}; needed is 3.11", "make setup PYTHON=python3.13")
    if not venv:
        get = f"sudo apt-get install python{named}-venv"
        return Finding("python", WRONG, f"{named} cannot make virtual environments", get)
    return Finding("python", OK, named)


def git() -> Finding:
    """Look for git, by which targets and build find their files."""
    status, out, err = run("git", "--version")
    if status:
        return Finding("git", WRONG, err, "sudo apt-get install git")
    return Finding("git", OK, out.rpartition(" ")[2].strip())


def docker(missing: str) -> Iterator[Finding]:
    """Yield whether an engine answers, with `missing` as the level if not, and what it makes."""
    status, out, err = run("docker", "info", "--format", "{{json .}}")
    try:
        info: Any = json.loads(out)
    except ValueError:
        info = {}
    if status == 127:
        get = "install Docker Engine: https://docs.docker.com/engine/install/"
        yield Finding("docker", missing, err, get)
        return
    if not info.get("ServerVersion"):
        said = "; ".join(info.get("ServerErrors") or []) or err
        get = "sudo systemctl start docker"
        if "permission denied" in said:
            get = "sudo usermod -aG docker $USER, and log in again"
        elsewhere = ", or name one elsewhere: export DOCKER_HOST=ssh://USER@HOST"
        yield Finding("docker", missing, f"no engine answers: {said}", get + elsewhere)
        return
    kind = f"{info.get('OSType')}/{info.get('Architecture')}"
    yield Finding("docker", OK, f"{info['ServerVersion']} on {kind}")
    if info.get("OSType") != "linux":
        yield Finding("docker", WRONG, "it builds for Windows", "switch to Linux containers")
    elif info.get("Architecture") not in ("x86_64", "amd64"):
        get = "docker run --privileged --rm tonistiigi/binfmt --install amd64"
        yield Finding("docker", WARNING, "it has to emulate linux/amd64 for the image", get)
    if ["driver-type", _CONTAINERD] in (info.get("DriverStatus") or []):
        yield Finding(
            "docker",
            WARNING,
            "its containerd store makes OCI manifests, which SageMaker may refuse",
            'set "features": {"containerd-snapshotter": false} in daemon.json, and restart Docker',
        )


def sandbox(missing: str) -> Finding:
    """Look for what `make local` uses instead of Docker: namespaces, by util-linux."""
    probe = ("unshare", "--user", "--map-root-user", "--mount", "--net")
    status, _, err = run(*probe, "setpriv", "--no-new-privs", "true")
    if status == 0:
        return Finding("namespaces", OK, "make local needs no Docker")
    get = "sudo apt-get install util-linux"
    if status != 127:
        get = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or use Docker"
    return Finding("namespaces", missing, f"make local needs Docker: {err}", get)


def pulumi(missing: str) -> Finding:
    """Compare the CLI with the SDK that requirements.in pins."""
    wanted = re.search(r"^pulumi==([\d.]+)", (ROOT / "requirements.in").read_text("utf-8"), re.M)
    least = wanted[1] if wanted else ""
    get = f"install {least} or newer: https://www.pulumi.com/docs/install/"
    status, out, err = run("pulumi", "version")
    if status:
        return Finding("pulumi", missing, err, get)
    version = out.strip().lstrip("v")
    if _numbers(version) < _numbers(least):
        return Finding("pulumi", missing, f"{version} is older than {least}", get)
    return Finding("pulumi", OK, version)


def _numbers(version: str) -> list[int]:
    return [int(each) for each in re.findall(r"\d+", version)[:3]]


def status_of(found: Iterable[Finding]) -> int:
    """Return the exit status: 1 if anything is wrong."""
    return int(any(each.level == WRONG for each in found))


if __name__ == "__main__":
    everything = [*findings(deploys=False)]
    sys.stdout.write("".join(f"{each}\n" for each in everything))
    sys.exit(status_of(everything))
