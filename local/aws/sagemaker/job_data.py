"""A job's data: its hosts' directories, filled from S3 before it, saved to S3 after.

What is moved is moved with the job's own role.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.sagemaker.hosts import JobFailedError, local_path
from local.aws.sagemaker.job import Place

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_LONGEST_NAME = 255
"""Bytes, of the usual file systems."""
_LONGEST_KEY = 1024
"""Bytes (S3 User Guide, "Naming Amazon S3 objects"); moto takes more."""
_PARALLEL = 8
# Files are moved in parallel instead; a file of any size takes a few MB of memory.
ONE_THREAD = TransferConfig(use_threads=False)


def input_file(directory: Path, key: str, prefix: str) -> Path:
    """Return the file of an input object: what follows the prefix's last slash stays as it is.

    Raises:
        JobFailedError: the key would lead out of the directory, or is not a plain path.
    """
    relative = key[prefix.rfind("/") + 1 :]
    parts = relative.split("/")
    if "\0" in key or any(part in {"", ".", ".."} for part in parts):
        problem = f"is no plain path below {prefix!r}"
    elif any(len(part.encode()) > _LONGEST_NAME for part in parts):
        problem = f"has a part of more than the {_LONGEST_NAME} bytes of a file's name"
    else:
        return directory / relative
    raise JobFailedError(f"ClientError: Data download failed: the key {key!r} {problem}")


def output_files(directory: Path) -> Iterator[Path]:
    """Yield the regular files below an output directory; symbolic links are not followed.

    Raises:
        OSError: a directory cannot be read. Passing over it would lose what is in it.
    """
    if os.path.realpath(directory) != str(directory) or not directory.is_dir():
        return
    for place, _, names in os.walk(directory, onerror=_raise):
        for path in (Path(place, name) for name in names):
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _raise(error: OSError) -> None:
    raise error


def download(
    s3: S3Client,
    source: Place,
    hosts: Sequence[Path],
    stop: threading.Event,
    *,
    may_be_empty: bool = False,
) -> None:
    """Download one input (S3Prefix, File) to every host, whole or sharded by key.

    Setting `stop` ends it between two files.

    Raises:
        JobFailedError: nothing under the prefix, no access, a key that is no plain path, or one
            that is also the directory of another: AWS's way with those is not documented.
    """
    uri = source.uri
    bucket, prefix = bucket_and_key(uri)
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        # An empty object whose key ends in a slash is a console's "folder", not data.
        keys = [key for key in pages.search("Contents[].Key") if key and not key.endswith("/")]
        if not keys and not may_be_empty:
            raise JobFailedError(
                f'ClientError: No S3 objects found under S3 URL "{uri}". Ensure that the bucket '
                "exists in the region and that objects exist under that prefix"
            )
        tasks = [
            (key, input_file(local_path(ml, source), key, prefix))
            for number, ml in enumerate(hosts)
            for key in (keys[number :: len(hosts)] if source.sharded else keys)
        ]

        def fetch(task: tuple[str, Path]) -> None:
            key, path = task
            if stop.is_set():
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            with path.open("xb") as file:
                shutil.copyfileobj(body, file, 1024 * 1024)

        _in_parallel(fetch, tasks)
    except (BotoCoreError, ClientError, OSError) as error:
        raise JobFailedError(f"ClientError: Data download failed: {uri}: {error}") from error


def upload(s3: S3Client, target: Place, ml: Path, saved: Callable[[], bool] = lambda: True) -> None:
    """Upload one output of one host: keys are the prefix and the path below its directory.

    `saved` is called after each file, and says whether to go on; no other is sent beside the first.

    Raises:
        JobFailedError: no access, or no such bucket.
    """
    directory, key_id, going_on = local_path(ml, target), target.key_id, True
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id} if key_id else {}

    def send(path: Path) -> None:
        nonlocal going_on
        if going_on:
            bucket, key = object_of(target, path.relative_to(directory))
            s3.upload_file(str(path), bucket, key, ExtraArgs=encryption, Config=ONE_THREAD)
            going_on = saved()

    try:
        files = output_files(directory)
        for first in islice(files, 1):
            send(first)
        _in_parallel(send, files)
    except (BotoCoreError, ClientError, S3UploadFailedError, OSError) as error:
        raise JobFailedError(f"ClientError: Data upload failed: {target.uri}: {error}") from error


def object_of(target: Place, path: Path) -> tuple[str, str]:
    """Return bucket and key of an output's file, whose path is relative to its directory.

    Raises:
        JobFailedError: S3 takes no such key.
    """
    bucket, prefix = bucket_and_key(target.uri)
    key = (f"{prefix.rstrip('/')}/" if prefix else "") + path.as_posix()
    if problem := key_problem(key):
        name = os.fsencode(path.name)
        raise JobFailedError(f"ClientError: Data upload failed: {target.uri}: {name!r} {problem}")
    return bucket, key


def key_problem(key: str) -> str | None:
    """Return why S3 takes no such key; None if it does, as any text of UTF-8."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is not UTF-8, as a key has to be"
    if size > _LONGEST_KEY:
        return f"would have a key of {size} bytes, S3 takes {_LONGEST_KEY}"
    return None


def bucket_and_key(uri: str) -> tuple[str, str]:
    """Return what `s3://bucket/key` names."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _in_parallel(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(work, items))
