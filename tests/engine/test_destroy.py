"""How a stack, or one of its buckets, goes: what stays, and that no way ends half-way."""

import re
from pathlib import Path

import pytest

from tests.conftest import ACCOUNT, REGION
from tests.engine.aws_cloud import BUCKET, REPOSITORY, Cloud
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack

DATA = ["encryption-key", "image-repository", "journal-table", "storage-input", "storage-output"]
OF_A_BUCKET = {"", "-encryption", "-lifecycle", "-ownership", "-private", "-tls", "-versioning"}
ALL_GOES = {"data": "destroy"}


def fill(cloud: Cloud) -> None:
    """Put an object into each bucket; each repository has an image since the stack is up."""
    for bucket in cloud.of(BUCKET):
        cloud.objects[bucket.id].add("key")
    assert all(cloud.images[repository.id] for repository in cloud.of(REPOSITORY))


def left(cloud: Cloud) -> set[str]:
    return {each.name for each in cloud.made.values()}


def test_a_protected_stack_lets_a_bucket_go_and_then_goes_as_the_readme_says(
    tmp_path: Path,
) -> None:
    with Stack(tmp_path, "prod", {"alerts": {"monitoring": "messages"}}) as stack:
        stack.up()
        fill(stack.cloud)
        assert sorted(each.name for each in stack.state() if each.protect) == DATA
        _turn_to_an_existing_bucket(stack)

        with pytest.raises(OperationFailed, match="because it is protected"):
            stack.destroy(preview_only=True)
        with pytest.raises(OperationFailed, match="because it is protected"):
            stack.destroy()  # without a preview: half of it is gone
        assert {"encryption-key", "storage-input"} < left(stack.cloud)
        assert "launcher-function" not in left(stack.cloud)

        stack.configure(ALL_GOES)
        _forget_settings_of_buckets(stack.cloud, "storage-input")
        stack.up()
        stack.destroy()
        assert left(stack.cloud) == {f"storage-output{each}" for each in OF_A_BUCKET}


def _turn_to_an_existing_bucket(stack: Stack) -> None:
    """Refused with the way, which does without a preview, too; the bucket stays as it was."""
    before = left(stack.cloud)
    stack.cloud.outside.add("arn:aws:s3:::elsewhere")
    stack.configure({"output": {"bucket": "elsewhere"}})
    with pytest.raises(OperationFailed) as refused:
        stack.preview()
    advice = re.search(r"`pulumi (state unprotect) '?([^'`]+)'?`", str(refused.value))
    assert advice
    assert advice[2].endswith("::storage-output")

    with pytest.raises(OperationFailed, match="because it is protected"):
        stack.up()  # without a preview: all but the bucket has turned

    stack.cli(*advice[1].split(), advice[2], "--yes")
    assert stack.up().changes == {"storage-output": "delete"}
    assert left(stack.cloud) == before
    assert stack.cloud.objects[f"processing-prod-output-{ACCOUNT}-{REGION}"] == {"key"}
    assert stack.exports()["output_bucket"] == "elsewhere"


def _forget_settings_of_buckets(cloud: Cloud, bucket: str) -> None:
    """Take away what S3 overwrites, where the stand-in would refuse a second one."""
    for key, each in [*cloud.made.items()]:
        if each.name.startswith(f"{bucket}-"):
            del cloud.made[key]


def test_a_stack_that_keeps_its_data_goes_without_them(tmp_path: Path) -> None:
    with Stack(tmp_path, "dev", {"data": "keep"}) as stack:
        stack.up()
        fill(stack.cloud)
        stack.cli("state", "unprotect", "--all", "--yes")
        stack.destroy()
        buckets = {f"storage-{name}{each}" for name in ("input", "output") for each in OF_A_BUCKET}
        assert left(stack.cloud) == {*DATA, *buckets}
