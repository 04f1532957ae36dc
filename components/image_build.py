"""Docker's part of the image: builds a context, and pushes what came of it."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PLATFORM = "linux/amd64"
"""No instance type of SageMaker Processing has another processor."""

_NO_ATTESTATION = {"DOCKER_BUILDKIT": "1", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
"""With an attestation the tag would be an index of images, not an image."""


class ImageError(Exception):
    """The image could be neither found nor made; says why and what to do."""


def build(context: Path, name: str, args: Mapping[str, str]) -> None:
    """Build a context with Docker and name the image."""
    _docker(*build_arguments(args), "--tag", name, str(context))


def build_arguments(args: Mapping[str, str]) -> list[str]:
    """Return what every `docker build` of the image is given, apart from context and name."""
    command = ["build", "--platform", PLATFORM]
    for key, value in args.items():
        command += ["--build-arg", f"{key}={value}"]
    if authorities := os.environ.get("PIP_CA"):
        command += ["--secret", f"id=pip_ca,src={authorities}"]
    return command


def push(name: str, login: tuple[str, str]) -> None:
    """Push an image that Docker has to the registry that its name begins with."""
    user, password = login
    registry = name.partition("/")[0]
    _docker("login", "--username", user, "--password-stdin", registry, stdin=password)
    _docker("push", name)


def _docker(*command: str, stdin: str = "") -> None:
    try:
        done = subprocess.run(
            ["docker", *command],
            env={**os.environ, **_NO_ATTESTATION},
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise ImageError("there is no docker on PATH, and the image is to be built") from None
    if done.returncode:
        raise ImageError(f"docker {command[0]} ended with {done.returncode}:\n{done.stdout}")
