"""The base image's digest as a real registry has it, and a build that begins from it."""

from __future__ import annotations

import json
import os
import urllib.request
import uuid
from typing import TYPE_CHECKING

import pytest

from local.engines.docker import DockerEngine
from ops import registry
from ops.errors import OpsError
from tests.container.job import TIMEOUT
from tests.container.test_image import MANIFEST, docker, engine_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from pathlib import Path

REGISTRY = os.environ.get("REGISTRY", "")
DIGEST = "Docker-Content-Digest"
INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"

pytestmark = [
    pytest.mark.skipif(not engine_answers(), reason="no Docker engine answers `docker info`"),
    pytest.mark.skipif(not REGISTRY, reason="REGISTRY is not set"),
]


@pytest.fixture
def image(tmp_path: Path) -> Iterator[str]:
    """An image that is only in this engine."""
    yield from made(tmp_path, "linux/amd64")


def made(folder: Path, platform: str) -> Iterator[str]:
    name = f"{REGISTRY}/base-image-test-{uuid.uuid4().hex}:1"
    (folder / "Dockerfile").write_text(f"FROM scratch\nCOPY . /{uuid.uuid4().hex}\n")
    docker("build", "--platform", platform, "--tag", name, str(folder))
    yield name
    docker("rmi", "--force", name, check=False)


def at_the_registry(image: str, *, kind: str = MANIFEST, put: bytes | None = None) -> Message:
    """Return what the registry says of a tag, after giving it a manifest, if there is one."""
    repository, _, tag = image.removeprefix(f"{REGISTRY}/").partition(":")
    request = urllib.request.Request(
        f"http://{REGISTRY}/v2/{repository}/manifests/{tag}",
        headers={"Accept": kind, "Content-Type": kind},
        data=put,
        method="PUT" if put else "HEAD",
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - http
        return answer.headers


def make_index(image: str) -> str:
    """Let the tag mean an index of platforms, of which one has the image; return its digest."""
    own = at_the_registry(image)
    manifest = {
        "mediaType": MANIFEST,
        "size": int(own["Content-Length"]),
        "digest": own[DIGEST],
        "platform": {"architecture": "amd64", "os": "linux"},
    }
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [manifest]}
    return at_the_registry(image, kind=INDEX, put=json.dumps(index).encode())[DIGEST]


class TestDigest:
    def test_is_the_one_that_the_registry_has(self, image: str) -> None:
        docker("push", image)
        assert registry.digest(image) == at_the_registry(image)[DIGEST]

    def test_of_an_image_for_several_platforms_is_that_of_their_index(self, image: str) -> None:
        docker("push", image)
        own = registry.digest(image)
        whole = make_index(image)
        assert registry.digest(image) == whole != own

    def test_of_an_image_that_is_only_here_is_refused(self, image: str) -> None:
        with pytest.raises(OpsError, match="cannot be had from its registry"):
            registry.digest(image)

    def test_of_another_processors_image_is_refused(self, tmp_path: Path) -> None:
        for image in made(tmp_path, "linux/arm64"):
            docker("push", image)
            with pytest.raises(OpsError, match="is for linux/arm64"):
                registry.digest(image)

    @pytest.mark.parametrize("index", [False, True])
    def test_is_what_a_build_begins_from_whatever_the_tag_says_by_then(
        self, image: str, tmp_path: Path, *, index: bool
    ) -> None:
        docker("push", image)
        digest = registry.digest(image)
        if index:
            digest = make_index(image)
        layers = docker("image", "inspect", "--format", "{{.RootFS.Layers}}", image).stdout
        docker("rmi", "--force", image)
        for other in made(tmp_path, "linux/amd64"):
            docker("tag", other, image)
            docker("push", image)
        docker("rmi", "--force", image)
        (tmp_path / "Dockerfile").write_text(
            "ARG BASE_IMAGE=scratch\nFROM ${BASE_IMAGE}\nLABEL a=b\n"
        )
        reference = f"{image}@{digest}"
        built = DockerEngine().build(tmp_path, "Dockerfile", {"BASE_IMAGE": reference})
        found = docker("image", "inspect", "--format", "{{.RootFS.Layers}}", built).stdout
        docker("rmi", "--force", built)
        assert found == layers
