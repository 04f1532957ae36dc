"""Lists a prefix for whoever only counts: in no order, and parts of it at the same time.

Where the first page does not hold it, the folders in it (what S3 calls common prefixes) say where
to cut it into ranges of keys, so that many small folders cost no more calls than a few large ones.
"""

from __future__ import annotations

from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

WORKERS = 8
"""Calls at the same time; botocore's pool has ten connections."""
_MOST_LOOKS = 8
"""Calls that look for folders."""
_MOST_RANGES = 3 * WORKERS
"""More would cost a call each: a range ends somewhere within a page."""


class Range(NamedTuple):
    """Keys after the one and before the other; None: to the end."""

    after: str
    before: str | None


def objects(place: Prefix, s3: S3Client) -> Generator[ObjectTypeDef]:
    """Yield what lies at a place, as Prefix.objects does, but in no order.

    A million take no more memory than WORKERS pages. Who stops early waits for the calls under way.
    """
    items, rest = _page(s3, place, Range("", None))
    yield from items
    if rest is None:
        return
    cuts = [rest.after, *_cuts(s3, place, rest.after)]
    ranges = [*(Range(*each) for each in pairwise(cuts)), Range(cuts[-1], None)]
    with ThreadPoolExecutor(WORKERS) as pool:
        running: set[Future[tuple[list[ObjectTypeDef], Range | None]]] = set()
        while ranges or running:
            while ranges and len(running) < WORKERS:
                running.add(pool.submit(_page, s3, place, ranges.pop()))
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for each in done:
                items, rest = each.result()
                ranges += [rest] if rest else []
                yield from items


def _page(s3: S3Client, place: Prefix, part: Range) -> tuple[list[ObjectTypeDef], Range | None]:
    """Return a range's next objects, and what is left of it."""
    page = s3.list_objects_v2(Bucket=place.bucket, Prefix=place.key, StartAfter=part.after)
    found = page.get("Contents", [])
    keys = [item.get("Key", "") for item in found]
    inside = [key for key in keys if part.before is None or key < part.before]
    items = [item for item, key in zip(found, inside, strict=False) if place.is_data(key)]
    more = page["IsTruncated"] and len(inside) == len(keys)
    return items, Range(keys[-1], part.before) if more else None


def _cuts(s3: S3Client, place: Prefix, after: str) -> list[str]:
    """Return folders after a key, ascending, that cut the rest into ranges; level by level."""
    found: set[str] = set()
    level = [place.key]
    for _ in range(_MOST_LOOKS):
        if not level or len(found) >= WORKERS:
            break
        folder = level.pop(0)
        page = s3.list_objects_v2(
            Bucket=place.bucket, Prefix=folder, Delimiter="/", StartAfter=max(after, folder)
        )
        below = [each.get("Prefix", "") for each in page.get("CommonPrefixes", [])]
        found.update(each for each in below if each > after)
        level += below
    cuts = sorted(found)
    return cuts[:: -(-len(cuts) // _MOST_RANGES) or 1]
