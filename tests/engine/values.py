"""Property trees as they travel between engine and provider: unknowns, secrets, archives, diffs."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from google.protobuf import json_format, struct_pb2

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a string that a preview cannot know.
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/plugin/rpc.go"""

SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key of an object that is an archive, an asset or a secret."""

_SECRET = "1b47061264138c4ac30d75fd1eb44270"


def to_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    return json_format.MessageToDict(struct)


def to_struct(tree: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(tree)
    return struct


def secret(value: Any) -> dict[str, Any]:
    return {SIGNATURE: _SECRET, "value": value}


def plain(value: Any) -> Any:
    """Return a tree without its secrets' wrappers."""
    if isinstance(value, dict):
        tree = cast("dict[str, Any]", value)
        if tree.get(SIGNATURE) == _SECRET:
            return plain(tree["value"])
        return {key: plain(each) for key, each in tree.items()}
    if isinstance(value, list):
        return [plain(each) for each in cast("list[Any]", value)]
    return value


def has_unknown(value: Any) -> bool:
    return any(text == UNKNOWN for text in strings(value))


def strings(value: Any) -> Iterator[str]:
    """Yield every string of a tree."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in cast("dict[str, Any]", value).values():
            yield from strings(each)
    elif isinstance(value, list):
        for each in cast("list[Any]", value):
            yield from strings(each)


def parsed(text: str) -> Any:
    """Return the object or list that a text is as JSON, else None."""
    if text[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return None


def differences(old: Any, new: Any, path: str) -> dict[str, str]:
    """Return path -> ADD, DELETE or UPDATE. Texts of the same JSON are no difference."""
    if old == new:
        return {}
    if isinstance(old, dict) and isinstance(new, dict):
        return _in_objects(cast("dict[str, Any]", old), cast("dict[str, Any]", new), path)
    if isinstance(old, list) and isinstance(new, list):
        return _in_lists(cast("list[Any]", old), cast("list[Any]", new), path)
    if isinstance(old, str) and isinstance(new, str):
        both = parsed(old), parsed(new)
        if both[0] is not None and both[0] == both[1]:
            return {}
    return {path: "UPDATE"}


def _in_objects(old: dict[str, Any], new: dict[str, Any], path: str) -> dict[str, str]:
    if SIGNATURE in old and SIGNATURE in new:
        return {} if old.get("hash") == new.get("hash") is not None else {path: "UPDATE"}
    found: dict[str, str] = {}
    for key in sorted({*old, *new}):
        simple = re.fullmatch(r"[A-Za-z_]\w*", key)
        inner = f'{path}["{key}"]' if not simple else f"{path}.{key}" if path else key
        if key not in old:
            found[inner] = "ADD"
        elif key not in new:
            found[inner] = "DELETE"
        else:
            found |= differences(old[key], new[key], inner)
    return found


def _in_lists(old: list[Any], new: list[Any], path: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for index in range(max(len(old), len(new))):
        inner = f"{path}[{index}]"
        if index >= len(old):
            found[inner] = "ADD"
        elif index >= len(new):
            found[inner] = "DELETE"
        else:
            found |= differences(old[index], new[index], inner)
    return found
