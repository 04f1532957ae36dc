"""Pulumi's shapes of values in those of boto3."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, cast

import pulumi


def pascal(tree: Any) -> Any:  # noqa: ANN401 - a tree of JSON
    """Return Pulumi's camelCase keys in boto3's PascalCase, all the way down."""
    if isinstance(tree, dict):
        items = cast("dict[str, Any]", tree).items()
        return {key[0].upper() + key[1:]: pascal(value) for key, value in items}
    return [pascal(item) for item in cast("list[Any]", tree)] if isinstance(tree, list) else tree


def given(**values: Any) -> dict[str, Any]:  # noqa: ANN401 - values of any kind
    """Return the parameters that have a value: boto3 takes no None."""
    return {name: value for name, value in values.items() if value is not None}


def zipped(archive: pulumi.AssetArchive) -> bytes:
    """Return an archive of files and strings as zip, the same bytes for the same content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, asset in sorted(archive.assets.items()):
            if isinstance(asset, pulumi.StringAsset):
                content = asset.text.encode()
            elif isinstance(asset, pulumi.FileAsset):
                content = Path(asset.path).read_bytes()
            else:
                raise NotImplementedError(f"{name}: only files and strings can be archived")
            file.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()
