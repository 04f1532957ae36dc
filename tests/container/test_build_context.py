"""The folder that becomes the image; its content decides the image's tag."""

import os
import re
from pathlib import Path

import pytest

from components import build_context
from tests.container.job import CONTAINER
from tests.container.test_image import docker, engine_answers

PINNED = re.compile(r"^([\w.-]+==[^\s;\\]+)", re.MULTILINE)


class TestThePythonPackages:
    def test_that_users_ask_for_are_the_ones_that_are_installed(self) -> None:
        asked = PINNED.findall((CONTAINER / "scripts" / "requirements.in").read_text())
        locked = PINNED.findall((CONTAINER / "scripts" / "requirements.txt").read_text())
        assert asked
        assert set(asked) <= set(locked), "run `make lock`"

    def test_are_asked_for_in_exact_versions(self) -> None:
        lines = (CONTAINER / "scripts" / "requirements.in").read_text().splitlines()
        asked = [line for line in lines if line and not line.startswith("#")]
        assert [line for line in asked if not PINNED.match(line)] == []


class TestTheFiles:
    def test_do_not_change_by_running_them(self) -> None:
        assert list(CONTAINER.rglob("__pycache__")) == []

    def test_that_are_run_can_be_run(self) -> None:
        scripts = ("scripts/process_data.sh", "scripts/to_parquet")
        run = ["bin/entrypoint.py", "bin/send_metric", *scripts]
        assert [name for name in run if not (CONTAINER / name).stat().st_mode & 0o100] == []


@pytest.fixture
def engine() -> None:
    if not engine_answers():
        pytest.skip("no Docker engine answers `docker info`")


@pytest.mark.usefixtures("engine")
def test_a_copy_is_the_same_to_docker_under_any_umask(tmp_path: Path) -> None:
    """Docker's cache tells: its key is made of names, contents and modes."""
    images: list[str] = []
    for umask in (0o022, 0o077):
        folder, copy = tmp_path / f"{umask:o}", tmp_path / f"copy-{umask:o}"
        before = os.umask(umask)
        try:
            (folder / "bin").mkdir(parents=True)
            (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
            (folder / "bin" / "tool").write_text(f"{tmp_path}\n")
            build_context.copy(folder, copy)
        finally:
            os.umask(before)
        images.append(docker("build", "--quiet", str(copy)).stdout.strip())
    docker("rmi", "--force", *images)
    assert images[0] == images[1]
