"""A slot's place in S3: what lies there, object by object, and its success marker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.contract import MARKER

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


@dataclass(frozen=True)
class Prefix:
    """A place in S3."""

    bucket: str
    key: str
    ready: str | None = None
    """Below it: the object that says that it is complete, where somebody else than us writes it."""

    @property
    def uri(self) -> str:
        """Its S3 URI."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def marker(self) -> str:
        """The key of its success marker, which the observer writes."""
        return self.key + MARKER

    def objects(self, s3: S3Client) -> Iterator[ObjectTypeDef]:
        """Yield what lies there, in S3's order: by key. A million take no more memory than one.

        Left out are the marker, what says that it is ready, and keys that end in a slash: the
        console's folders.
        """
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.key)
        for page in pages:
            yield from (
                item for item in page.get("Contents", []) if self.is_data(item.get("Key", ""))
            )

    def is_data(self, key: str) -> bool:
        """Return whether a key is an object's that somebody would process."""
        said = self.marker, self.ready and self.key + self.ready
        return key not in said and not key.endswith("/")

    def withdraw_marker(self, s3: S3Client) -> None:
        """Delete the marker, if there is one.

        It is looked for first: a delete of nothing would leave a delete marker in a versioned
        bucket, where what is deleted here can be had back until retention.noncurrent_days are over.
        """
        if self.has_marker(s3):
            s3.delete_object(Bucket=self.bucket, Key=self.marker)

    def has_marker(self, s3: S3Client) -> bool:
        """Return whether there is a marker."""
        return self.has(MARKER, s3)

    def has(self, name: str, s3: S3Client) -> bool:
        """Return whether there is an object of that name; to list it takes no right to read."""
        # The first key that begins so is the object's, if it exists.
        key = self.key + name
        listed = s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1)
        return any(item.get("Key") == key for item in listed.get("Contents", []))
