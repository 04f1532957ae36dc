"""Pulumi's values in the form that AWS's own service model (botocore) has for them."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any, cast

import pulumi

State = dict[str, Any]

_OTHERWISE = {"inputPaths": "InputPathsMap"}
"""Pulumi's key -> AWS's, where more than capitals differs."""


def fitted(value: Any, shape: Any) -> Any:  # noqa: ANN401 - trees of JSON and of botocore's shapes
    """Return a value as boto3 takes it: AWS's capitals, lists and texts, archives as bytes.

    Raises:
        NotImplementedError: AWS has no such key.
    """
    if shape.type_name == "structure":
        return _structure(value, shape.members)
    if shape.type_name == "list":
        element = shape.member
        if isinstance(value, dict) and "Value" in getattr(element, "members", {}):
            # Tags and dimensions: a mapping for Pulumi, a list of pairs for AWS.
            pairs = cast("dict[str, str]", value).items()
            return [dict(zip(element.members, pair, strict=True)) for pair in pairs]
        entries = cast("list[Any]", value if isinstance(value, list) else [value])
        return [fitted(entry, element) for entry in entries]
    if shape.type_name == "map":
        texts = cast("dict[str, Any]", value).items()
        return {name: text if isinstance(text, str) else json.dumps(text) for name, text in texts}
    return zipped(value) if shape.type_name == "blob" else value


def _structure(value: Any, members: dict[str, Any]) -> State:  # noqa: ANN401 - as above
    [only] = cast("list[State]", value if isinstance(value, list) else [value])
    names = {name.lower(): name for name in members}
    found: State = {}
    for key, item in only.items():
        name = names.get(_OTHERWISE.get(key, key).lower())
        if name is None:
            raise NotImplementedError(f"the embedded AWS does not know its input {key}")
        found[name] = fitted(item, members[name])
    return found


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
