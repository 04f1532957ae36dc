"""What `make local` hands over, whatever its variables hold."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = 'it\'s "a" $HOME $(x) $$ `b` \\ # *;\n-'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A directory with the Makefile, set up, and a Python that tells its arguments."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements-dev.txt").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / "installed").touch()
    return tmp_path


def handed_over(project: Path, *variables: str) -> list[str]:
    command = ["make", "--silent", "local", *variables]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return done.stdout.split("\0")[2:-1]


class TestMakeLocal:
    def test_hands_over_nothing_that_was_not_given(self, project: Path) -> None:
        assert handed_over(project) == []

    @pytest.mark.parametrize("name", ["INPUT", "SCRIPT", "SLOT", "SCHEDULE", "ENGINE"])
    def test_hands_over_every_character(self, project: Path, name: str) -> None:
        assert handed_over(project, f"{name}={HOSTILE}") == [f"--{name.lower()}={HOSTILE}"]

    def test_takes_faults_as_words_and_any_keep_as_yes(self, project: Path) -> None:
        found = handed_over(project, "FAULT=capacity  * it's", "KEEP=$x")
        assert found == ["--fault=capacity", "--fault=*", "--fault=it's", "--keep"]
