"""The repository as a template: what `pulumi new` leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.settings import stack_file
from components.settings.loader import read
from tests import checkout
from tests.conftest import ROOT
from tests.engine import language_host

pytestmark = pytest.mark.skipif(
    "template" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8")),
    reason="`pulumi new` made this project, and takes out of it what makes it a template",
)
ANSWERS = {"aws:region": "us-west-2", "expression": "rate(3 hours)", "timezone": "Asia/Tokyo"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a clone has."""
    directory = tmp_path_factory.mktemp("template")
    checkout.copy(directory)
    return directory


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `pulumi new` leaves of it, for whoever answers with other than the defaults."""
    home = tmp_path_factory.mktemp("home")
    host = home / "pulumi-language-python"
    host.write_text(f"#!/bin/sh\nexec {sys.executable} {language_host.__file__}\n", "utf-8")
    host.chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{home}:{os.environ['PATH']}",
        "PULUMI_HOME": str(home),
        "PULUMI_BACKEND_URL": home.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    made = home / "made"
    made.mkdir()
    answers = [f"--config={key}={value}" for key, value in ANSWERS.items()]
    command = ["pulumi", "new", str(template), "--yes", "--name=night-job", "--stack=dev"]
    done = subprocess.run(
        [*command, *answers], cwd=made, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return made


def test_asks_for_region_and_time(template: Path) -> None:
    asked = yaml.safe_load((template / "Pulumi.yaml").read_text("utf-8"))["template"]["config"]
    assert asked.keys() == ANSWERS.keys()
    assert all(each["description"] and each["default"] for each in asked.values())


def test_leaves_every_file_as_it_is_but_its_own(template: Path, project: Path) -> None:
    files = {path.relative_to(template) for path in template.rglob("*") if path.is_file()}
    assert len(files) > 100
    changed = {
        str(name)
        for name in files
        if (template / name).read_bytes() != (project / name).read_bytes()
        or (template / name).stat().st_mode != (project / name).stat().st_mode
    }
    assert changed == {"Pulumi.yaml", "Pulumi.dev.yaml"}


@pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local"])
def test_leaves_stack_files_that_are_accepted_under_its_name(project: Path, stack: str) -> None:
    found = read(stack_file.keys(project, stack), "night-job", stack)
    if stack == "dev":
        daily = found.schedules["daily"]
        assert [found.region, daily.expression, daily.timezone] == [*ANSWERS.values()]
