"""Keys and files that mean no good: they arrive as they are, or the job fails and names them."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.aws.sagemaker.hosts import JobFailedError
from local.aws.sagemaker.job import Place
from local.aws.sagemaker.job_data import download, upload
from tests.examples import share
from tests.local.job_bench import IN, OUT

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

DEEP = "/".join(["y" * 200] * 5)
PLAIN = {
    "spaces": " a  b /c ",
    "quotes": "'\"`$(touch x)`\\",
    "a plus and percent signs": "a+b%20c%2Fd",
    "markup": "&amp;<x>",
    "a leading dash": "-rf",
    "composed letters": "é",
    "decomposed letters": "e\u0301",
    "right-to-left marks": "\u202egnp.csv",
    "an emoji": "😀",
    "a tab and a carriage return": "a\tb\r",
    "control characters": "a\x01\x1b[31m\x7f",
    "a line separator": "a\u2028b",
    "255 bytes in a part": "x" * 255,
    "1,024 bytes": f"{DEEP}/{'z' * (1024 - 4 - len(DEEP))}",
}
REFUSED = {
    "..": "is no plain path",
    "../x": "is no plain path",
    "a/../../../../x": "is no plain path",
    "a/./b": "is no plain path",
    "/etc/x": "is no plain path",
    "a//b": "is no plain path",
    "nul\0": "is no plain path",
    "x" * 256: "more than the 255 bytes",
    "é" * 128: "more than the 255 bytes",
}


def fetch(s3: S3Client, bucket: str, root: Path) -> dict[str, bytes]:
    """Return what lies under `root` after a download: path from the input directory, content."""
    ml = root / "outer" / "ml"
    where = Place(f"s3://{bucket}/in/", IN)
    try:
        download(s3, where, [ml], threading.Event())
    finally:
        files = [path for path in root.rglob("*") if path.is_file()]
        assert all(path.is_relative_to(ml / "processing" / "input") for path in files)
    place = ml / "processing" / "input"
    return {str(path.relative_to(place)): path.read_bytes() for path in files}


class TestAKey:
    @pytest.mark.parametrize("name", PLAIN)
    def test_of_any_characters_is_the_files_name(
        self, s3: S3Client, bucket: str, tmp_path: Path, name: str
    ) -> None:
        s3.put_object(Bucket=bucket, Key=f"in/{PLAIN[name]}", Body=b"1")
        assert fetch(s3, bucket, tmp_path) == {PLAIN[name]: b"1"}

    @pytest.mark.parametrize("key", REFUSED)
    def test_that_names_no_file_fails_the_job_before_anything_is_written(
        self, s3: S3Client, bucket: str, tmp_path: Path, key: str
    ) -> None:
        for each in ("a-good-one", key):
            s3.put_object(Bucket=bucket, Key=f"in/{each}", Body=b"1")
        with pytest.raises(JobFailedError) as error:
            fetch(s3, bucket, tmp_path)
        assert REFUSED[key] in str(error.value)
        assert repr(f"in/{key}") in str(error.value)
        assert list(tmp_path.rglob("*")) == []

    def test_that_is_also_a_directory_is_named(
        self, s3: S3Client, bucket: str, tmp_path: Path
    ) -> None:
        for key in ("in/a/b/c", "in/a/b", "in/a/bc"):
            s3.put_object(Bucket=bucket, Key=key, Body=b"1")
        with pytest.raises(JobFailedError, match=r"Data download failed: .*input/a/b"):
            fetch(s3, bucket, tmp_path)

    @given(
        st.lists(
            st.lists(st.sampled_from(["..", ".", "", "a", "é", " ", "\x02", "\\", "~"]), max_size=4)
            .map("/".join)
            .filter(lambda key: not key.endswith("/") and key != ""),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    @settings(max_examples=share(1 / 4))
    def test_leads_to_its_own_file_or_to_none_at_all(self, s3: S3Client, keys: list[str]) -> None:
        bucket = f"bucket-{uuid4().hex}"
        s3.create_bucket(Bucket=bucket)
        for key in keys:
            s3.put_object(Bucket=bucket, Key=f"in/{key}", Body=key.encode())
        with tempfile.TemporaryDirectory() as root:
            try:
                found = fetch(s3, bucket, Path(root))
            except JobFailedError:  # others are on their way when one turns out to be a directory
                left = [path.read_bytes() for path in Path(root).rglob("*") if path.is_file()]
                assert {*left} < {key.encode() for key in keys}
            else:
                assert found == {key: key.encode() for key in keys}


class TestAnOutput:
    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        place = tmp_path / "ml" / OUT.removeprefix("/opt/ml/")
        place.mkdir(parents=True)
        return place

    def send(self, s3: S3Client, bucket: str, place: Path) -> list[str]:
        upload(s3, Place(f"s3://{bucket}/out", OUT), place.parent.parent)
        listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return [item.get("Key", "") for item in listed]

    def test_that_is_no_regular_file_is_left_out(
        self,
        s3: S3Client,
        bucket: str,
        place: Path,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        (tmp_path / "secret").mkdir()
        (tmp_path / "secret" / "key").write_text("of this machine")
        (place / "file").write_text("1")
        os.link(place / "file", place / "hard link")
        for name, to in {
            "to a file": "/etc/passwd",
            "to a directory": str(tmp_path / "secret"),
            "to itself": "to itself",
            "upwards": "..",
            "dangling": "nowhere",
            "to a device": "/dev/zero",
        }.items():
            (place / name).symlink_to(to)
        os.mkfifo(place / "pipe")
        with socket.socket(socket.AF_UNIX) as listener:
            monkeypatch.chdir(place)  # a socket's path may have no more than some hundred bytes
            listener.bind("socket")
        assert self.send(s3, bucket, place) == ["out/file", "out/hard link"]

    @pytest.mark.parametrize("name", ["caf\udce9", "\ud800", "x\udcff/y"])
    def test_whose_name_is_no_text_fails_the_job(
        self, s3: S3Client, bucket: str, place: Path, name: str
    ) -> None:
        data = name.encode(errors="surrogatepass") if "\ud800" in name else os.fsencode(name)
        path = Path(os.fsdecode(bytes(place) + b"/" + data))
        path.parent.mkdir(exist_ok=True)
        path.write_text("1")
        with pytest.raises(JobFailedError, match="is not UTF-8, as a key has to be") as error:
            self.send(s3, bucket, place)
        str(error.value).encode()

    def test_whose_key_would_be_too_long_fails_the_job(
        self, s3: S3Client, bucket: str, place: Path
    ) -> None:
        deep = place / DEEP
        deep.mkdir(parents=True)
        (deep / ("z" * 100)).write_text("1")
        with pytest.raises(JobFailedError, match="a key of 1109 bytes, S3 takes 1024"):
            self.send(s3, bucket, place)

    def test_that_lies_too_deep_to_be_read_fails_the_job_instead_of_being_passed_over(
        self, s3: S3Client, bucket: str, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(place)
        for _ in range(25):
            Path("d" * 200).mkdir()
            monkeypatch.chdir("d" * 200)
        with pytest.raises(JobFailedError, match=r"Data upload failed: .*File name too long"):
            self.send(s3, bucket, place)
