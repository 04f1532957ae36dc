"""What an attempt wrote, as opposed to what lay there before; long lists go into parts.

What was there before the attempt's job was created is an earlier attempt's: stale, and no part of
the result. The clocks of S3 and SageMaker need not agree to the second for it: an earlier job has
ended before, and this one uploads when its containers have come, run and gone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, count, islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

LISTED = 10_000
"""Objects that a marker lists itself; of more, each part holds so many."""
STALE_NAMED = 100
"""Stale keys that are named."""


@dataclass
class Written:
    """What an attempt wrote."""

    objects: list[dict[str, Any]] | None = None
    """None if there are more than LISTED: then the parts have them."""
    parts: list[str] = field(default_factory=list[str])
    """Keys of the parts, which hold JSON lines."""
    object_count: int = 0
    stale_count: int = 0
    stale_keys: list[str] = field(default_factory=list[str])
    """The first STALE_NAMED of them."""


def look(
    objects: Iterable[ObjectTypeDef], created: datetime, put_part: Callable[[int, str], str]
) -> Written:
    """Return which objects an attempt wrote whose job was `created` then.

    It takes memory for one part at most; `put_part` puts one, by number and text, and returns its
    key.
    """
    found = Written()
    own = _own(objects, created, found)
    listed = list(islice(own, LISTED + 1))
    if len(listed) <= LISTED:
        found.objects = listed
        return found
    rest = chain(listed, own)
    for number in count(1):
        part = "".join(f"{json.dumps(each)}\n" for each in islice(rest, LISTED))
        if not part:
            break
        found.parts.append(put_part(number, part))
    return found


def _own(
    objects: Iterable[ObjectTypeDef], created: datetime, found: Written
) -> Iterator[dict[str, Any]]:
    """Yield the description of each object that was written since, and count it or the stale."""
    since = created.replace(microsecond=0)  # S3 cuts its times off to whole seconds
    for item in objects:
        if item.get("LastModified", since) < since:
            found.stale_count += 1
            if len(found.stale_keys) < STALE_NAMED:
                found.stale_keys.append(item.get("Key", ""))
            continue
        found.object_count += 1
        yield {
            "key": item.get("Key"),
            "size": item.get("Size"),
            "etag": item.get("ETag", "").strip('"'),
        }
