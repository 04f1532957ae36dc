"""No package gets in that is not exactly the one that was locked."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT
from tests.test_workflows import FILES

LOCKED = [
    path.relative_to(ROOT).as_posix()
    for path in sorted([*ROOT.glob("requirements*.txt"), *ROOT.glob("container/requirements*.txt")])
]
INSTALL = re.compile(r"\bpip\b[^\n&|;]*\binstall\b[^\n&|;]*")
every_file = pytest.mark.parametrize("name", LOCKED)


def text(name: str) -> str:
    """Return a file without comments, and with continued lines in one."""
    joined = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return "\n".join(line for line in joined.splitlines() if not line.lstrip().startswith("#"))


class TestLockFiles:
    def test_are_there_for_each_list_of_what_is_wanted(self) -> None:
        wanted = [*ROOT.glob("requirements*.in"), *ROOT.glob("container/requirements*.in")]
        assert {path.with_suffix(".txt").relative_to(ROOT).as_posix() for path in wanted} == {
            *LOCKED
        }

    @every_file
    def test_have_an_exact_version_and_a_hash_in_each_line(self, name: str) -> None:
        lines = text(name).splitlines()
        assert lines
        for line in lines:
            assert re.fullmatch(
                r"[\w.-]+(\[[\w,-]+\])?==[\w.!+]+( ; [^;]+?)?( +--hash=sha256:[0-9a-f]{64})+ *",
                line,
            ), line

    @every_file
    def test_name_no_place_to_fetch_from(self, name: str) -> None:
        assert not re.search(r"://|--(extra-)?index-url|--find-links", text(name))


class TestEveryInstallation:
    @pytest.mark.parametrize("name", ["Makefile", "container/Dockerfile", "action.yml"])
    def test_accepts_nothing_without_its_hash(self, name: str) -> None:
        found = INSTALL.findall(FILES[name] if name in FILES else text(name))
        assert found
        for command in found:
            assert "--require-hashes" in command, command
            assert "-r " in command, command

    @pytest.mark.parametrize("name", sorted(FILES))
    def test_in_a_workflow_is_with_hashes_or_by_make(self, name: str) -> None:
        commands = INSTALL.findall(FILES[name])
        assert [each for each in commands if "--require-hashes" not in each] == []
        assert not re.search(r"\b(npm|npx|pipx|uvx|curl|wget|apt-get)\b", FILES[name])

    def test_in_the_image_is_of_its_own_list(self) -> None:
        [command] = INSTALL.findall(text("container/Dockerfile"))
        assert command.endswith("-r /tmp/requirements.txt")
        assert "COPY requirements.txt /tmp/requirements.txt" in text("container/Dockerfile")


def test_every_stage_of_the_image_begins_from_one_base_pinned_by_digest() -> None:
    stages = re.findall(r"^FROM (\S+)", text("container/Dockerfile"), re.MULTILINE)
    assert stages
    assert set(stages) == {"${BASE_IMAGE}"}
    assert re.search(
        r"^ARG BASE_IMAGE=[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$",
        text("container/Dockerfile"),
        re.MULTILINE,
    )
