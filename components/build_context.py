"""The build context: which files the image is made of, whatever else a checkout holds or loses."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import Path

import pulumi

CONTEXT = Path("container")
"""In the project's directory."""
DOCKERFILE = "Dockerfile"
SCRIPTS = "scripts"
"""In the context: what a schedule's `script` is in."""
_JUNK = (".*", "*~", "*.bak", "*.orig", "*.pyc", "__pycache__", "Thumbs.db", "desktop.ini")
"""What a machine leaves beside the files; everything else is in the image."""
_NOT_READ = ".dockerignore"
_LISTS = (DOCKERFILE, "apt.txt", "requirements.txt")
"""Files that the build reads line by line."""
_STAGE = ".build"
"""Beside the context, and not under version control: copies of contexts, as they are built."""
_MODE = 0o755
"""Of every file and directory: Windows, WSL and a umask give a checkout others than git has."""


class ContextError(pulumi.RunError, ValueError):
    """A build context or script that makes no image that runs; names each file and its cure."""


def files(context: Path) -> list[Path]:
    """Return the files that the build can see, relative to the context.

    Raises:
        ContextError: a file is a link.
    """
    paths = [path.relative_to(context) for path in sorted(context.rglob("*"))]
    seen = [
        path
        for path in paths
        if not any(fnmatch(part, pattern) for part in path.parts for pattern in _JUNK)
    ]
    if links := [context / path for path in seen if (context / path).is_symlink()]:
        raise ContextError(
            "\n".join(f"{each} is a link: put the file itself there" for each in links)
        )
    return [path for path in seen if (context / path).is_file()]


def tag(context: Path, build_args: Mapping[str, str]) -> str:
    """Return an image tag made of all that the build reads: one commit, one tag.

    Of every file but junk name and content count; modes do not, since `copy` sets them.
    """
    return _hash(context, "".join(f"{key}={value}\n" for key, value in sorted(build_args.items())))


def copy(context: Path, target: Path) -> None:
    """Copy what the build can see into a new directory, with modes and times that layers keep."""
    target.mkdir(parents=True)
    for path in files(context):
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(context / path, target / path)
    for path in (target, *target.rglob("*")):
        path.chmod(_MODE)
        os.utime(path, (0, 0))


def stage(context: Path) -> Path:
    """Return the copy of a context that is built, named by what is in it: made once, never changed.

    Its path is the same text on every machine, as Pulumi's state keeps it.
    """
    target = context.parent / _STAGE / _hash(context)
    if not target.exists():
        target.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            copy(context, Path(scratch, "new"))
            try:
                Path(scratch, "new").rename(target)
            except OSError:
                if not target.is_dir():  # else another program was quicker, with the same files
                    raise
    return target


def check(context: Path, scripts: Mapping[str, str], stand_in: Path | None = None) -> None:
    """Refuse what would fail only in a job that is paid for: no script, or line ends of Windows.

    Args:
        context: the build context.
        scripts: schedule -> its script, below the context's scripts.
        stand_in: a file that takes the place of one of them, or a folder that does of all.

    Raises:
        ContextError: names each file and the cure; or there is no Dockerfile, or a .dockerignore.
    """
    if not (context / DOCKERFILE).is_file():
        raise ContextError(f"{context / DOCKERFILE} is missing, so there is nothing to build")
    if (context / _NOT_READ).exists():
        raise ContextError(
            f"{context / _NOT_READ} is not read, and all files are in the image: move out of "
            f"{context} what should not be there, then remove it"
        )
    folder = stand_in if stand_in and stand_in.is_dir() else context / SCRIPTS
    others = [context / path for path in files(context) if path.parts[0] != SCRIPTS]
    paths = [*others, *(folder / path for path in files(folder))]
    read = [path for path in paths if path.name in _LISTS or _is_script(path)]
    refused = [*_script_problems(folder, paths, scripts)]
    refused += [
        rf"{path} has line ends in CRLF: save it with LF, `sed -i 's/\r$//' {path}`"
        for path in (*read, *([stand_in] if stand_in and folder != stand_in else []))
        if b"\r\n" in path.read_bytes()
    ]
    if refused:
        raise ContextError("\n".join(refused))


def _script_problems(
    folder: Path, paths: Sequence[Path], scripts: Mapping[str, str]
) -> Iterator[str]:
    for script in sorted({*scripts.values()}):
        path = folder / script
        if path in paths and not _is_script(path):
            yield f"{path} has no first line #!, as in #!/usr/bin/env python3, to say what runs it"
        elif path not in paths:
            for_whom = ", ".join(name for name, its in scripts.items() if its == script)
            below = [each for each in paths if each.is_relative_to(folder) and _is_script(each)]
            known = ", ".join(each.relative_to(folder).as_posix() for each in below)
            yield (
                f"{path} is missing, so {for_whom} would have nothing to run; its `script` may be "
                f"{known or 'any file that you put there'}"
            )


def _hash(context: Path, arguments: str = "") -> str:
    """Return 64 bits of a hash: enough that no two contexts of a repository share a tag."""
    listing = "".join(
        f"{path.as_posix()}\0{hashlib.sha256((context / path).read_bytes()).hexdigest()}\n"
        for path in files(context)
    )
    return hashlib.sha256((listing + arguments).encode()).hexdigest()[:16]


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sh" or file.read(2) == b"#!"
