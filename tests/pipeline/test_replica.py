"""A slot's output in another region, whatever of it replication has brought so far."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

import pytest
from moto.s3.models import s3_backends

from pipeline import replica
from pipeline.prefix import Prefix
from tests.lambda_world import ACCOUNT, NOW, World, set_last_modified

PLACE = Prefix("out-bucket", "output/daily/2026/01/05/020000/")
NAMES = ("a", "b", "c")


def versions(*names: str) -> dict[str, str]:
    return {PLACE.key + name: f"version-of-{name}" for name in names}


def sha256(found: dict[str, str]) -> str:
    lines = "".join(f"{key}\0{version}\n" for key, version in sorted(found.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def bring(*names: str, version: str = "version-of-{}", age: int = 0) -> None:
    """Let a replica arrive, which is older than NOW by so many seconds."""
    for name in names:
        backend: Any = s3_backends[ACCOUNT]["aws"]
        backend.put_object("out-bucket", PLACE.key + name, b"x")
        key = backend.buckets["out-bucket"].keys[PLACE.key + name]
        key._version_id = version.format(name)
        set_last_modified("out-bucket", PLACE.key + name, NOW - timedelta(seconds=age))


def mark(world: World, *names: str, listed: int = 99, **given: Any) -> None:
    found = versions(*names)
    objects = [{"key": key, "version": found[key]} for key in sorted(found)][:listed]
    document = {
        "created": (NOW + timedelta(milliseconds=700)).isoformat(),
        "object_count": len(found),
        "objects": objects,
        "truncated": listed < len(found),
        "versions_sha256": sha256(found),
    }
    kept = {key: value for key, value in (document | given).items() if value is not None}
    world.client("s3").put_object(
        Bucket="out-bucket", Key=PLACE.marker, Body=json.dumps(kept).encode()
    )


def look(world: World) -> replica.Replica:
    return replica.look(PLACE, world.client("s3"))


@pytest.fixture(autouse=True)
def versioned(world: World) -> None:
    enabled: Any = {"Status": "Enabled"}
    world.client("s3").put_bucket_versioning(Bucket="out-bucket", VersioningConfiguration=enabled)


class TestWithoutTheMarker:
    def test_is_missing_whatever_else_is_there(self, world: World) -> None:
        bring(*NAMES)
        assert look(world) == ("missing", None, 0, [])

    def test_which_somebody_has_deleted_is_missing(self, world: World) -> None:
        mark(world)
        world.client("s3").delete_object(Bucket="out-bucket", Key=PLACE.marker)
        assert look(world).state == "missing"


@pytest.mark.parametrize("listed", [99, 2], ids=["whole marker", "truncated marker"])
class TestWithTheMarker:
    def test_is_whole_once_all_is_there_in_whatever_order(self, world: World, listed: int) -> None:
        mark(world, *NAMES, listed=listed)
        for name in ("c", "a"):
            bring(name)
            assert look(world).state == "incomplete"
        bring("b")
        found = look(world)
        assert (found.state, found.lacking, found.lacking_keys) == ("whole", 0, [])
        assert found.marker
        assert found.marker["object_count"] == 3

    def test_names_what_is_lacking(self, world: World, listed: int) -> None:
        mark(world, *NAMES, listed=listed)
        bring("b", "c")
        assert look(world)[2:] == (1, [f"{PLACE.key}a"])

    @pytest.mark.parametrize("name", NAMES)
    def test_is_incomplete_with_another_version_of_an_object(
        self, world: World, listed: int, name: str
    ) -> None:
        mark(world, *NAMES, listed=listed)
        bring(*NAMES)
        bring(name, version="another", age=-1)
        assert look(world).state == "incomplete"

    @pytest.mark.parametrize("name", NAMES)
    def test_is_incomplete_where_an_object_is_current_no_more(
        self, world: World, listed: int, name: str
    ) -> None:
        mark(world, *NAMES, listed=listed)
        bring(*NAMES)
        world.client("s3").delete_object(Bucket="out-bucket", Key=PLACE.key + name)
        assert look(world).state == "incomplete"

    def test_is_whole_beside_what_is_older_than_the_job_and_what_is_no_data(
        self, world: World, listed: int
    ) -> None:
        mark(world, *NAMES, listed=listed)
        bring(*NAMES)
        bring("aa", age=1)
        bring("folder/")
        assert look(world).state == "whole"

    def test_is_read_page_by_page(
        self, world: World, monkeypatch: pytest.MonkeyPatch, listed: int
    ) -> None:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
        mark(world, *NAMES, listed=listed)
        bring(*NAMES)
        assert look(world).state == "whole"

    def test_is_whole_without_any_object_where_there_was_none(
        self, world: World, listed: int
    ) -> None:
        mark(world, listed=listed)
        assert look(world).state == "whole"


class TestATruncatedMarker:
    def test_counts_what_is_lacking_of_those_it_does_not_list(self, world: World) -> None:
        mark(world, *NAMES, listed=1)
        bring("a")
        assert look(world)[2:] == (2, [])

    def test_has_at_least_one_lacking_where_as_many_are_others(self, world: World) -> None:
        mark(world, *NAMES, listed=1)
        bring("a", "b", "d")
        assert look(world)[2:] == (1, [])

    def test_names_only_the_first_that_are_lacking(self, world: World) -> None:
        mark(world, *"abcdefghij", listed=8)
        found = look(world)
        assert (found.lacking, found.lacking_keys) == (10, [PLACE.key + each for each in "abcde"])


class TestAMarker:
    def test_without_versions_is_never_whole_and_can_be_told(self, world: World) -> None:
        mark(world, *NAMES, versions_sha256=None)
        bring(*NAMES)
        found = look(world)
        assert (found.state, found.lacking, found.is_checkable) == ("incomplete", 3, False)

    def test_with_versions_is_checkable(self, world: World) -> None:
        mark(world, *NAMES)
        assert look(world).is_checkable

    @pytest.mark.parametrize(
        "body", [b"", b"{", b"[]", b"\xff", b'"x"', b"{}", b"[" * 99_999], ids=range(7)
    )
    def test_that_is_not_the_observers_is_never_whole(self, world: World, body: bytes) -> None:
        world.client("s3").put_object(Bucket="out-bucket", Key=PLACE.marker, Body=body)
        assert look(world) == ("incomplete", None, 0, [])
        assert not look(world).is_checkable

    @pytest.mark.parametrize(
        "given",
        [
            {"created": None},
            {"created": "yesterday"},
            {"created": "2026-01-05T02:00:30"},
            {"ended": 1},
            {"attempt": "2"},
            {"attempt": 1000},
            {"object_count": "3"},
            {"objects": None},
            {"objects": [{"key": "a"}]},
            {"objects": ["a"]},
            {"truncated": None},
        ],
        ids=str,
    )
    def test_that_a_person_has_edited_is_never_whole(
        self, world: World, given: dict[str, Any]
    ) -> None:
        mark(world, **given)
        assert look(world) == ("incomplete", None, 0, [])

    def test_of_a_bucket_without_versions_is_compared_by_null(self, world: World) -> None:
        off: Any = {"Status": "Suspended"}
        world.client("s3").put_bucket_versioning(Bucket="out-bucket", VersioningConfiguration=off)
        world.write(f"{PLACE.key}a")
        [found] = replica.current(PLACE, world.client("s3"))
        assert found.get("VersionId") == "null"
