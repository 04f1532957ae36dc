"""The Python packages that a function carries: Lambda's runtime has none but the AWS SDK."""

from __future__ import annotations

import os
import re
from importlib import metadata
from pathlib import Path

import pulumi

NAMES = ("aws-lambda-powertools", "jmespath", "typing-extensions")
"""Powertools and what it needs: all of them plain Python, the same for every processor."""

_LOCK = Path("requirements.txt")


class PackageError(pulumi.RunError):
    """A package is not installed as it is locked."""


def files() -> dict[str, Path]:
    """Return the packages' sources and licences: place in the archive -> file.

    They are those of the wheels that requirements.txt pins by hash, so the same on every machine;
    what an installer adds by itself, such as bytecode, is left out.

    Raises:
        PackageError: one is missing, or has another version.
    """
    locked = dict(re.findall(r"^([\w.-]+)==([^\s;]+)", _LOCK.read_text("utf-8"), re.MULTILINE))
    return {
        file.as_posix(): Path(os.path.relpath(str(file.locate())))
        for name in NAMES
        for file in _installed(name, locked[name]).files or ()
        if ".." not in file.parts and (file.suffix == ".py" or file.name == "LICENSE")
    }


def _installed(name: str, version: str) -> metadata.Distribution:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        has = "is not installed"
    else:
        if found.version == version:
            return found
        has = f"is installed in version {found.version}"
    raise PackageError(f"{name} {has}; {_LOCK} has {version}: run `pulumi install`")
