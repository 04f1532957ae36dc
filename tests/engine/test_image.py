"""One commit is one image: built once, and found again by every deployment of the same files."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.engine.docker_provider import NO_ENGINE
from tests.engine.life import UNSHARED
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack

KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd"
PROGRAM = f"""
import pulumi
import pulumi_aws as aws
from components.aws.account import Account
from components.image import Image
from components.settings import loader
from components.stack import Stack

image = Image(
    "image",
    Stack(
        loader.load(),
        Account("aws", "{REGION}", "{ACCOUNT}"),
        "{KEY}",
        pulumi.ResourceOptions(provider=aws.Provider("aws", region="{REGION}")),
    ),
)
pulumi.export("uri", image.uri)
"""
"""The program's image alone: its whole life takes a few seconds."""


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """Version A is deployed."""
    with Stack(tmp_path, settings=UNSHARED) as found:
        (found.directory / "__main__.py").write_text(PROGRAM)
        found.cloud.outside.add(KEY)
        write(found, "A")
        found.up()
        yield found


def write(stack: Stack, version: str) -> None:
    (stack.directory / "container" / "scripts" / "process_data.sh").write_text(
        f"#!/bin/bash\n: {version}\n"
    )


def deployed(stack: Stack, version: str) -> str:
    """Return the digest that the launcher is told to run after a deployment of that version."""
    write(stack, version)
    stack.up()
    return digest(stack)


def digest(stack: Stack) -> str:
    return stack.exports()["uri"].partition("@")[2]


def test_a_rollback_runs_the_image_that_ran_then(stack: Stack) -> None:
    first, second = digest(stack), deployed(stack, "B")
    assert first != second
    assert deployed(stack, "A") == first
    stack.preview(expect_no_changes=True)
    stack.refresh(expect_no_changes=True)
    assert deployed(stack, "C") not in (first, second)
    assert deployed(stack, "B") == second


def test_a_rollback_to_an_image_by_its_uri_builds_nothing_and_changes_only_what_runs(
    tmp_path: Path,
) -> None:
    with Stack(tmp_path) as stack:
        uris: list[str] = []
        for version in ("A", "B"):
            write(stack, version)
            stack.up()
            uris.append(stack.exports()["image_uri"])
        assert uris[0] != uris[1]
        stack.configure({"image": {"uri": uris[0]}})
        assert changed(stack) == {"image-image": "delete", "launcher-function": "update"}
        [function] = [each for each in stack.state() if each.name == "launcher-function"]
        assert function.outputs["environment"]["variables"]["IMAGE_URI"] == uris[0]
        stack.docker.engine_runs = False
        stack.up(expect_no_changes=True)
        stack.docker.engine_runs = True
        stack.configure({"image": {"uri": ...}})
        assert changed(stack) == {"image-image": "create", "launcher-function": "update"}
        assert stack.exports()["image_uri"] == uris[1]


def changed(stack: Stack) -> dict[str, str]:
    """Return what a deployment does, apart from Pulumi's own provider for Docker."""
    changes = stack.up().changes
    return {name: each for name, each in changes.items() if not name.startswith("default_")}


def test_a_rollback_onto_a_base_image_that_has_moved_is_a_new_image(stack: Stack) -> None:
    first = digest(stack)
    deployed(stack, "B")
    stack.docker.base = "sha256:moved"
    assert deployed(stack, "A") != first
    stack.preview(expect_no_changes=True)


def test_a_push_that_succeeded_before_the_state_was_saved_is_used(
    stack: Stack, tmp_path: Path
) -> None:
    shutil.copytree(tmp_path / "state", tmp_path / "saved")
    pushed = deployed(stack, "B")
    shutil.rmtree(tmp_path / "state")
    (tmp_path / "saved").rename(tmp_path / "state")
    assert stack.preview().changes == {"image-image": "update"}
    stack.up()
    assert digest(stack) == pushed


def test_another_checkout_of_the_same_commit_changes_nothing(stack: Stack) -> None:
    context = stack.directory / "container"
    shutil.rmtree(stack.directory / ".build")
    for path in (context, *context.rglob("*")):
        path.chmod(0o700)
    (context / ".DS_Store").write_text("x")
    (context / "bin" / "tool.pyc").write_text("x")
    stack.preview(expect_no_changes=True)
    stack.up(expect_no_changes=True)


def test_without_an_engine_each_operation_says_so(stack: Stack) -> None:
    stack.docker.engine_runs = False
    for operation in (stack.preview, stack.up, stack.refresh, stack.destroy):
        with pytest.raises(OperationFailed) as failed:
            operation()
        text = failed.value.outcome.text
        assert NO_ENGINE in text
        # The engine may cut off a look-up of the program, which the SDK tells in its own way.
        assert "Traceback" not in text or "context canceled" in text
    stack.docker.engine_runs = True
    stack.destroy()


def test_a_manifest_that_sagemaker_may_refuse_is_told_with_the_way_out(stack: Stack) -> None:
    assert not stack.up().said("warning")
    stack.docker.media_type = "application/vnd.oci.image.manifest.v1+json"
    refused = digest_warned_of(stack, "B")
    stack.docker.media_type = "application/vnd.docker.distribution.manifest.v2+json"
    assert not stack.up(replace=["**image-image"]).said("warning")
    assert digest(stack) != refused


def digest_warned_of(stack: Stack, version: str) -> str:
    write(stack, version)
    assert not stack.preview().said("warning")
    [warning] = stack.up().said("warning")
    assert f"is {stack.docker.media_type}, which SageMaker may refuse" in warning
    assert '"containerd-snapshotter": false' in warning
    assert "pulumi up --replace '**image-image'" in warning
    return digest(stack)
