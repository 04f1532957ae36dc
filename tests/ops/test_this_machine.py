"""What the machine is said to have, by recorded answers of its tools."""

import ast
import json
import subprocess
import sys
from typing import Any

import pytest

from ops import this_machine
from ops.this_machine import OK, WARNING, WRONG, Finding
from tests.conftest import ROOT

ENGINE: dict[str, Any] = {
    "ServerVersion": "29.1.0",
    "OSType": "linux",
    "Architecture": "x86_64",
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"]],
}
CONTAINERD = {"DriverStatus": [["driver-type", "io.containerd.snapshotter.v1"]]}
DOWN = {"ServerVersion": "", "ServerErrors": ["Cannot connect to the Docker daemon"]}
Answer = tuple[int, str, str]
NOT_THERE: Answer = (127, "", "it is not on PATH")


class Tools:
    """The tools on PATH."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {
            "git": (0, "git version 2.39.5\n", ""),
            "docker": (0, json.dumps(ENGINE), ""),
            "unshare": (0, "", ""),
            "pulumi": (0, "v3.274.1\n", ""),
        }

    def run(self, *command: str) -> Answer:
        return self.answers[command[0]]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    made = Tools()
    monkeypatch.setattr(this_machine, "run", made.run)
    return made


def found(about: str, *, deploys: bool = False) -> list[Finding]:
    return [each for each in this_machine.findings(deploys=deploys) if each.about == about]


def level(about: str, *, deploys: bool = False) -> str:
    return found(about, deploys=deploys)[-1].level


class TestTheWholeMachine:
    def test_is_well_where_everything_is_there(self, tools: Tools) -> None:
        del tools
        everything = [*this_machine.findings(deploys=False)]
        assert {each.level for each in everything} == {OK}
        assert this_machine.status_of(everything) == 0

    def test_every_problem_has_its_way_out_and_is_wrong_or_a_warning(self, tools: Tools) -> None:
        tools.answers = dict.fromkeys(tools.answers, NOT_THERE)
        everything = [*this_machine.findings(deploys=True)]
        bad = [each for each in everything if each.level != OK]
        assert {each.about for each in bad} >= {"git", "docker", "pulumi"}
        assert all(each.way_out for each in bad)
        assert this_machine.status_of(everything) == 1

    def test_is_told_by_pythons_that_are_too_old_for_the_rest(self) -> None:
        for file in ("this_machine", "__init__"):
            ast.parse((ROOT / "ops" / f"{file}.py").read_text("utf-8"), feature_version=(3, 8))


def test_an_old_python_or_one_without_venv_is_wrong() -> None:
    assert this_machine.python((3, 13), venv=True).level == OK
    assert this_machine.python((3, 9), venv=True).way_out == "make setup PYTHON=python3.13"
    assert "python3.12-venv" in this_machine.python((3, 12), venv=False).way_out


class TestDocker:
    @pytest.mark.parametrize("answer", [NOT_THERE, (0, json.dumps(DOWN), "")])
    def test_that_does_not_answer_is_wrong_only_where_it_is_needed(
        self, tools: Tools, answer: Answer
    ) -> None:
        tools.answers["docker"] = answer
        assert level("docker", deploys=True) == WRONG
        assert level("docker") == WARNING
        tools.answers["unshare"] = (1, "", "unshare failed: Operation not permitted")
        assert level("namespaces") == WRONG
        tools.answers["docker"] = (0, json.dumps(ENGINE), "")
        assert level("namespaces") == WARNING

    def test_that_a_user_may_not_reach_says_how_to_get_there(self, tools: Tools) -> None:
        refused = {"ServerVersion": "", "ServerErrors": ["permission denied while connecting"]}
        tools.answers["docker"] = (1, json.dumps(refused), "")
        assert found("docker")[-1].way_out.startswith("sudo usermod -aG docker")

    def test_whose_manifests_sagemaker_may_refuse_is_warned_of(self, tools: Tools) -> None:
        tools.answers["docker"] = (0, json.dumps({**ENGINE, **CONTAINERD}), "")
        assert "containerd-snapshotter" in found("docker")[-1].way_out

    def test_that_builds_for_another_processor_or_windows_is_told(self, tools: Tools) -> None:
        tools.answers["docker"] = (0, json.dumps({**ENGINE, "Architecture": "aarch64"}), "")
        assert "binfmt" in found("docker")[-1].way_out
        tools.answers["docker"] = (0, json.dumps({**ENGINE, "OSType": "windows"}), "")
        assert level("docker") == WRONG


def test_a_pulumi_older_than_its_sdk_is_told(tools: Tools) -> None:
    tools.answers["pulumi"] = (0, "v3.99.0\n", "")
    [finding] = found("pulumi", deploys=True)
    assert (finding.level, finding.text) == (WRONG, "3.99.0 is older than 3.272.0")
    assert level("pulumi") == WARNING


def test_a_tool_that_is_missing_or_fails_or_hangs_is_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert this_machine.run("no-such-tool")[0] == 127
    assert this_machine.run("sh", "-c", "echo  a >&2; exit 3") == (3, "", "a")
    monkeypatch.setattr(this_machine, "PATIENCE_S", 0.01)
    assert this_machine.run("sleep", "60")[0] == 124


def test_a_bare_machine_in_an_old_locale_is_told_everything() -> None:
    bare = {"PATH": "", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "ops.this_machine"],
        env=bare,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "wrong   git         git is not on PATH" in done.stdout
