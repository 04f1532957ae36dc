"""No package gets in that is not exactly the one that was locked."""

import re
from fnmatch import fnmatch
from typing import Any

import pytest
import yaml

from tests.checkout import listed
from tests.conftest import ROOT
from tests.test_workflows import FILES


def lists(kind: str) -> list[str]:
    """Return the lists of packages that this repository has, as `in` or locked as `txt`."""
    return listed(f"requirements*.{kind}")


LOCKED = lists("txt")
INSTALL = re.compile(r"\bpip\b[^\n&|;]*\binstall\b[^\n&|;]*")
every_file = pytest.mark.parametrize("name", LOCKED)


def text(name: str) -> str:
    """Return a file without comments, and with continued lines in one."""
    joined = (ROOT / name).read_text("utf-8").replace("\\\n", " ")
    return "\n".join(line for line in joined.splitlines() if not line.lstrip().startswith("#"))


class TestLockFiles:
    def test_are_there_for_each_list_of_what_is_wanted(self) -> None:
        wanted = {name.removesuffix(".in") for name in lists("in")}
        assert {f"{name}.txt" for name in wanted} == {*LOCKED}
        [compiled] = re.findall(r"for name in (.*?); do", text("Makefile"))
        assert {*compiled.split()} == wanted

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
        assert "COPY scripts/requirements.tx[t] /tmp/" in text("container/Dockerfile")


def test_every_stage_of_the_image_begins_from_one_base_pinned_by_digest() -> None:
    pinned, *stages = re.findall(r"^FROM (.+)", text("container/Dockerfile"), re.MULTILINE)
    assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64} AS pinned", pinned)
    assert stages
    assert {stage.split()[0] for stage in stages} == {"${BASE_IMAGE}"}
    assert "ARG BASE_IMAGE=pinned\n" in text("container/Dockerfile")


class TestUpdates:
    UPDATES: Any = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))

    def test_come_weekly_in_one_pull_request_for_each_kind(self) -> None:
        assert self.UPDATES["version"] == 2
        for each in self.UPDATES["updates"]:
            assert each["schedule"] == {"interval": "weekly"}
            assert [group["patterns"] for group in each["groups"].values()] == [["*"]]

    @pytest.mark.parametrize(
        ("kind", "pattern"),
        [
            ("uv", "requirements*.in"),
            ("docker", "Dockerfile"),
            ("github-actions", "action.yml"),
        ],
    )
    def test_reach_every_file_that_names_versions(self, kind: str, pattern: str) -> None:
        [update] = [each for each in self.UPDATES["updates"] if each["package-ecosystem"] == kind]
        folders = update.get("directories") or [update["directory"]]
        found = {f"/{name.rpartition('/')[0]}" for name in listed(pattern)}
        assert found
        for each in found:
            assert any(fnmatch(each, folder) for folder in folders), each
