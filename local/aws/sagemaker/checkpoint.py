"""A training job's checkpoint: in the container before it starts, and in S3 as it changes.

As documented, uncompressed, what the script deletes is deleted in S3 too, and what others add there
later does not come into the container. SageMaker Developer Guide, "Checkpoints in Amazon SageMaker
AI".
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.aws.sagemaker.hosts import JobFailedError, local_path
from local.aws.sagemaker.job import Job, Place
from local.aws.sagemaker.job_data import ONE_THREAD, download, object_of, output_files

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_POLL_S = 0.2
"""Between two looks at the directory: a local job may be over within seconds."""


def restore(s3: S3Client, kept: Place, ml: Path, stop: threading.Event) -> None:
    """Download what an earlier start or attempt left, if anything.

    Raises:
        JobFailedError: no access, or a key that makes no file.
    """
    below = Place(f"{kept.uri.rstrip('/')}/", kept.path)
    download(s3, below, [ml], stop, may_be_empty=True)


@contextmanager
def mirrored(s3: S3Client, job: Job, kept: Place, ml: Path) -> Generator[None]:
    """Keep S3 like the directory while the block runs, and once more at its end.

    Of a machine that is reclaimed nothing is saved from then on.

    Raises:
        JobFailedError: no access; the job was stopped as soon as this was seen.
    """
    mirror, ended = _Mirror(s3, job, kept, ml), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(mirror.follow, ended)
        try:
            yield
        finally:
            ended.set()
    following.result()
    mirror.update(last=True)


class _Mirror:
    def __init__(self, s3: S3Client, job: Job, kept: Place, ml: Path) -> None:
        self._s3, self._job, self._kept = s3, job, kept
        self._directory = local_path(ml, kept)
        self._saved = {path: _stamp(path) for path in output_files(self._directory)}
        """Each file's stamp as S3 has it."""
        self._growing: set[Path] = set()
        """What was saved, and may have been seen before it was whole."""

    def follow(self, ended: threading.Event) -> None:
        """Update again and again."""
        try:
            while not ended.wait(_POLL_S):
                self.update(last=False)
        except JobFailedError:
            self._job.stop.set()
            raise

    def update(self, *, last: bool) -> None:
        """Upload what is new or changed, delete what is gone.

        While the script runs (not `last`), what cannot be read now is left to the next time.
        """
        passing = () if last else (OSError,)
        try:
            with suppress(*passing):
                found = {path: _stamp(path) for path in output_files(self._directory)}
                for path, stamp in found.items():
                    with suppress(*passing):
                        self._save(path, stamp, last=last)
                for path in self._saved.keys() - found.keys():
                    self._delete(path)
        except (BotoCoreError, ClientError, OSError) as error:
            uri = self._kept.uri
            raise JobFailedError(f"ClientError: Data upload failed: {uri}: {error}") from error

    def _save(self, path: Path, stamp: tuple[int, ...], *, last: bool) -> None:
        if self._job.reclaimed.is_set():
            return
        if changed := self._saved.get(path) != stamp:
            self._upload(path)
            self._saved[path] = stamp
            self._growing.add(path)
        if path in self._growing and (last or not changed):
            self._growing.remove(path)
            self._job.at("Kept")

    def _upload(self, path: Path) -> None:
        bucket, key = object_of(self._kept, path.relative_to(self._directory))
        # A copy, since the script may write meanwhile: what is sent must not change its size.
        where = self._directory
        with _opened(path, where) as file, tempfile.TemporaryFile(dir=where.parent) as copy:
            shutil.copyfileobj(file, copy)
            copy.seek(0)
            self._s3.upload_fileobj(copy, bucket, key, Config=ONE_THREAD)

    def _delete(self, path: Path) -> None:
        if not self._job.reclaimed.is_set():
            bucket, key = object_of(self._kept, path.relative_to(self._directory))
            self._s3.delete_object(Bucket=bucket, Key=key)
            del self._saved[path]


@contextmanager
def _opened(path: Path, directory: Path) -> Generator[IO[bytes]]:
    """Open a file that is really there: the script may have put a link in its place by now."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with os.fdopen(os.open(path, flags), "rb") as file:
        if not Path(f"/proc/self/fd/{file.fileno()}").resolve().is_relative_to(directory):
            raise FileNotFoundError(path)
        yield file


def _stamp(path: Path) -> tuple[int, ...]:
    found = path.lstat()
    return found.st_mtime_ns, found.st_size, found.st_ino
