"""`python -m components.image_push`: makes the registry have the image of the build context.

Pulumi runs this as a command (components/image.py) when the tag changes. What the registry has is
used as it is, since a tag is made of all that the build reads; only what it lacks does Docker build
and push. So a rollback runs the very image that ran then, and a deployment that broke off after
its push goes on from there. Prints the image as JSON: `digest` and `media_type`.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from components import build_context
from components.image_build import ImageError, build, push

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ecr.client import ECRClient

IN_USE = "in-use"
"""Moves to the image that was deployed last; the repository's lifecycle never expires that one."""

_URL = re.compile(r"(?P<account>\d{12})\.dkr[.-]ecr\.(?P<region>[\w-]+)\.[\w.]+/(?P<name>.+)")
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
"""The one media type that SageMaker is known to take."""


@dataclass(frozen=True)
class Pushed:
    """An image of the registry."""

    digest: str
    media_type: str
    """Of its manifest."""


class Repository:
    """One repository of ECR."""

    def __init__(self, url: str, client: ECRClient | None = None) -> None:
        """Find the repository by its URL, `<account>.dkr.ecr.<region>.amazonaws.com/<name>`."""
        found = _URL.fullmatch(url)
        if not found:
            raise ImageError(f"{url} is no repository of ECR")
        self._name = found["name"]
        self._ecr = client or boto3.client("ecr", region_name=found["region"])

    def find(self, tag: str) -> Pushed | None:
        """Return the image with that tag."""
        try:
            [image] = self._ecr.describe_images(
                repositoryName=self._name, imageIds=[{"imageTag": tag}]
            )["imageDetails"]
        except self._ecr.exceptions.ImageNotFoundException:
            return None
        return Pushed(image.get("imageDigest", ""), image.get("imageManifestMediaType", ""))

    def move(self, tag: str, image: Pushed) -> None:
        """Let a tag mean that image and no other."""
        if self.find(tag) == image:
            return
        [found] = self._ecr.batch_get_image(
            repositoryName=self._name, imageIds=[{"imageDigest": image.digest}]
        )["images"]
        self._ecr.put_image(
            repositoryName=self._name,
            imageManifest=found.get("imageManifest", ""),
            imageManifestMediaType=image.media_type,
            imageTag=tag,
        )

    def login(self) -> tuple[str, str]:
        """Return the user and password that Docker pushes with; good for 12 hours."""
        [data] = self._ecr.get_authorization_token()["authorizationData"]
        user, _, password = (
            base64.b64decode(data.get("authorizationToken", "")).decode().partition(":")
        )
        return user, password


def ensure(repository: Repository, tag: str, push: Callable[[], None]) -> Pushed:
    """Return the image with that tag, which is in use from now on.

    Args:
        repository: where it is, or is to be.
        tag: made of all that the build reads.
        push: builds the image and pushes it under that tag; called only if the registry lacks it.

    Raises:
        ImageError: it was pushed, and is not there.
    """
    image = repository.find(tag)
    if not image:
        push()
        image = repository.find(tag)
    if not image:
        raise ImageError(f"the registry has no {tag}, though it was pushed: look at its policies")
    repository.move(IN_USE, image)
    return image


def build_args(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the build's arguments, of which the Dockerfile has defaults."""
    return {key: environment[key] for key in ("BASE_IMAGE",) if key in environment}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - Pulumi shows it while it waits


def main(environment: Mapping[str, str]) -> int:
    """Do what the environment says: REPOSITORY, TAG, CONTEXT, and perhaps BASE_IMAGE."""
    url, tag = environment["REPOSITORY"], environment["TAG"]
    name = f"{url}:{tag}"

    def build_and_push() -> None:
        _say(f"building {name}")
        with tempfile.TemporaryDirectory() as scratch:
            context = Path(scratch, "context")
            build_context.copy(Path(environment["CONTEXT"]), context)
            build(context, name, build_args(environment))
        _say(f"pushing {name}")
        push(name, repository.login())

    try:
        repository = Repository(url)
        image = ensure(repository, tag, build_and_push)
    except (ImageError, BotoCoreError, ClientError) as error:
        _say(str(error))
        return 1
    print(json.dumps(asdict(image)))  # noqa: T201 - what Pulumi reads
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
