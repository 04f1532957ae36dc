"""Asks an image's registry for the digest of its tag, through the Docker engine's own login."""

from __future__ import annotations

import re
import subprocess

from ops.errors import OpsError

_PLATFORM = "linux/amd64"
"""No instance type of SageMaker Processing has another processor."""

# https://docs.docker.com/reference/cli/docker/image/pull/: printed when all is there. Of an image
# for several platforms it is the digest of their index. RepoDigests will not do: they also keep
# digests that the tag had before.
_DIGEST = re.compile(r"^Digest: (sha256:[0-9a-f]{64})$", re.MULTILINE)


def digest(image: str) -> str:
    """Pull an image, and return the digest that its registry has for the tag right now.

    Args:
        image: its name with a tag.

    Raises:
        OpsError: no engine answers, the registry does not give the image, it is for another
            processor, or it came from no registry.
    """
    pulled = _docker("pull", "--platform", _PLATFORM, image)
    if pulled.returncode:
        raise OpsError(_refusal(image, _last_line(pulled.stderr)))
    found = _DIGEST.search(pulled.stdout)
    if not found:
        raise OpsError(f"docker pull {image} told no digest: {_last_line(pulled.stdout)}")
    # Of an image for one platform alone, any is pulled, whatever was asked for.
    platform = _docker("image", "inspect", "--format", "{{.Os}}/{{.Architecture}}", image)
    if platform.stdout.strip() != _PLATFORM:
        raise OpsError(
            f"{image} is for {platform.stdout.strip() or 'an unknown platform'}, and SageMaker "
            f"Processing has {_PLATFORM} only: name another image"
        )
    return found[1]


def _refusal(image: str, said: str) -> str:
    """Return why an image could not be pulled, with the way out."""
    engine = _docker("version", "--format", "{{.Server.Version}}")
    if engine.returncode:
        return f"The Docker engine does not answer ({_last_line(engine.stderr)}); start it"
    refused = f"{image} cannot be had from its registry ({said})"
    here = _docker("image", "inspect", "--format", "{{json .RepoDigests}}", image)
    # The engine leaves Docker Hub's own names out.
    name = image.rpartition(":")[0].removeprefix("docker.io/").removeprefix("library/")
    if here.returncode == 0 and f'"{name}@' not in here.stdout:
        return (
            f"{refused}. This engine has it, but not from there: it was built, imported or tagged "
            "here, and has no digest. Push it to a registry, and name it there"
        )
    return f"{refused}. Check name, network and docker login"


def _docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["docker", *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise OpsError(
            "There is no docker on PATH, through which the registry is asked; install Docker"
        ) from None


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
