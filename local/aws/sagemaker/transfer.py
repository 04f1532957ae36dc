"""Move a job's data between S3 and its hosts' directories, with the job's own role."""

from __future__ import annotations

import os
import shutil
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local.aws import object_key
from local.aws.sagemaker.job_files import JobFailedError, input_file, local_path, output_files

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mypy_boto3_s3.client import S3Client

_Item = TypeVar("_Item")

_PARALLEL = 8
# Files are moved in parallel instead; a file of any size takes a few MB of memory.
_ONE_THREAD = TransferConfig(use_threads=False)


def download(
    s3: S3Client, source: dict[str, Any], hosts: Sequence[Path], stop: threading.Event
) -> None:
    """Download one S3Input (S3Prefix, File) to every host, whole or sharded by key.

    Setting `stop` ends it between two files.

    Raises:
        JobFailedError: nothing under the prefix, no access, a key that is no plain path, or one
            that is also the directory of another: AWS's way with those is not documented.
    """
    uri: str = source["S3Uri"]
    bucket, prefix = _bucket_and_key(uri)
    try:
        keys = list(_keys(s3, bucket, prefix))
        if not keys:
            raise JobFailedError(
                f'ClientError: No S3 objects found under S3 URL "{uri}". Ensure that the bucket '
                "exists in the region and that objects exist under that prefix"
            )
        sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
        tasks = [
            (key, input_file(local_path(ml, source), key, prefix))
            for number, ml in enumerate(hosts)
            for key in (keys[number :: len(hosts)] if sharded else keys)
        ]

        def fetch(task: tuple[str, Path]) -> None:
            key, path = task
            path.parent.mkdir(parents=True, exist_ok=True)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            with path.open("xb") as file:
                shutil.copyfileobj(body, file, 1024 * 1024)

        _in_parallel(fetch, tasks, stop)
    except (BotoCoreError, ClientError, OSError) as error:
        raise JobFailedError(f"ClientError: Data download failed: {uri}: {error}") from error


def upload(s3: S3Client, target: dict[str, Any], key_id: str | None, ml: Path) -> None:
    """Upload one S3Output of one host: keys are the prefix and the path below LocalPath.

    Without `key_id`, of SSE-KMS, the bucket's default encryption holds.

    Raises:
        JobFailedError: no access, or no such bucket.
    """
    uri: str = target["S3Uri"]
    bucket, prefix = _bucket_and_key(uri)
    prefix = f"{prefix.rstrip('/')}/" if prefix else ""
    directory = local_path(ml, target)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}

    def send(path: Path) -> None:
        key = prefix + path.relative_to(directory).as_posix()
        if problem := object_key.problem(key):
            name = os.fsencode(path.name)
            raise JobFailedError(f"ClientError: Data upload failed: {uri}: {name!r} {problem}")
        s3.upload_file(str(path), bucket, key, ExtraArgs=encryption, Config=_ONE_THREAD)

    try:
        _in_parallel(send, output_files(directory))
    except (BotoCoreError, ClientError, S3UploadFailedError, OSError) as error:
        raise JobFailedError(f"ClientError: Data upload failed: {uri}: {error}") from error


def _keys(s3: S3Client, bucket: str, prefix: str) -> Iterable[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    for page in pages:
        for item in page.get("Contents", []):
            # An empty object whose key ends in a slash is a console's "folder", not data.
            if not item.get("Key", "").endswith("/"):
                yield item.get("Key", "")


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _in_parallel(
    work: Callable[[_Item], None], items: Iterable[_Item], stop: threading.Event | None = None
) -> None:
    def guarded(item: _Item) -> None:
        if not (stop and stop.is_set()):
            work(item)

    with ThreadPoolExecutor(_PARALLEL) as pool:
        deque(pool.map(guarded, items), maxlen=0)
