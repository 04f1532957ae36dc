"""Pulumi's own files, read without Pulumi: for whoever needs a stack's settings outside of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, cast

import yaml

from components.settings.errors import SettingsError, printable

if TYPE_CHECKING:
    from pathlib import Path


def keys(directory: Path, stack: str) -> dict[str, str]:
    """Return a stack file's configuration as Pulumi hands it to a program: structures as JSON.

    A key that holds something encrypted, which nobody can read here, is left out whole.

    Raises:
        SettingsError: there is no such file, or it is none that Pulumi would read.
    """
    file = directory / f"Pulumi.{stack}.yaml"
    document = _load(file)
    config: object = document.get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{file.name}: config must be a map of keys to values")
    readable = {
        str(key): value
        for key, value in cast("dict[object, object]", config).items()
        if not _encrypted(value)
    }
    return {
        key if ":" in key else f"{project(directory)}:{key}": _text(file, key, value)
        for key, value in readable.items()
    }


def project(directory: Path) -> str:
    """Return the project's name.

    Raises:
        SettingsError: Pulumi.yaml has none.
    """
    name = _load(directory / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise SettingsError("Pulumi.yaml has no name")
    return name


def _text(file: Path, key: str, value: Any) -> str:  # noqa: ANN401 - a tree of YAML
    """Return a value as Pulumi does: text as it is, nothing as no text, all else as JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()  # which refuses half of a surrogate pair
    except (ValueError, TypeError, RecursionError) as error:
        raise SettingsError(
            f"{file.name}: {printable(key)} is nothing for JSON: {printable(str(error))}"
        ) from None
    return text


def _load(file: Path) -> dict[str, Any]:
    """Return what a file of Pulumi's holds.

    Raises:
        SettingsError: it cannot be read; names the line.
    """
    try:
        document = yaml.load(file.read_text("utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise SettingsError(f"{file.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{file.name} is not UTF-8 at byte {error.start + 1}") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{file.name}{line}: {printable(_problem(error))}") from None
    except Exception as error:  # PyYAML has no error of its own for a tag that does not fit
        reason = printable(str(error).replace("\n", " "))
        raise SettingsError(f"{file.name} is no YAML that Pulumi would read: {reason}") from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise SettingsError(f"{file.name} must be a map, with config: and the keys below it")
    return cast("dict[str, Any]", document)


def _problem(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "cannot be read"
    return f"{problem}; indent with spaces" if r"'\t'" in problem else problem


class _Loader(yaml.SafeLoader):
    """Reads YAML as Pulumi does (gopkg.in/yaml.v3), where PyYAML differs: `yes` is text there."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as in PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a map, in which no key may come twice."""
        seen = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f"{key.value} comes twice", problem_mark=key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)


_PLAIN = {
    "null": (r"~|null|Null|NULL|", "~nN"),
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "merge": (r"<<", "<"),
    "timestamp": (
        r"\d{4}-\d\d?-\d\d?([Tt ]\d\d?:\d\d?:\d\d?(\.\d+)?(Z|[-+]\d\d:\d\d)?)?",
        "0123456789",
    ),
    "int": (
        r"[-+]?(0b[01_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)",
        "-+0123456789",
    ),
    "float": (
        r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
}
"""What plain text of YAML means, and how it begins."""

for _tag, (_form, _first) in _PLAIN.items():
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(f"({_form})\\Z", re.ASCII), [*_first]
    )
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"\Z"), [""])


def _date(_: _Loader, node: yaml.ScalarNode) -> str:
    """Refuse a date, which Pulumi would write in another way (Go's time.Time.String)."""
    raise yaml.MarkedYAMLError(problem=f"quote '{node.value}'", problem_mark=node.start_mark)


def _float(loader: _Loader, node: yaml.ScalarNode) -> float:
    number: float = loader.construct_yaml_float(node)
    return int(number) if number.is_integer() else number


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date)
_Loader.add_constructor("tag:yaml.org,2002:float", _float)


def _encrypted(value: object) -> bool:
    """Return whether anything in a tree of YAML is encrypted."""
    if isinstance(value, dict):
        tree = cast("dict[object, object]", value)
        return tree.keys() == {"secure"} or any(map(_encrypted, tree.values()))
    return isinstance(value, list) and any(map(_encrypted, cast("list[object]", value)))
