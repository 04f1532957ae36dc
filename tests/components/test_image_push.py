"""What the registry has is used; only what it lacks is built, and pushed by Docker."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import urllib.request
import uuid
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from moto import mock_aws

from components import build_context, image_build, image_push
from components.image_build import ImageError
from components.image_push import DOCKER_MANIFEST, IN_USE, Repository, ensure
from tests.conftest import ACCOUNT, REGION, ROOT
from tests.container.job import TIMEOUT
from tests.container.test_image import docker, engine_answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mypy_boto3_ecr.client import ECRClient

NAME = "p-dev"
URL = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{NAME}"
DOCKER = """#!/bin/sh
printf '%s %s\\n' "$*" "$(cat)" >>"$CALLS"
env | grep -E 'ATTESTATIONS|BUILDKIT' | sort >"$CALLS.env"
if [ "$1" = build ]; then for context; do :; done; ls -l "$context" >"$CALLS.context"; fi
[ "$1" != "$FAILS" ] || { echo "no space left"; exit 3; }
"""


@pytest.fixture
def ecr() -> Iterator[ECRClient]:
    with mock_aws():
        client: ECRClient = cast("Any", boto3).client("ecr", region_name=REGION)
        client.create_repository(
            repositoryName=NAME,
            imageTagMutability="IMMUTABLE_WITH_EXCLUSION",
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": IN_USE}],
        )
        yield client


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a docker on PATH, which does nothing else, was called with."""
    client = tmp_path / "bin" / "docker"
    client.parent.mkdir()
    client.write_text(DOCKER)
    client.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{client.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("FAILS", "nothing")
    monkeypatch.delenv("PIP_CA", raising=False)
    return tmp_path / "calls"


def put(ecr: ECRClient, tag: str, media_type: str = DOCKER_MANIFEST) -> str:
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": {"digest": f"sha256:{uuid.uuid4().hex * 2}", "size": 1},
        "layers": [],
    }
    text = json.dumps(manifest)
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    ecr.put_image(
        repositoryName=NAME,
        imageManifest=text,
        imageManifestMediaType=media_type,
        imageTag=tag,
        imageDigest=digest,
    )
    return digest


def push(ecr: ECRClient, tag: str) -> None:
    put(ecr, tag)


def environment(**more: str) -> dict[str, str]:
    return {"REPOSITORY": URL, "TAG": "new", "CONTEXT": str(ROOT / "container"), **more}


class TestEnsure:
    def test_uses_what_is_there_and_moves_the_mark_of_what_is_in_use(self, ecr: ECRClient) -> None:
        first, second = put(ecr, "a"), put(ecr, "b")
        repository = Repository(URL, ecr)
        for tag, digest in (("a", first), ("b", second), ("b", second), ("a", first)):
            assert ensure(repository, tag, pytest.fail).digest == digest
            assert repository.find(IN_USE) == repository.find(tag)

    def test_pushes_what_is_not_there(self, ecr: ECRClient) -> None:
        found = ensure(Repository(URL, ecr), "new", lambda: push(ecr, "new"))
        assert found == Repository(URL, ecr).find("new")
        assert found.media_type == DOCKER_MANIFEST

    def test_tells_what_kind_of_manifest_it_is(self, ecr: ECRClient) -> None:
        kind = "application/vnd.oci.image.manifest.v1+json"
        put(ecr, "a", kind)
        assert ensure(Repository(URL, ecr), "a", pytest.fail).media_type == kind

    def test_does_not_believe_a_push_that_left_nothing(self, ecr: ECRClient) -> None:
        with pytest.raises(ImageError, match="the registry has no new, though it was pushed"):
            ensure(Repository(URL, ecr), "new", lambda: None)

    def test_another_registry_is_refused(self) -> None:
        with pytest.raises(ImageError, match=r"docker\.io/p is no repository of ECR"):
            Repository("docker.io/p")


