import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from observer import written_objects
from observer.written_objects import Written, look

CREATED = datetime(2026, 1, 5, 2, 0, 30, 700_000, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def objects(*names: str, at: datetime = CREATED + MINUTE) -> list[Any]:
    return [{"Key": name, "Size": 1, "ETag": f'"{name}"', "LastModified": at} for name in names]


def described(*names: str) -> list[dict[str, Any]]:
    return [{"key": name, "size": 1, "etag": name} for name in names]


class Parts:
    """Takes parts, and remembers how much of the listing had been read by then."""

    def __init__(self) -> None:
        self.lines: list[list[Any]] = []
        self.read = 0
        self.ahead: list[int] = []

    def put(self, number: int, text: str) -> str:
        assert number == len(self.lines) + 1
        self.lines.append([json.loads(line) for line in text.splitlines()])
        self.ahead.append(self.read - sum(map(len, self.lines)))
        return f"part-{number}"

    def reading(self, items: Iterable[Any]) -> Iterator[Any]:
        for item in items:
            self.read += 1
            yield item


def found(*items: Any, parts: Parts | None = None) -> Written:
    parts = parts or Parts()
    return look(parts.reading(cast("Any", items)), CREATED, parts.put)


class TestStale:
    def test_is_what_was_there_before_the_job_was_created(self) -> None:
        old = objects("a", at=CREATED - timedelta(seconds=1))
        result = found(*old, *objects("b"))
        assert (result.objects, result.object_count) == (described("b"), 1)
        assert (result.stale_count, result.stale_keys) == (1, ["a"])

    def test_is_nothing_of_the_second_in_which_the_job_was_created(self) -> None:
        # S3 cuts its times off: this may have been written after the job's creation.
        result = found(*objects("a", at=CREATED.replace(microsecond=0)))
        assert (result.object_count, result.stale_count) == (1, 0)

    def test_is_counted_in_full_and_named_in_part(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(written_objects, "STALE_NAMED", 2)
        result = found(*objects("a", "b", "c", at=CREATED - MINUTE))
        assert (result.stale_count, result.stale_keys) == (3, ["a", "b"])
        assert (result.objects, result.object_count) == ([], 0)


class TestParts:
    @pytest.fixture(autouse=True)
    def three(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(written_objects, "LISTED", 3)

    def test_are_none_up_to_the_bound(self) -> None:
        result = found(*objects("a", "b", "c"))
        assert (result.objects, result.parts) == (described("a", "b", "c"), [])

    @pytest.mark.parametrize("count", [4, 6, 7])
    def test_hold_every_object_once_and_in_order(self, count: int) -> None:
        parts, names = Parts(), "abcdefg"[:count]
        result = found(*objects(*names), parts=parts)
        assert (result.objects, result.object_count) == (None, count)
        assert [each for lines in parts.lines for each in lines] == described(*names)
        assert all(len(lines) <= 3 for lines in parts.lines)
        assert result.parts == [f"part-{n + 1}" for n in range(len(parts.lines))]

    def test_are_put_as_the_listing_is_read(self) -> None:
        parts = Parts()
        found(*objects(*map(str, range(100))), parts=parts)
        assert max(parts.ahead) == 1
