"""The base image: which one is in force, and whether its name says exactly which it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT = re.compile(r"^ARG BASE_IMAGE=(\S+)", re.MULTILINE)
_REFERENCE = re.compile(
    r"(?P<name>(\w[\w.-]*(:\d+)?/)?\w[\w./-]*)"
    r"(:(?P<tag>\w[\w.-]{0,127}))?(@(?P<digest>sha256:[0-9a-f]{64}))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Reference:
    """An image's name, in its parts."""

    name: str
    """Repository, with its registry if that is not Docker Hub."""
    tag: str | None
    """Means whatever was pushed last."""
    digest: str | None
    """Means one image for ever, or one for each platform; what the tag says no longer counts."""


def parse(text: str) -> Reference | None:
    """Return the parts of `name[:tag][@digest]`, or None for what is no image's name."""
    found = _REFERENCE.fullmatch(text)
    return Reference(found["name"], found["tag"], found["digest"]) if found else None


def in_force(context: Path, setting: str | None) -> str | None:
    """Return the image that the build begins from; None if the Dockerfile leaves it to nobody.

    Args:
        context: the build context; its Dockerfile has the default, `ARG BASE_IMAGE=`.
        setting: the stack's base_image, which replaces it.
    """
    default = _DEFAULT.search((context / "Dockerfile").read_text("utf-8"))
    return setting or (default[1] if default else None)


def warning(image: str | None, stack: str) -> str | None:
    """Return what a preview says of a base image whose name does not say exactly which it is."""
    known = parse(image) if image else None
    if image is None or (known and known.digest):
        return None
    return (
        f"base_image: {image} has no digest, so it may be another image at each build. "
        f"Pin it: python -m ops base-image --stack {stack}"
    )
