"""Pulumi's own files, read without Pulumi: for whoever needs a stack's settings outside of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def keys(directory: Path, stack: str) -> dict[str, str]:
    """Return a stack file's configuration as Pulumi hands it to a program: structures as JSON.

    What Pulumi has encrypted nobody can read here. It is left out, with the entry of a list that
    holds it: a subscription without its endpoint would be none.
    """
    document = yaml.safe_load((directory / f"Pulumi.{stack}.yaml").read_text("utf-8"))
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in _readable(document["config"]).items()
    }


def _readable(value: Any) -> Any:  # noqa: ANN401 - a tree of YAML
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        return {key: _readable(each) for key, each in tree.items() if not _encrypted(each)}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_readable(each) for each in items if not _encrypted(each, inside=True)]
    return value


def _encrypted(value: Any, *, inside: bool = False) -> bool:  # noqa: ANN401 - a tree of YAML
    """Return whether a value is encrypted, or with `inside` whether anything in it is."""
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        if tree.keys() == {"secure"}:
            return True
        return inside and any(_encrypted(each, inside=True) for each in tree.values())
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return inside and any(_encrypted(each, inside=True) for each in items)
    return False


def project(directory: Path) -> str:
    """Return the project's name."""
    return yaml.safe_load((directory / "Pulumi.yaml").read_text("utf-8"))["name"]
