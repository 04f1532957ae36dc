"""A stack's file, read without Pulumi: for whoever needs a stack's settings outside of it."""

import json
import re
from pathlib import Path
from typing import Any, cast

import yaml

from components.settings import inheritance
from components.settings.errors import Problem, SettingsError, escaped, report
from components.settings.inheritance import File

_HINTS = {
    r"'\t'": "; indent with spaces",
    "but got '?'": "; within braces or brackets, quote a text with a ? in it, such as a cron()",
}
"""What to do, by what PyYAML calls the problem."""


def keys(directory: Path, stack: str) -> dict[str, str]:
    """Return a stack's configuration as Pulumi hands it to a program: structures as JSON.

    A key that holds something encrypted, which nobody can read here, is left out whole. A pilot
    light has the keys of its home stack, too.

    Raises:
        SettingsError: there is no such file, or it is none that Pulumi would read, or that cannot
            be the pilot light of the stack that it names.
    """
    return inherit(directory, own(directory, stack))


def inherit(directory: Path, given: File) -> dict[str, str]:
    """Return a stack's keys, and if it is a pilot light the others of its home stack's file.

    Raises:
        SettingsError: as `keys` does.
    """
    if given.is_whole:
        return {**given.keys}
    of = given.of or ""
    others = [each for each in stacks(directory) if each != given.stack]
    if of not in others:
        text = f"= {of}: is no other stack with a file here; there are {', '.join(others)}"
        problems = [Problem(("recovery", "of"), text)]
    else:
        home = own(directory, of)
        problems = [*inheritance.problems(given, home)]
        if not problems:
            return inheritance.keys(given, home)
    raise SettingsError(report(given.project, given.stack, problems, of))


def own(directory: Path, stack: str) -> File:
    """Return what one file sets itself, or raise SettingsError, as `keys` does."""
    file = directory / f"Pulumi.{stack}.yaml"
    config: object = load(file).get("config") or {}
    if not isinstance(config, dict):
        raise SettingsError(f"{file.name}: config must be a map of keys to values")
    found, encrypted, namespace = dict[str, str](), set[str](), project(directory)
    for name, value in cast("dict[object, object]", config).items():
        key = str(name) if ":" in str(name) else f"{namespace}:{name}"
        try:
            text = json.dumps(value, allow_nan=False, ensure_ascii=False)
            text.encode()  # which refuses half of a surrogate pair
        except (ValueError, TypeError, RecursionError) as error:
            raise SettingsError(escaped(f"{file.name}: {name} is no JSON: {error}")) from None
        if value is None or isinstance(value, str):
            found[key] = value or ""
        elif _encrypted(value):
            encrypted.add(key)
        else:
            found[key] = text
    return File(stack, namespace, found, frozenset(encrypted))


def stacks(directory: Path) -> list[str]:
    """Return the names of the stacks that have a file."""
    return sorted(path.name.split(".")[1] for path in directory.glob("Pulumi.*.yaml"))


def project(directory: Path) -> str:
    """Return the project's name, or raise SettingsError."""
    name = load(directory / "Pulumi.yaml").get("name")
    if not isinstance(name, str):
        raise SettingsError("Pulumi.yaml has no name")
    return name


def _encrypted(value: object) -> bool:
    """Return whether anything in a tree of YAML is encrypted."""
    if isinstance(value, dict):
        tree = cast("dict[object, object]", value)
        return tree.keys() == {"secure"} or any(map(_encrypted, tree.values()))
    return isinstance(value, list) and any(map(_encrypted, cast("list[object]", value)))


def load(file: Path) -> dict[str, Any]:
    """Return a file of Pulumi's whole, or raise SettingsError, as `keys` does."""
    try:
        document: object = yaml.load(file.read_text("utf-8"), _Loader) or {}  # noqa: S506
    except OSError as error:
        raise SettingsError(f"{file.name} cannot be read: {error.strerror}") from None
    except Exception as error:  # PyYAML has no error of its own for a tag that does not fit
        raise SettingsError(escaped(f"{file.name}{_reason(error)}")) from None
    if not isinstance(document, dict):
        raise SettingsError(f"{file.name} must be a map, with config: and the keys below it")
    return cast("dict[str, Any]", document)


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark):
        hint = next((hint for found, hint in _HINTS.items() if found in str(error.problem)), "")
        return f", line {mark.line + 1}: {error.problem}{hint}"
    return f" is no YAML that Pulumi would read: {error}"


class _Loader(yaml.SafeLoader):
    """Reads what PyYAML and Pulumi (gopkg.in/yaml.v3) read alike, and `yes` as text, as Pulumi."""

    yaml_implicit_resolvers = {}  # noqa: RUF012 - as in PyYAML

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a map, in which no key may come twice."""
        names = [key.value for key, _ in node.value]
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and names.count(key.value) > 1:
                problem = f"{key.value} comes twice"
                raise yaml.MarkedYAMLError(problem=problem, problem_mark=key.start_mark)
        return super().construct_mapping(node, deep)


def _ambiguous(_: _Loader, node: yaml.ScalarNode) -> str:
    raise yaml.MarkedYAMLError(problem=f"quote '{node.value}'", problem_mark=node.start_mark)


_PLAIN = {
    "tag:yaml.org,2002:null": r"~|null|Null|NULL|",
    "tag:yaml.org,2002:bool": r"true|True|TRUE|false|False|FALSE",
    "tag:yaml.org,2002:merge": r"<<",
    "tag:yaml.org,2002:int": r"-?(0|[1-9][0-9]{0,14})",
    "tag:yaml.org,2002:float": r"-?(0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]",
    "!ambiguous": (
        r"(?=.*[0-9])[-+.0-9][-+.:_0-9eE]*|[-+]?0[xobXOB][0-9a-fA-F_]+|\d{4}-\d\d?-\d\d?[Tt ].*"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    ),
}
"""What plain text of YAML means, by the first that fits. Ambiguous: other forms of numbers, as
1.50, which Pulumi hands over as 1.5, and dates, which it would write as Go does."""

for _tag, _form in _PLAIN.items():
    _Loader.add_implicit_resolver(_tag, re.compile(rf"({_form})\Z", re.ASCII), None)
_Loader.add_constructor("!ambiguous", _ambiguous)
