"""The folder that becomes the image; its content decides the image's tag."""

from __future__ import annotations

import re

from tests.container.job import CONTAINER

PINNED = re.compile(r"^([\w.-]+==[^\s;\\]+)", re.MULTILINE)


class TestThePythonPackages:
    def test_that_users_ask_for_are_the_ones_that_are_installed(self) -> None:
        asked = PINNED.findall((CONTAINER / "requirements.in").read_text())
        locked = PINNED.findall((CONTAINER / "requirements.txt").read_text())
        assert asked
        assert set(asked) <= set(locked), "run `make lock`"

    def test_are_asked_for_in_exact_versions(self) -> None:
        lines = (CONTAINER / "requirements.in").read_text().splitlines()
        asked = [line for line in lines if line and not line.startswith("#")]
        assert [line for line in asked if not PINNED.match(line)] == []


class TestTheFiles:
    def test_do_not_change_by_running_them(self) -> None:
        assert list(CONTAINER.rglob("__pycache__")) == []

    def test_that_are_run_can_be_run(self) -> None:
        commands = ("csv_to_parquet", "relay_output", "send_metric")
        run = ["entrypoint.sh", "process_data.sh", *(f"bin/{name}" for name in commands)]
        assert [name for name in run if not (CONTAINER / name).stat().st_mode & 0o100] == []
