"""`ops base-image` with a docker whose answers a test writes; tests/container asks a real one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ops.__main__ import main

DIGEST, OLD_DIGEST = f"sha256:{'ab' * 32}", f"sha256:{'cd' * 32}"
IMAGE = "example.org/debian:12-slim"
PULLED = (
    f"12-slim: Pulling from debian\nDigest: {DIGEST}\nStatus: Downloaded newer image\n{IMAGE}\n"
)
FAKE = """#!/bin/sh
here=$(dirname "$0")
echo "$*" >>"$here/calls"
cat "$here/$1.out"
cat "$here/$1.err" >&2
exit "$(cat "$here/$1.status")"
"""


class Docker:
    """A docker on PATH that answers what a test says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "docker").write_text(FAKE)
        (folder / "docker").chmod(0o755)
        self.answer("pull", PULLED)
        self.answer("image", "linux/amd64\n")
        self.answer("version", "28.0.0\n")

    def answer(self, command: str, out: str = "", err: str = "", status: int = 0) -> None:
        for kind, text in {"out": out, "err": err, "status": str(status)}.items():
            (self._folder / f"{command}.{kind}").write_text(text)

    def refuse(self, said: str) -> None:
        self.answer("pull", err=f"Error response from daemon: {said}\n", status=1)

    @property
    def pulled(self) -> list[str]:
        lines = (self._folder / "calls").read_text().splitlines()
        return [line for line in lines if line.startswith("pull")]


@pytest.fixture
def docker(project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: Any) -> Docker:
    (project / "container").mkdir()
    (project / "container" / "Dockerfile").write_text(f"ARG BASE_IMAGE={IMAGE}\n")
    folder = tmp_path_factory.mktemp("bin")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return Docker(folder)


def setting(project: Path, image: str, stack: str = "prod") -> None:
    """Set the stack's base_image."""
    file = project / f"Pulumi.{stack}.yaml"
    file.write_text(f"{file.read_text()}  sagemaker-processing:base_image: {image}\n")


def ask(capture: Any, *arguments: str, stack: str = "prod") -> tuple[int, str, str]:
    status = main(["base-image", "--stack", stack, *arguments])
    return status, *capture.readouterr()


