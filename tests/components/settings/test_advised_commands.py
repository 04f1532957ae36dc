"""What a refusal of settings tells to type, typed into the real command line."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from components.settings import stack_file
from components.settings.loader import SettingsError, read
from tests.conftest import PROJECT, ROOT

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("pulumi") is None, reason="no pulumi on PATH"),
]

WRONG: dict[str, Any] = {
    "aws:profile": "mine",
    "aws:region": "eu-central-9",
    "sagemaker-procesing:alerts": {"monitoring": "full"},
    f"{PROJECT}:prefix": "Processing",
    f"{PROJECT}:tags": {"CostCenter": 42, "cost.of:night run": True, "aws:x": "y", 'a"b': "c"},
    f"{PROJECT}:alerts": {
        "monitoring": "perhaps",
        "dashboard": False,
        "subscriptions": [
            {"protocol": "email", "endpoint": "team@example.com"},
            {"protocol": "sms", "endpoint": 4915112345678},
            {"protocol": "fax", "endpoint": "team@example.com", "number": 1},
        ],
    },
}
WRONG_JOB: dict[str, Any] = {
    "volume_gb": 0,
    "arguments": ["--since", 2026],
    "environment": {"FLAG": True, "PATH": "/x:$PATH"},
    "typ": "x",
}
RIGHT = {
    "aws:region": "eu-west-1",
    f"{PROJECT}:prefix": "processing-prod",
    f"{PROJECT}:tags.CostCenter": "0042",
    f'{PROJECT}:tags["cost.of:night run"]': "true",
    f"{PROJECT}:alerts.monitoring": "messages",
    f"{PROJECT}:alerts.subscriptions[1].endpoint": "+4915112345678",
    f"{PROJECT}:alerts.subscriptions[2].protocol": "email",
    f"{PROJECT}:job.volume_gb": "10",
    f"{PROJECT}:job.arguments[1]": "2026",
    f"{PROJECT}:job.environment.FLAG": "true",
    f"{PROJECT}:schedules.eu-daily.timezone": "Europe/Berlin",
}
"""What somebody puts in the place of VALUE."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose stack prod has something wrong of each kind."""
    for name, value in {
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_BACKEND_URL": tmp_path.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }.items():
        monkeypatch.setenv(name, value)
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    given = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text("utf-8"))["config"].items()
    config: Any = {key if ":" in key else f"{PROJECT}:{key}": each for key, each in given} | WRONG
    config[f"{PROJECT}:job"] |= WRONG_JOB
    daily = config[f"{PROJECT}:schedules"].pop("daily")
    config[f"{PROJECT}:schedules"]["eu-daily"] = daily | {"timezone": None}
    (tmp_path / "Pulumi.prod.yaml").write_text(yaml.safe_dump({"config": config}), "utf-8")
    pulumi(tmp_path, "stack", "init", "prod")
    return tmp_path


def pulumi(project: Path, *words: str) -> None:
    done = subprocess.run(
        ["pulumi", *words], cwd=project, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"pulumi {shlex.join(words)}: {done.stderr}"


def advised(project: Path) -> list[list[str]]:
    """Return the commands that the refusal of the stack's file names, in words."""
    with pytest.raises(SettingsError) as error:
        read(stack_file.keys(project, "prod"), PROJECT, "prod")
    lines = str(error.value).splitlines()
    return [shlex.split(line) for line in lines if line.startswith("    pulumi config ")]


def test_every_command_works_and_in_the_end_nothing_is_refused(project: Path) -> None:
    missing = dict(RIGHT)
    for _, *words in advised(project):
        path = words[words.index("--path") + 1]
        pulumi(project, *[missing.pop(path) if word == "VALUE" else word for word in words])
    assert not missing
    settings = read(stack_file.keys(project, "prod"), PROJECT, "prod")
    assert settings.region == "eu-west-1"
    assert settings.tags == {"CostCenter": "0042", "cost.of:night run": "true"}