class TestTheCommand:
    def test_prints_the_image_and_needs_no_docker_for_one_that_is_there(
        self,
        ecr: ECRClient,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        tmp_path: Path,
    ) -> None:
        digest = put(ecr, "new")
        monkeypatch.setenv("PATH", str(tmp_path))
        assert image_push.main(environment()) == 0
        assert json.loads(capsys.readouterr().out) == {
            "digest": digest,
            "media_type": DOCKER_MANIFEST,
        }

    @pytest.mark.usefixtures("ecr")
    def test_builds_logs_in_and_pushes_what_is_not(
        self, calls: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert image_push.main(environment(BASE_IMAGE="debian:13-slim")) == 1
        build, login, pushed = calls.read_text().splitlines()
        options = f"build --platform linux/amd64 --build-arg BASE_IMAGE=debian:13-slim --tag {URL}:"
        assert build.startswith(options)
        user = f"login --username AWS --password-stdin {URL.partition('/')[0]} "
        assert login.startswith(user)
        assert len(login) > len(user), "the password goes by stdin, which nobody sees in `ps`"
        assert pushed == f"push {URL}:new "
        assert "the registry has no new" in capsys.readouterr().err

    @pytest.mark.usefixtures("ecr")
    def test_builds_from_a_copy_that_is_the_same_on_every_machine(self, calls: Path) -> None:
        image_push.main(environment())
        listed = calls.with_suffix(".context").read_text().splitlines()[1:]
        top = {path.parts[0] for path in build_context.files(ROOT / "container")}
        assert {line.split()[-1] for line in listed} == top
        assert {line[1:10] for line in listed} == {"rwxr-xr-x"}
        assert calls.with_suffix(".env").read_text().splitlines() == [
            *("BUILDX_NO_DEFAULT_ATTESTATIONS=1", "DOCKER_BUILDKIT=1")
        ]

    @pytest.mark.usefixtures("ecr")
    @pytest.mark.parametrize("fails", ["build", "login", "push"])
    def test_shows_what_docker_said_when_it_fails(
        self,
        calls: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
        fails: str,
    ) -> None:
        monkeypatch.setenv("FAILS", fails)
        assert image_push.main(environment()) == 1
        told = capsys.readouterr()
        assert f"docker {fails} ended with 3:\nno space left" in told.err
        assert told.out == ""
        assert calls.read_text().splitlines()[-1].startswith(fails)

    @pytest.mark.usefixtures("ecr")
    def test_says_so_where_there_is_no_docker(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        assert image_push.main(environment()) == 1
        assert "there is no docker on PATH, and the image is to be built" in capsys.readouterr().err

    @pytest.mark.usefixtures("ecr")
    def test_says_what_aws_said_without_a_traceback(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert image_push.main(environment(REPOSITORY=f"{URL}-other")) == 1
        assert capsys.readouterr().err.startswith("An error occurred (RepositoryNotFoundException)")


def test_a_real_engine_builds_and_pushes_what_sagemaker_takes(tmp_path: Path) -> None:
    registry = os.environ.get("REGISTRY")
    if not registry or not engine_answers():
        pytest.skip("no Docker engine answers, or REGISTRY is not set")
    (tmp_path / "Dockerfile").write_text("ARG BASE_IMAGE\nFROM scratch\nCOPY Dockerfile /\n")
    repository, tag = f"push-test-{uuid.uuid4().hex}", "1"
    name = f"{registry}/{repository}:{tag}"
    image_build.build(tmp_path, name, {"BASE_IMAGE": "x"})
    try:
        image_build.push(name, ("AWS", "password"))
    finally:
        docker("rmi", "--force", name, check=False)
        docker("logout", registry, check=False)
    url = f"http://{registry}/v2/{repository}/manifests/{tag}"
    kinds = f"{DOCKER_MANIFEST}, application/vnd.oci.image.manifest.v1+json"
    request = urllib.request.Request(url, headers={"Accept": kinds})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - http
        assert answer.headers["Content-Type"] == DOCKER_MANIFEST
