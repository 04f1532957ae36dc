"""A list in parts: everything once, whatever the keys are, and in few calls."""

import string
from collections.abc import Sequence
from contextlib import closing
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher import listing
from pipeline.prefix import Prefix

PLACE = Prefix("bucket", "in/")


class FakeS3:
    """ListObjectsV2 as S3 answers it, of so many keys a page."""

    def __init__(self, keys: Sequence[str], page: int) -> None:
        self.keys, self.page = sorted(keys), page
        self.asked: list[dict[str, str]] = []

    def list_objects_v2(self, **asked: str) -> dict[str, Any]:
        self.asked.append(asked)
        prefix, after, delimiter = asked["Prefix"], asked["StartAfter"], asked.get("Delimiter")
        contents: list[dict[str, Any]] = []
        folders: list[str] = []
        for key in self.keys:
            if not key.startswith(prefix) or key <= after:
                continue
            head, found, _ = key.removeprefix(prefix).partition(delimiter or "\0")
            folder = f"{prefix}{head}{delimiter}" if found else None
            if folder and folder in folders:
                continue
            if len(contents) + len(folders) == self.page:
                break
            if folder:
                folders.append(folder)
            else:
                contents.append({"Key": key, "Size": 1})
        else:
            return self._answer(contents, folders, more=False)
        return self._answer(contents, folders, more=True)

    def _answer(self, contents: list[Any], folders: list[str], *, more: bool) -> dict[str, Any]:
        found = {"Contents": contents} if contents else {}
        prefixes = [{"Prefix": each} for each in folders]
        return {**found, "CommonPrefixes": prefixes, "IsTruncated": more}


def listed(s3: FakeS3) -> list[str]:
    return [item.get("Key", "") for item in listing.objects(PLACE, cast("Any", s3))]


_parts = st.text("ab/~é", min_size=1, max_size=6)


@given(st.sets(_parts | st.sampled_from(["_SUCCESS", "a/", "~/~/~"])), st.integers(1, 4))
def test_has_every_object_once_and_no_marker_and_no_folder(parts: set[str], page: int) -> None:
    keys = [f"in/{part}" for part in parts]
    expected = [key for key in keys if PLACE.is_data(key)]
    assert sorted(listed(FakeS3([*keys, "im/x", "in0"], page))) == sorted(expected)


def test_of_one_page_is_one_call() -> None:
    s3 = FakeS3([f"in/{letter}/x" for letter in string.ascii_lowercase], 26)
    assert len(listed(s3)) == 26
    assert s3.asked == [{"Bucket": "bucket", "Prefix": "in/", "StartAfter": ""}]


@pytest.mark.parametrize(
    "keys",
    [
        [f"in/{number:05}" for number in range(5000)],
        [f"in/{number:05}/one" for number in range(5000)],
        [f"in/a/b/c/{number % 9}/{number:05}" for number in range(5000)],
        [f"in/{number % 3}/{number:05}" for number in range(5000)],
    ],
    ids=["flat", "a folder for each", "deep", "three folders"],
)
def test_needs_few_more_calls_than_pages(keys: list[str]) -> None:
    s3 = FakeS3(keys, 50)
    assert sorted(listed(s3)) == sorted(keys)
    assert len(s3.asked) <= 100 + 8 + 24


def test_that_is_given_up_asks_for_no_more_than_is_under_way() -> None:
    s3 = FakeS3([f"in/{number % 30:02}/{number:05}" for number in range(5000)], 50)
    with closing(listing.objects(PLACE, cast("Any", s3))) as found:
        for _ in range(60):
            next(found)
    assert len(s3.asked) <= 2 + 2 * listing.WORKERS
