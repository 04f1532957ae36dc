"""A directory of this machine as a slot's input."""

import os
from collections.abc import Callable
from pathlib import Path

from boto3.exceptions import Boto3Error

from local.aws.endpoint import LocalAws
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

    def refuse(path: Path, problem: str) -> None:
        problems.append(f"{_shown(path.relative_to(root))} {problem}")

    def closed(error: OSError) -> None:
        refuse(Path(error.filename), f"cannot be read: {error.strerror}")

    for name, directories, files in os.walk(root, onerror=closed, followlinks=True):
        here = Path(name)
        above = [here, *here.parents][1 : len(here.parts) - len(root.parts) + 1]
        if here.resolve() in {path.resolve() for path in above}:
            refuse(here, "is a link to a directory that it is in")
            directories.clear()
            continue
        for path in (here / file for file in files):
            key = prefix + path.relative_to(root).as_posix()
            if problem := _problem(path) or key_problem(key):
                refuse(path, problem)
            found[key] = path
    if problems:
        more = len(problems) - _MOST_TOLD
        told = [*sorted(problems)[:_MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
        raise InputError(f"the input cannot be uploaded: {'; '.join(told)}")
    return dict(sorted(found.items()))


def upload(
    aws: LocalAws, bucket: str, files: dict[str, Path], on_file: Callable[[Path], None]
) -> None:
    """Upload files by their keys.

    Raises:
        InputError: names the file that could not be read, or was refused.
    """
    for key, path in files.items():
        on_file(path)
        try:
            aws.client("s3").upload_file(str(path), bucket, key)
        except (Boto3Error, OSError) as error:
            raise InputError(f"{_shown(path)} cannot be uploaded: {error}") from error


def _problem(path: Path) -> str | None:
    if path.is_file():
        return None
    if path.is_symlink() and not path.exists():
        return f"is a link to {_shown(path.readlink())}, which is not there"
    return "is neither a file nor a directory"


def _shown(path: Path) -> str:
    """Return a path on one line, with a mark where it is no text that can be printed."""
    return printable(str(path)).translate({ord(char): "�" for char in "\n\t"})
