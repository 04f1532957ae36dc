"""What `make local` hands over, whatever its variables hold, and what `make lint` runs."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from local.run.command_line import parser
from tests.conftest import ROOT

pytestmark = pytest.mark.local
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

    @pytest.mark.parametrize("name", ["INPUT", "REFERENCE", "SCRIPT", "SLOT", "SCHEDULE", "ENGINE"])
    def test_hands_over_every_character(self, project: Path, name: str) -> None:
        assert handed_over(project, f"{name}={HOSTILE}") == [f"--{name.lower()}={HOSTILE}"]

    def test_refuses_a_name_that_it_would_not_hand_over(self, project: Path) -> None:
        command = ["make", "local", "SCRPIT=my.sh", "INPUT=x", "PYTHON=python3"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert (done.returncode, "\0" in done.stdout) == (2, False)
        assert "KEEP, and no SCRPIT" in done.stderr

    def test_takes_keep_no_for_an_answer(self, project: Path) -> None:
        assert handed_over(project, "KEEP=no") == []

    def test_takes_faults_as_words_and_any_other_keep_as_yes(self, project: Path) -> None:
        found = handed_over(project, "FAULT=capacity  * it's", "KEEP=$x")
        assert found == ["--fault=capacity", "--fault=*", "--fault=it's", "--keep"]


class TestLinters:
    def test_are_the_same_in_make_and_before_a_commit(self) -> None:
        recipe = (ROOT / "Makefile").read_text("utf-8").split("\nlint: ")[1].split("\n\n")[0]
        hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
        entries = "\n".join(hook["entry"] for repo in hooks for hook in repo["hooks"])
        in_make = re.findall(r"^.*?\$\(BIN\)/([\w-]+(?: format| check)?)", recipe, re.MULTILINE)
        in_hooks = re.findall(r"^.*?\.venv/bin/([\w-]+(?: format| check)?)", entries, re.MULTILINE)
        assert in_make
        assert in_hooks == in_make
        assert {repo["repo"] for repo in hooks} == {"local"}, "a version would stand twice"

    def test_takes_every_flag_of_the_local_run(self) -> None:
        flags = set(re.findall(r"--(\w+)", parser().format_usage()))
        makefile = (ROOT / "Makefile").read_text("utf-8")
        variables = re.findall(r"\{GIVEN_(\w+):\+[^}]*?--(\w+)", makefile)
        assert dict(variables) == {flag.upper(): flag for flag in flags}


def test_help_lists_what_people_run_in_one_line_each(project: Path) -> None:
    done = subprocess.run(["make"], cwd=project, capture_output=True, text=True, check=True)
    words = [line.split()[0] for line in done.stdout.splitlines()]
    for target in ("unit", "test", "check", "local", "engine"):
        assert words.count(target) == 1
