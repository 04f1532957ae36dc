"""The folder that becomes the image; its content decides the image's tag."""

from __future__ import annotations

import re

from tests.container.job import CONTAINER

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
        run = ["entrypoint.sh", "bin/relay_output", "bin/send_metric", *scripts]
        assert [name for name in run if not (CONTAINER / name).stat().st_mode & 0o100] == []
