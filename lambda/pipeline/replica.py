"""Whether a slot's output is whole in a region: replication has no order, a marker may come first.

A replica keeps the version id and the time of its original.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

from pipeline.attempt import MAX_ATTEMPT
from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectVersionTypeDef

_NAMED = 5
"""Lacking objects that are named."""


class Replica(NamedTuple):
    """What a region has of a slot's output."""

    state: Literal["whole", "incomplete", "missing"]
    marker: dict[str, Any] | None
    """None if it is missing, or no marker of the observer's."""
    lacking: int
    """Objects that are not there as the marker has them; at least so many of a truncated marker."""
    lacking_keys: list[str]
    """The first of those that the marker lists."""

    @property
    def is_checkable(self) -> bool:
        """Whether the marker tells of which versions it is; one from before `recovery` does not."""
        return "versions_sha256" in (self.marker or {})


class Versions:
    """A hash over the versions of objects, added in the order of their keys."""

    def __init__(self) -> None:
        self._digest, self.count = hashlib.sha256(), 0

    def add(self, key: str, version: str) -> None:
        """Add one object's."""
        self._digest.update(f"{key}\0{version}\n".encode())
        self.count += 1

    def sha256(self) -> str:
        """Return the hash of those added so far."""
        return self._digest.hexdigest()


def current(place: Prefix, s3: S3Client) -> Iterator[ObjectVersionTypeDef]:
    """Yield the current versions of what lies at a place, as Prefix.objects does.

    The version id is `null` in a bucket without versioning.
    """
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=place.bucket, Prefix=place.key)
    for page in pages:
        for item in page.get("Versions", []):
            if item.get("IsLatest") and place.is_data(item.get("Key", "")):
                yield item


def look(place: Prefix, s3: S3Client) -> Replica:
    """Return what is there of what a slot's marker lists.

    Of a marker that lists the first objects only, what is no older than the attempt's job must
    have the marker's hash, too. A million objects take no more memory than the marker.
    """
    if not place.has_marker(s3):
        return Replica("missing", None, 0, [])
    body = s3.get_object(Bucket=place.bucket, Key=place.marker)["Body"].read()
    marker = _parsed(body)
    if marker is None:
        return Replica("incomplete", None, 0, [])
    if "versions_sha256" not in marker:
        return Replica("incomplete", marker, marker["object_count"], [])
    lacking = {item["key"]: item["version"] for item in marker["objects"]}
    found = _compared(current(place, s3), lacking, datetime.fromisoformat(marker["created"]))
    number = len(lacking)
    if marker["truncated"] and found.sha256() != marker["versions_sha256"]:
        number = max(number, marker["object_count"] - found.count, 1)
    return Replica("incomplete" if number else "whole", marker, number, [*lacking][:_NAMED])


def _compared(
    objects: Iterable[ObjectVersionTypeDef], lacking: dict[str, str], created: datetime
) -> Versions:
    """Take from `lacking` what is there; return the versions of all that is not older."""
    versions, since = Versions(), created.replace(microsecond=0)  # S3's times are whole seconds
    for item in objects:
        key, version = item.get("Key", ""), item.get("VersionId", "")
        if lacking.get(key) == version:
            del lacking[key]
        if item.get("LastModified", since) >= since:
            versions.add(key, version)
    return versions


def _parsed(body: bytes) -> dict[str, Any] | None:
    """Return a marker's content; None if the observer has not written it."""
    try:
        marker: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", marker) if _is_ours(marker) else None


def _is_ours(marker: Any) -> bool:  # noqa: ANN401 - whatever JSON it is
    """Return whether all can be read of it that this program reads; a person's is not trusted."""
    try:
        count, number = marker["object_count"], marker.get("attempt", 1)
        instants = [marker[name] for name in ("created", "ended") if marker.get(name)]
        if "versions_sha256" in marker:
            instants.append(marker["created"])
            _ = marker["truncated"], [(each["key"], each["version"]) for each in marker["objects"]]
        aware = all(datetime.fromisoformat(each).tzinfo for each in instants)
    except (LookupError, TypeError, ValueError, AttributeError):
        return False
    return aware and type(count) is int and type(number) is int and 1 <= number <= MAX_ATTEMPT
