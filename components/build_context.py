"""The build context's fingerprint: the same files make the same tag, on every machine."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG_LENGTH = 16
"""64 bits of the hash: enough that no two contexts of a repository share a tag."""


def tag(context: Path, build_args: Mapping[str, str]) -> str:
    """Return an image tag made of all that the build reads.

    Args:
        context: the build context; every file in it counts, with name, run bit and content.
        build_args: the build's arguments.
    """
    digest = hashlib.sha256()
    for path in sorted(file for file in context.rglob("*") if file.is_file()):
        executable = path.stat().st_mode & 0o100 != 0
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(context).as_posix()}\0{executable}\0{content}\n".encode())
    for key, value in sorted(build_args.items()):
        digest.update(f"{key}={value}\n".encode())
    return digest.hexdigest()[:_TAG_LENGTH]
