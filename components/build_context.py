"""The build context: which files the image is made of, whatever else a checkout holds or loses."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pulumi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

CONTEXT = Path("container")
"""In the project's directory."""
DOCKERFILE = "Dockerfile"
_SCRIPT = "scripts/process_data.sh"
_IGNORE_FILE = ".dockerignore"
_LISTS = (DOCKERFILE, _IGNORE_FILE, "apt.txt", "requirements.txt")
"""Files that the build reads line by line."""

_HASH_LENGTH = 16
"""64 bits of the hash: enough that no two contexts of a repository share a tag."""

_STAGE = ".build"
"""Beside the context, and not under version control: copies of contexts, as they are built."""

_MODE = 0o755
"""Of every file and directory: Windows, WSL and a umask give a checkout others than git has."""


class ContextError(pulumi.RunError, ValueError):
    """A build context or script that makes no image that runs; names each file and its cure."""


def files(context: Path) -> list[Path]:
    """Return the files that the build can see, relative to the context.

    Raises:
        ContextError: .dockerignore has a pattern that is not understood, or a file is a link.
    """
    rules = list(_rules(context))
    found = sorted(path for path in context.rglob("*") if not path.is_dir() or path.is_symlink())
    seen = [path for path in found if _is_seen(path.relative_to(context).as_posix(), rules)]
    links = [path for path in seen if path.is_symlink()]
    if links:
        raise ContextError(
            "\n".join(f"{path} is a link: put the file itself there" for path in links)
        )
    return [path.relative_to(context) for path in seen]


def tag(context: Path, build_args: Mapping[str, str]) -> str:
    """Return an image tag made of all that the build reads: one commit, one tag.

    Args:
        context: the build context; of every file in it that .dockerignore leaves, name and content
            count. Modes do not, since `copy` sets them.
        build_args: the build's arguments.
    """
    arguments = "".join(f"{key}={value}\n" for key, value in sorted(build_args.items()))
    return _hash(_listing(context) + arguments)


def copy(context: Path, target: Path) -> None:
    """Copy what the build can see into a new directory, with the same modes and times everywhere.

    Docker keeps both in the image's layers.
    """
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
    target = context.parent / _STAGE / _hash(_listing(context))
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


def check(context: Path, script: Path | None = None) -> None:
    """Refuse what would fail only in a job that is paid for: line ends of Windows.

    Args:
        context: the build context; its scripts, lists and Dockerfile are checked.
        script: takes the place of the context's own script.

    Raises:
        ContextError: names each file, the first line that is wrong, and the cure; or there is no
            Dockerfile, or no script.
    """
    if not (context / DOCKERFILE).is_file():
        raise ContextError(f"{context / DOCKERFILE} is missing, so there is nothing to build")
    if not script and not (context / _SCRIPT).is_file():
        raise ContextError(f"{context / _SCRIPT} is missing, so a job has nothing to run")
    paths = [context / path for path in files(context)]
    read = [path for path in paths if path.name in _LISTS or _is_script(path)]
    problems = [_line_ends(path) for path in (*read, *([script] if script else []))]
    if refused := [problem for problem in problems if problem]:
        raise ContextError("\n".join(refused))


def _listing(context: Path) -> str:
    """Return the name and the content's hash of every file, a line for each."""
    return "".join(
        f"{path.as_posix()}\0{hashlib.sha256((context / path).read_bytes()).hexdigest()}\n"
        for path in files(context)
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH]


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return path.suffix == ".sh" or file.read(2) == b"#!"


def _line_ends(path: Path) -> str | None:
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.endswith(b"\r"):
            cure = rf"sed -i 's/\r$//' {path}"
            return f"{path}: line {number} ends in CRLF: save it with LF, `{cure}`"
    return None


def _rules(context: Path) -> Iterator[tuple[re.Pattern[str], bool]]:
    """Read .dockerignore: what each pattern matches, and whether it is an exception (`!`)."""
    path = context / _IGNORE_FILE
    lines = path.read_text("utf-8-sig").splitlines() if path.is_file() else []
    for line in lines:
        text = line.strip()
        if text and not line.startswith("#"):
            body = text.removeprefix("!").strip()
            yield _pattern(body, path), text.startswith("!")


def _pattern(text: str, source: Path) -> re.Pattern[str]:
    """Return what a pattern matches, in Docker's rules: docs.docker.com/build/concepts/context."""
    if set(text) & set("[]\\"):
        raise ContextError(f"{source}: {text}: only *, ** and ? are understood; write it with them")
    parts = re.split(r"(\*\*/?|\*|\?)", os.path.normpath(text).lstrip("/"))
    known = {"**": "(.*/)?", "**/": "(.*/)?", "*": "[^/]*", "?": "[^/]"}
    last = ".*" if parts[-2:] == ["**", ""] else ""
    body = parts[:-2] if last else parts
    return re.compile("".join(known.get(part) or re.escape(part) for part in body) + last)


def _is_seen(path: str, rules: Iterable[tuple[re.Pattern[str], bool]]) -> bool:
    """Tell whether the build can see a file: the last rule that matches it, or a parent, counts."""
    if path == DOCKERFILE:
        return True
    names = [path, *(parent.as_posix() for parent in Path(path).parents)][:-1]  # without "."
    seen = True
    for pattern, is_exception in rules:
        if any(pattern.fullmatch(name) for name in names):
            seen = is_exception
    return seen