class TestReference:
    def test_is_shown_with_the_line_that_pins_it(self, docker: Docker, capsys: Any) -> None:
        status, out, _ = ask(capsys)
        assert status == 0
        assert out.splitlines() == [
            f"{IMAGE}@{DIGEST}",
            f"Stack prod has {IMAGE}, without a digest. To pin it:",
            f"pulumi config set --stack prod base_image {IMAGE}@{DIGEST}",
        ]
        assert docker.pulled == [f"pull --platform linux/amd64 {IMAGE}"]

    def test_is_of_the_setting_if_there_is_one(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        setting(project, "mirror.example:5000/debian:13")
        assert "base_image mirror.example:5000/debian:13@" in ask(capsys)[1]
        assert docker.pulled == ["pull --platform linux/amd64 mirror.example:5000/debian:13"]

    def test_is_of_the_argument_before_all(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        setting(project, f"{IMAGE}@{DIGEST}")
        _, out, _ = ask(capsys, "ubuntu:24.04")
        assert out.startswith(f"ubuntu:24.04@{DIGEST}\nStack prod has another image: {IMAGE}@")
        assert docker.pulled == ["pull --platform linux/amd64 ubuntu:24.04"]

    def test_has_the_tag_that_docker_adds(self, docker: Docker, capsys: Any) -> None:
        _, out, _ = ask(capsys, "debian")
        assert out.startswith(f"debian:latest@{DIGEST}\nStack prod has another image: {IMAGE}. To")
        assert docker.pulled == ["pull --platform linux/amd64 debian:latest"]

    def test_is_current_if_the_setting_has_the_digest(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        setting(project, f"{IMAGE}@{DIGEST}")
        assert ask(capsys)[1] == f"{IMAGE}@{DIGEST}\nStack prod has it already.\n"
        assert docker.pulled == [f"pull --platform linux/amd64 {IMAGE}"]

    def test_shows_that_the_setting_is_behind(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        setting(project, f"{IMAGE}@{OLD_DIGEST}")
        status, out, _ = ask(capsys)
        assert status == 0
        assert f"Stack prod is behind, with {IMAGE}@{OLD_DIGEST}. To take the new one:" in out
        assert out.endswith(f"base_image {IMAGE}@{DIGEST}\n")
        assert docker.pulled == [f"pull --platform linux/amd64 {IMAGE}"]

    def test_of_json_is_one_document(self, docker: Docker, capsys: Any) -> None:
        _, out, _ = ask(capsys, "--json")
        assert json.loads(out) == {
            "reference": f"{IMAGE}@{DIGEST}",
            "base_image": IMAGE,
            "state": "not pinned",
            "command": f"pulumi config set --stack prod base_image {IMAGE}@{DIGEST}",
        }
        assert docker.pulled

    def test_can_be_had_for_the_local_stack_that_does_not_run(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        setting(project, "debian:12-slim", "local")
        status, out, _ = ask(capsys, stack="local")
        assert status == 0
        assert f"pulumi config set --stack local base_image debian:12-slim@{DIGEST}" in out
        assert docker.pulled == ["pull --platform linux/amd64 debian:12-slim"]


class TestRefusal:
    @pytest.mark.parametrize(
        ("image", "words"),
        [
            (f"debian@{DIGEST}", "base-image debian:TAG"),
            ("debian:", "is no image"),
            ("Not an image", "is no image"),
        ],
    )
    def test_of_what_has_no_tag_to_look_up_is_status_2(
        self, docker: Docker, capsys: Any, image: str, words: str
    ) -> None:
        del docker
        status, out, err = ask(capsys, image)
        assert (status, out) == (2, "")
        assert words in err

    def test_without_a_default_to_pin_asks_for_an_image(
        self, project: Path, docker: Docker, capsys: Any
    ) -> None:
        del docker
        (project / "container" / "Dockerfile").write_text("FROM scratch\n")
        status, _, err = ask(capsys)
        assert status == 1
        assert "base-image IMAGE --stack prod" in err

    def test_without_docker_says_what_to_install(
        self, docker: Docker, capsys: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del docker
        monkeypatch.setenv("PATH", str(tmp_path))
        status, _, err = ask(capsys)
        assert status == 1
        assert "There is no docker on PATH" in err

    def test_without_an_engine_says_so(self, docker: Docker, capsys: Any) -> None:
        docker.refuse("x")
        docker.answer("version", err="Cannot connect to the Docker daemon\n", status=1)
        status, out, err = ask(capsys)
        assert (status, out) == (1, "")
        assert "engine does not answer (Cannot connect to the Docker daemon); start it" in err

    @pytest.mark.parametrize(
        "said", ["manifest unknown", "dial tcp: lookup example.org: no such host"]
    )
    def test_of_the_registry_is_told_with_what_to_check(
        self, docker: Docker, capsys: Any, said: str
    ) -> None:
        docker.refuse(said)
        docker.answer("image", err="No such image", status=1)
        status, out, err = ask(capsys)
        assert (status, out) == (1, "")
        assert f"{IMAGE} cannot be had from its registry" in err
        assert said in err
        assert "Check name, network and docker login" in err

    @pytest.mark.parametrize("digests", [[], ["elsewhere.example/debian@sha256:12"]])
    def test_of_an_image_that_is_only_here_says_that_it_has_no_digest(
        self, docker: Docker, capsys: Any, digests: list[str]
    ) -> None:
        docker.refuse("no such host")
        docker.answer("image", json.dumps(digests))
        status, _, err = ask(capsys)
        assert status == 1
        assert "and has no digest. Push it to a registry" in err

    def test_never_falls_back_on_a_digest_of_an_earlier_pull(
        self, docker: Docker, capsys: Any
    ) -> None:
        docker.refuse("no such host")
        docker.answer("image", json.dumps([f"debian@{OLD_DIGEST}"]))
        status, out, err = ask(capsys, "docker.io/library/debian:12")
        assert (status, out) == (1, "")
        assert "Check name, network and docker login" in err
        assert OLD_DIGEST not in err

    def test_of_an_answer_without_a_digest_is_no_guess(self, docker: Docker, capsys: Any) -> None:
        docker.answer("pull", f"Digest: sha256:12\n{IMAGE}\n")
        status, out, err = ask(capsys)
        assert (status, out) == (1, "")
        assert "told no digest" in err

    def test_of_another_processor_names_the_one_that_there_is(
        self, docker: Docker, capsys: Any
    ) -> None:
        docker.answer("image", "linux/arm64\n")
        status, _, err = ask(capsys)
        assert status == 1
        assert f"{IMAGE} is for linux/arm64, and SageMaker Processing has linux/amd64 only" in err
