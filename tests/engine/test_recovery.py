"""A stack gets a pilot light in a second region, and both go again."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ACCOUNT
from tests.engine.aws_cloud import BUCKET, Cloud
from tests.engine.aws_rules import DATA
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack

OTHER = "eu-west-1"
BUILDER, DIGEST = "processing-dev", f"sha256:{'a' * 64}"
IMAGE = f"{ACCOUNT}.dkr.ecr.{OTHER}.amazonaws.com/{BUILDER}@{DIGEST}"
ON: dict[str, Any] = {
    "recovery": {"region": OTHER, "inputs": True},
    "retention": {"lock_days": 30},
}
OFF: dict[str, Any] = {"recovery": ..., "retention": {"lock_days": ...}}
ADDED = {
    *("replication-role", "replication-policy", "replication-input", "replication-output"),
    *("storage-input-lock", "storage-output-lock"),
    *(
        f"monitoring-{bucket}-{end}"
        for bucket in ("input", "output")
        for end in ("lag", "given-up")
    ),
}
"""What a second region, and a lock, add to a stack."""
TOLD = ["launcher-function", "launcher-policy", "monitoring-dashboard", "observer-function"]
"""What has to know of it."""


def switched(operation: str) -> dict[str, str]:
    told = dict.fromkeys([*TOLD, "observer-policy"], "update")
    return dict(sorted((dict.fromkeys(ADDED, operation) | told).items()))


def pilot_light(directory: Path, home: Stack, cloud: Cloud) -> Stack:
    """Return the second region's stack, whose own file has a few lines."""
    directory.mkdir()
    settings = {"recovery": {"of": "prod"}, "image": {"uri": IMAGE}}
    region = {"aws:region": OTHER}
    stack = Stack(directory, "prod-recovery", region | settings, cloud=cloud, bare=True)
    shutil.copy(home.directory / "Pulumi.prod.yaml", stack.directory)
    return stack


def test_a_protected_stack_and_its_pilot_light_come_live_and_go_in_order(tmp_path: Path) -> None:
    there = Cloud(region=OTHER, images={BUILDER: {DIGEST: {"tested-1"}}})
    here = Cloud(other=there)
    there.other = here
    (tmp_path / "home").mkdir()
    with Stack(tmp_path / "home", "prod", cloud=here) as home:
        home.up()
        home.configure(ON)
        assert home.preview().changes == switched("create")
        with pytest.raises(OperationFailed, match=r"Destination bucket must exist\."):
            home.up()
        with pilot_light(tmp_path / "light", home, there) as light:
            planned = light.preview().changes
            assert light.up().changes == planned
            light.refresh(expect_no_changes=True)
            assert not [each.name for each in light.state() if each.kind.startswith("aws:ecr/")]
            assert home.up().changes.keys() >= {"replication-input", "replication-output"}
            home.refresh(expect_no_changes=True)
            assert {each.kind for each in home.state() if each.protect} == DATA

            # Without its pair's settings a pilot light can only be destroyed, if nothing is kept.
            light.configure({"data": "destroy", "retention": {"log_days": 365}})
            light.up()
            home.configure(OFF)
            assert home.up().changes == switched("delete")
            light.destroy()
        assert there.made == {}
        assert len(here.of(BUCKET)) == 2
        home.configure({"data": "destroy"})
        home.up()
        home.destroy()
        assert here.made == {}
