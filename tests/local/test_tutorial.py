"""The tutorial's commands, run as a reader would, as far as they need no account."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from components.settings import stack_file
from components.settings.loader import read
from local.engines.process import ProcessEngine
from tests import checkout
from tests.conftest import PROJECT, ROOT

PAGE = (ROOT / "docs/tutorial.md").read_text("utf-8")


@pytest.mark.skipif(
    ProcessEngine(Path()).available() is not None or not (ROOT / ".venv/installed").exists(),
    reason="no namespaces on this machine for the process engine, or no `make setup` before",
)
def test_every_command_before_the_account_works_and_leaves_a_stack(tmp_path: Path) -> None:
    without_account, _ = PAGE.split("\n## With an account\n")
    commands = "".join(re.findall(r"^```sh\n(.*?)^```$", without_account, re.DOTALL | re.MULTILINE))
    project = tmp_path / "project"
    checkout.copy(project)
    (project / ".venv").symlink_to((ROOT / ".venv").resolve())
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=project,
        env={**os.environ, "HOME": str(tmp_path), "ENGINE": "process"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\nCompleted\n" in done.stdout
    assert "\ntotal,7\n" in done.stdout
    assert read(stack_file.keys(project, "live"), PROJECT, "live").script == "total.sh"
