"""A directory of this machine as a slot's input."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from local.aws.sagemaker.job_data import key_problem
from pipeline.text import printable

_MOST_TOLD = 5


class InputError(Exception):
    """Files that cannot be a slot's input, by name."""


def find(root: Path, prefix: str) -> dict[str, Path]:
    """Return the files below a directory by the keys that they get; links are followed.

    Raises:
        InputError: there are some that can be no object; it names the first of them.
    """
    found: dict[str, Path] = {}
    problems: list[str] = []
    for path, failed in _walk(root, (root.resolve(),)):
        key = prefix + path.relative_to(root).as_posix()
        if problem := failed or key_problem(key):
            problems.append(f"{_shown(path.relative_to(root))} {problem}")
        else:
            found[key] = path
    if problems:
        more = len(problems) - _MOST_TOLD
        told = [*problems[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
        raise InputError(f"the input cannot be uploaded: {'; '.join(told)}")
    return found


def upload(
    s3: Any,  # noqa: ANN401 - a boto3 client
    bucket: str,
    files: dict[str, Path],
    on_file: Callable[[Path], None],
) -> None:
    """Upload files by their keys.

    Raises:
        InputError: names the file that could not be read, or was refused.
    """
    for key, path in files.items():
        on_file(path)
        try:
            s3.upload_file(str(path), bucket, key)
        except OSError as error:
            raise InputError(f"{_shown(path)} cannot be read: {error.strerror}") from error
        except (Boto3Error, BotoCoreError, ClientError) as error:
            raise InputError(f"{_shown(path)} cannot be uploaded: {error}") from error


def _walk(directory: Path, above: tuple[Path, ...]) -> Iterator[tuple[Path, str | None]]:
    """Yield what is no directory, sorted, each with why it can be no input, if it cannot.

    Args:
        directory: where to begin.
        above: the real paths of all directories that it is in, and its own.
    """
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError as error:
        yield directory, f"cannot be read: {error.strerror}"
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.is_dir():
            real = path.resolve()
            if real in above:
                yield path, "is a link to a directory that it is in"
            else:
                yield from _walk(path, (*above, real))
        else:
            yield path, _unreadable(path)


def _unreadable(path: Path) -> str | None:
    if path.is_symlink() and not path.exists():
        return f"is a link to {_shown(path.readlink())}, which is not there"
    if not path.is_file():
        return "is neither a file nor a directory"
    return None if os.access(path, os.R_OK) else "cannot be read: Permission denied"


def _shown(path: Path) -> str:
    """Return a path on one line, with a mark where it is no text that can be printed."""
    return printable(str(path)).translate({ord(char): "�" for char in "\n\t"})
