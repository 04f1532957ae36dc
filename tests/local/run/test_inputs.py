"""Files of this machine as a slot's input: links are followed, and what can be none is named."""

import os
from pathlib import Path

import pytest

from local.aws.endpoint import LocalAws
from local.run import inputs
from local.run.inputs import InputError

BAD = os.fsdecode(b"gr\xf6sse.csv")


def keys(root: Path) -> list[str]:
    return list(inputs.find(root, "input/"))


def refusal(root: Path, prefix: str = "input/") -> str:
    with pytest.raises(InputError) as caught:
        inputs.find(root, prefix)
    return str(caught.value)


class TestFind:
    def test_every_file_gets_a_key_below_the_prefix(self, tmp_path: Path) -> None:
        (tmp_path / "b" / "c").mkdir(parents=True)
        (tmp_path / "empty").mkdir()
        for name in ("b/c/d e.csv", "a.csv", "new\nline", ".hidden", "größe 🎉"):
            (tmp_path / name).touch()
        expected = [".hidden", "a.csv", "b/c/d e.csv", "größe 🎉", "new\nline"]
        assert keys(tmp_path) == [f"input/{name}" for name in expected]

    def test_links_are_followed(self, tmp_path: Path) -> None:
        root, elsewhere = tmp_path / "root", tmp_path / "elsewhere"
        for directory in (root, elsewhere):
            directory.mkdir()
        (elsewhere / "a.csv").touch()
        (root / "all").symlink_to(elsewhere)
        (root / "again").symlink_to(elsewhere)
        (root / "one.csv").symlink_to(elsewhere / "a.csv")
        assert keys(root) == ["input/again/a.csv", "input/all/a.csv", "input/one.csv"]
        (tmp_path / "link").symlink_to(root)
        assert keys(tmp_path / "link") == keys(root)

    def test_all_that_can_be_no_input_is_named_at_once(self, tmp_path: Path) -> None:
        (tmp_path / "sub").mkdir()
        (tmp_path / BAD).touch()
        (tmp_path / "broken").symlink_to("gone\n")
        (tmp_path / "sub" / "loop").symlink_to(tmp_path)
        os.mkfifo(tmp_path / "pipe")
        assert refusal(tmp_path) == (
            "the input cannot be uploaded: broken is a link to gone�, which is not there; "
            "gr�sse.csv is not UTF-8, as a key has to be; "
            "pipe is neither a file nor a directory; "
            "sub/loop is a link to a directory that it is in"
        )

    def test_a_key_that_would_be_too_long_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        prefix = "x" * 1024
        assert "a would have a key of 1025 bytes, S3 takes 1024" in refusal(tmp_path, prefix)

    def test_of_many_only_the_first_are_named(self, tmp_path: Path) -> None:
        for number in range(8):
            (tmp_path / f"link-{number}").symlink_to("gone")
        told = refusal(tmp_path)
        assert told.count("which is not there") == 5
        assert told.endswith("; and 3 more")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_what_nobody_may_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "closed").mkdir(mode=0)
        assert "closed cannot be read: Permission denied" in refusal(tmp_path)


class TestUpload:
    def test_a_file_that_cannot_be_read_is_named(self, aws: LocalAws, tmp_path: Path) -> None:
        s3 = aws.client("s3")
        where = {"LocationConstraint": aws.region}
        s3.create_bucket(Bucket="uploads", CreateBucketConfiguration=where)
        gone = tmp_path / "gone\n"
        with pytest.raises(InputError, match=r"gone� cannot be uploaded: .*No such file"):
            inputs.upload(aws, "uploads", {"input/a": gone}, lambda _: None)

    def test_what_s3_refuses_is_told_with_the_files_name(
        self, aws: LocalAws, tmp_path: Path
    ) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(InputError, match=r"/a cannot be uploaded: .*NoSuchBucket"):
            inputs.upload(aws, "none", {"input/a": tmp_path / "a"}, lambda _: None)
