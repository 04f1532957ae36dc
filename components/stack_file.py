"""Pulumi's own files, read without Pulumi: for whoever needs a stack's settings outside of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def keys(directory: Path, stack: str) -> dict[str, str]:
    """Return a stack file's configuration as Pulumi hands it to a program: structures as JSON."""
    document = yaml.safe_load((directory / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in document["config"].items()
    }


def project(directory: Path) -> str:
    """Return the project's name."""
    return yaml.safe_load((directory / "Pulumi.yaml").read_text("utf-8"))["name"]
