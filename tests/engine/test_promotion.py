"""One image all the way: a stack runs what another one built, goes back to what ran, and leaves."""

import re
from pathlib import Path

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.engine.aws_cloud import Cloud
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack
from tests.engine.test_image import KEY, PROGRAM, changed

BUILDER = "processing-dev"
FIRST, SECOND = (f"sha256:{each * 64}" for each in "ab")


@pytest.fixture
def cloud() -> Cloud:
    """Has a builder's repository with two images, and the key of whoever else builds."""
    return Cloud(outside={KEY}, images={BUILDER: {FIRST: {"tested-1"}, SECOND: {"tested-2"}}})


def use(stack: Stack, digest: str, account: str = ACCOUNT) -> None:
    registry = f"{account}.dkr.ecr.{REGION}.amazonaws.com"
    stack.configure({"image": {"uri": f"{registry}/{BUILDER}@{digest}"}})


def test_going_on_and_back_by_digest_changes_what_the_launcher_runs_and_nothing_else(
    tmp_path: Path, cloud: Cloud
) -> None:
    with Stack(tmp_path, "prod", cloud=cloud) as stack:
        stack.docker.engine_runs = False
        use(stack, FIRST)
        stack.up()
        assert not [each.name for each in stack.state() if each.kind.startswith("aws:ecr/")]
        for digest in (SECOND, FIRST):
            use(stack, digest)
            assert stack.up().changes == {"launcher-function": "update"}
            assert stack.exports()["image_uri"].endswith(f"/{BUILDER}@{digest}")
        del cloud.images[BUILDER][FIRST]
        with pytest.raises(OperationFailed) as refused:
            stack.preview()
        assert f"{BUILDER} has no image {FIRST}, which image.uri names" in str(refused.value)
        assert "aws ecr describe-images --repository-name processing-dev" in str(refused.value)
        assert "Traceback" not in refused.value.outcome.text


# Whether another account has the image is not asked: its repository lets in the jobs alone.
@pytest.mark.parametrize(("data", "account"), [("keep", ACCOUNT), ("destroy", "210987654321")])
def test_a_stack_lets_its_own_repository_go_and_builds_again(
    data: str, account: str, tmp_path: Path, cloud: Cloud
) -> None:
    with Stack(tmp_path, "prod", {"data": data}, cloud=cloud) as stack:
        (stack.directory / "__main__.py").write_text(PROGRAM)
        stack.up()
        use(stack, FIRST if account == ACCOUNT else f"sha256:{'c' * 64}", account)
        if data == "keep":
            with pytest.raises(OperationFailed) as refused:
                stack.preview()
            advice = re.search(r"`pulumi (state unprotect) '([^']+)'`", str(refused.value))
            assert advice
            stack.cli(*advice[1].split(), advice[2], "--yes")
        gone = dict.fromkeys(("image-image", "image-lifecycle", "image-repository"), "delete")
        assert changed(stack) == gone
        assert ("processing-prod" in cloud.images) == (data == "keep")

        stack.configure({"image": {"uri": ...}})
        if data == "keep":
            with pytest.raises(OperationFailed, match="RepositoryAlreadyExists"):
                stack.up()
            [kept] = cloud.repositories()
            del cloud.made["aws:ecr/repository:Repository", kept]  # aws ecr delete-repository
        stack.up()
        assert "/processing-prod@sha256:" in stack.exports()["uri"]
        stack.up(expect_no_changes=True)
