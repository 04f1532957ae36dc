"""One commit is one image: built once, found again, and built anew only where it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components import build_context
from components.image_push import IN_USE
from tests.conftest import ACCOUNT, REGION
from tests.engine.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
PROGRAM = f"""
from pathlib import Path
import pulumi
import pulumi_aws as aws
from components.image import Image, ImageArgs
from components.settings import ProtectionSettings

image = Image(
    "image",
    ImageArgs(
        prefix="p-dev",
        key_arn="{KEY}",
        context=Path("container"),
        base_image=None,
        keep=5,
        protection=ProtectionSettings(protect=False, force_destroy=True),
    ),
    pulumi.ResourceOptions(provider=aws.Provider("aws", region="{REGION}")),
)
pulumi.export("uri", image.uri)
"""
"""The program's image alone: its whole life takes a few seconds."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Version A is deployed."""
    with Stack(tmp_path) as found:
        (found.directory / "__main__.py").write_text(PROGRAM)
        found.cloud.outside.add(KEY)
        write(found, "A")
        found.up()
        yield found


def write(stack: Stack, version: str) -> None:
    (stack.directory / "container" / "process_data.sh").write_text(f"#!/bin/bash\n: {version}\n")


def deployed(stack: Stack, version: str) -> str:
    """Return the digest that the launcher is told to run after a deployment of that version."""
    write(stack, version)
    stack.up()
    return digest(stack)


def digest(stack: Stack) -> str:
    return stack.exports()["uri"].partition("@")[2]


def test_a_rollback_runs_the_image_that_ran_then_and_builds_nothing(stack: Stack) -> None:
    first, second = digest(stack), deployed(stack, "B")
    stack.command.engine_runs = False
    assert deployed(stack, "A") == first
    assert IN_USE in stack.cloud.images["p-dev"][first]
    assert IN_USE not in stack.cloud.images["p-dev"][second]
    stack.preview(expect_no_changes=True)
    stack.command.engine_runs = True
    assert deployed(stack, "C") not in (first, second)


def test_an_image_that_the_state_calls_built_and_that_is_gone_is_built_anew(stack: Stack) -> None:
    before = digest(stack)
    stack.cloud.images["p-dev"].clear()
    assert stack.preview().changes == {"image-image": "update"}
    stack.up()
    assert digest(stack) != before
    stack.preview(expect_no_changes=True)


def test_a_push_that_succeeded_before_the_state_was_saved_is_used(stack: Stack) -> None:
    write(stack, "B")
    pushed = f"sha256:{'0b' * 32}"
    tag = build_context.tag(stack.directory / "container", {})
    stack.cloud.push("p-dev", tag, pushed)
    stack.command.engine_runs = False
    stack.up()
    assert digest(stack) == pushed


def test_docker_is_needed_only_where_something_is_built(stack: Stack) -> None:
    stack.command.engine_runs = False
    for path in (stack.directory / "container").rglob("*"):
        path.chmod(0o700)
    (stack.directory / "container" / ".DS_Store").write_text("x")
    stack.preview(expect_no_changes=True)
    stack.refresh(expect_no_changes=True)
    write(stack, "B")
    assert stack.preview().changes == {"image-image": "update"}
    stack.destroy()


def test_a_manifest_that_sagemaker_may_refuse_is_told_with_the_way_out(stack: Stack) -> None:
    stack.command.media_type = "application/vnd.oci.image.manifest.v1+json"
    write(stack, "B")
    stack.up()
    [told] = [text for text in stack.preview().said("warning") if "manifest" in text]
    [tag] = stack.cloud.images["p-dev"][digest(stack)] - {IN_USE}
    assert stack.command.media_type in told
    assert '"containerd-snapshotter": false' in told
    assert f"--repository-name p-dev --image-ids imageTag={tag}" in told
