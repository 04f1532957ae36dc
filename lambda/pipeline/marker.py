"""A slot's success marker: where it lies, and how it is taken back. The observer writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

MARKER = "_SUCCESS"


def withdraw(s3: S3Client, bucket: str, prefix: str) -> None:
    """Delete the marker of an output prefix, if there is one.

    It is looked for first: a delete of nothing would leave a delete marker in a versioned bucket,
    where what is deleted here can be had back until retention.noncurrent_days have passed.
    """
    key = prefix + MARKER
    # The first key that begins so is the marker's, if it exists.
    found = s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents", [])
    if any(item.get("Key") == key for item in found):
        s3.delete_object(Bucket=bucket, Key=key)
