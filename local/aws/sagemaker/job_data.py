"""A job's data: its hosts' directories under /opt/ml, filled from S3 before it, saved to S3 after.

Layout and fields: SageMaker Developer Guide, "How Amazon SageMaker Processing configures your
processing container". What is moved is moved with the job's own role.
"""

from __future__ import annotations

import codecs
import json
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.sagemaker.job import LONGEST_REASON, Job

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client


_NOT_CONFIGURED = ("NetworkConfig", "Tags")
"""Of a request, what the container is not told."""
_LONGEST_NAME = 255
"""Bytes, of the usual file systems."""
_LONGEST_KEY = 1024
"""Bytes (S3 User Guide, "Naming Amazon S3 objects"); moto takes more."""
_PARALLEL = 8
# Files are moved in parallel instead; a file of any size takes a few MB of memory.
_ONE_THREAD = TransferConfig(use_threads=False)


class JobFailedError(Exception):
    """The job has to end as Failed, for this reason."""


def host_names(job: Job) -> list[str]:
    """Return the names that SageMaker gives to the job's hosts: algo-1, algo-2 and so on."""
    count: int = job.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
    return [f"algo-{number}" for number in range(1, count + 1)]


def prepare(ml: Path, job: Job, host: str) -> None:
    """Create one host's /opt/ml at `ml`: the two configuration files and all directories."""
    config = ml / "config"
    data = [local_path(ml, each) for each in (*job.inputs, *job.outputs)]
    for directory in (config, ml / "output", ml / "processing", *data):
        directory.mkdir(parents=True, exist_ok=True)
    known = {key: job.request[key] for key in job.request if key not in _NOT_CONFIGURED}
    for name, content in {
        "resourceconfig": {"current_host": host, "hosts": host_names(job)},
        "processingjobconfig": {"ProcessingJobArn": job.arn, **known},
    }.items():
        (config / f"{name}.json").write_text(json.dumps(content, indent=2), encoding="utf-8")


def local_path(ml: Path, data: dict[str, Any]) -> Path:
    """Return where an S3Input's or S3Output's LocalPath lies on this machine."""
    return ml / Path(data["LocalPath"]).relative_to("/opt/ml")


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


def exit_message(hosts: Sequence[Path]) -> str | None:
    """Return what the containers wrote to /opt/ml/output/message, joined and cut to 1 KB.

    Raises:
        JobFailedError: it is not UTF-8, which fails the job on SageMaker too.
    """
    content = b""
    for path in (ml / "output" / "message" for ml in hosts):
        # The script may have put anything there; a link could lead to a file of this machine.
        if os.path.realpath(path) == str(path) and path.is_file():
            with path.open("rb") as file:
                content += file.read(LONGEST_REASON + 1)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        text = decoder.decode(content[:LONGEST_REASON], final=len(content) <= LONGEST_REASON)
    except UnicodeDecodeError as error:
        raise JobFailedError(
            f"AlgorithmError: /opt/ml/output/message is not valid UTF-8: {error}"
        ) from error
    return text or None


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
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        # An empty object whose key ends in a slash is a console's "folder", not data.
        keys = [key for key in pages.search("Contents[].Key") if key and not key.endswith("/")]
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
            if stop.is_set():
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            body = s3.get_object(Bucket=bucket, Key=key)["Body"]
            with path.open("xb") as file:
                shutil.copyfileobj(body, file, 1024 * 1024)

        _in_parallel(fetch, tasks)
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
        if problem := key_problem(key):
            name = os.fsencode(path.name)
            raise JobFailedError(f"ClientError: Data upload failed: {uri}: {name!r} {problem}")
        s3.upload_file(str(path), bucket, key, ExtraArgs=encryption, Config=_ONE_THREAD)

    try:
        _in_parallel(send, output_files(directory))
    except (BotoCoreError, ClientError, S3UploadFailedError, OSError) as error:
        raise JobFailedError(f"ClientError: Data upload failed: {uri}: {error}") from error


def key_problem(key: str) -> str | None:
    """Return why S3 takes no such key; None if it does, as any text of UTF-8."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is not UTF-8, as a key has to be"
    if size > _LONGEST_KEY:
        return f"would have a key of {size} bytes, S3 takes {_LONGEST_KEY}"
    return None


def _bucket_and_key(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _in_parallel(work: Callable[[Any], None], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(_PARALLEL) as pool:
        list(pool.map(work, items))
