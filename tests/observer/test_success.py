from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from observer.ending import Ending
from observer.success import write_marker
from tests.lambda_world import ENVIRONMENT, NAME, RUN, World

MARKER = "output/daily/2026/01/05/020000/_SUCCESS"
# moto's objects have the real time; the job comes after all that a run of the tests puts there.
NOW = datetime.now(UTC) + timedelta(days=1)
ENDING = Ending(
    status="Completed",
    created=NOW + timedelta(minutes=1),
    started=NOW + timedelta(minutes=2),
    ended=NOW + timedelta(minutes=3),
    image_uri="image@sha256:ab",
)


def put(world: World, name: str, body: bytes = b"x") -> str:
    """Let the job have written an object; return its ETag."""
    key = MARKER.replace("_SUCCESS", name)
    answer = world.client("s3").put_object(Bucket="out-bucket", Key=key, Body=body)
    return answer["ETag"].strip('"')


def write(world: World, ending: Ending = ENDING) -> str:
    return write_marker(world.client("s3"), world.observer_config, RUN, NAME, ending)


def marker(world: World) -> dict[str, Any]:
    answer = world.client("s3").get_object(Bucket="out-bucket", Key=MARKER)
    return json.loads(answer["Body"].read())


class TestMarker:
    def test_names_job_times_image_and_every_object(self, world: World) -> None:
        etags = [put(world, "a.parquet", b"abc"), put(world, "b/c.parquet")]
        assert write(world) == f"s3://out-bucket/{MARKER}"
        document = marker(world)
        assert document.pop("input")["objects"] == 1
        assert document == {
            "job_name": NAME,
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 1,
            "image": "image@sha256:ab",
            "created": (NOW + timedelta(minutes=1)).isoformat(),
            "started": (NOW + timedelta(minutes=2)).isoformat(),
            "ended": (NOW + timedelta(minutes=3)).isoformat(),
            "objects": [
                {"key": MARKER.replace("_SUCCESS", "a.parquet"), "size": 3, "etag": etags[0]},
                {"key": MARKER.replace("_SUCCESS", "b/c.parquet"), "size": 1, "etag": etags[1]},
            ],
        }

    def test_written_twice_is_the_same(self, world: World) -> None:
        put(world, "a.parquet")
        write(world)
        first = marker(world)
        write(world)
        assert marker(world) == first

    def test_leaves_out_other_slots_and_names_that_begin_alike(self, world: World) -> None:
        world.client("s3").put_object(
            Bucket="out-bucket", Key="output/daily/2026/01/06/020000/a.parquet"
        )
        put(world, "_SUCCESS.parquet")
        write(world)
        (described,) = marker(world)["objects"]
        assert described["key"].endswith("_SUCCESS.parquet")

    def test_is_encrypted_with_the_stacks_key(self, world: World) -> None:
        write(world)
        (request,) = [each for each in world.asked("PutObject") if each["Key"] == MARKER]
        assert request["ServerSideEncryption"] == "aws:kms"
        assert request["SSEKMSKeyId"] == ENVIRONMENT["KMS_KEY_ARN"]

    def test_lists_more_objects_than_one_page_holds(self, world: World) -> None:
        for name in "abcde":
            put(world, name)
        events = world.client("s3").meta.events

        def two(params: dict[str, Any], **_: object) -> dict[str, Any]:
            return {**params, "MaxKeys": 2}

        events.register("provide-client-params.s3.ListObjectsV2", two)
        write(world)
        events.unregister("provide-client-params.s3.ListObjectsV2", two)
        assert [each["key"][-1] for each in marker(world)["objects"]] == list("abcde")


class TestInput:
    def test_is_hashed_by_key_size_and_etag(self, world: World) -> None:
        write(world)
        etag = hashlib.md5(b"1,2\n", usedforsecurity=False).hexdigest()
        line = f'input/2026/01/05/a.csv\x004\x00"{etag}"\n'
        assert marker(world)["input"] == {
            "prefix": "s3://in-bucket/input/2026/01/05/",
            "objects": 1,
            "listing_sha256": hashlib.sha256(line.encode()).hexdigest(),
            "changed_since": 0,
        }

    def test_that_came_after_the_job_was_created_is_counted_apart(self, world: World) -> None:
        write(world, Ending(status="Completed", created=NOW - timedelta(days=2)))
        found = marker(world)["input"]
        assert (found["objects"], found["changed_since"]) == (0, 1)
        assert found["listing_sha256"] == hashlib.sha256().hexdigest()
