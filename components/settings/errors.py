"""What is wrong with a stack's settings: key, value, what is allowed, and what to type."""

import difflib
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
from pydantic_core import ErrorDetails

from components.settings.model import Settings
from components.settings.replaced import REPLACED

Path = tuple[int | str, ...]
"""Where a setting is: its full key in the stack's file, then the steps into it."""

NOT_SET_BY_KEYS = ("project", "stack", "region")
"""Settings that no key of the project's namespace sets."""
REMOVE = "rm --stack {stack} --path {key}"
_SET = "set --stack {stack} --path {key} VALUE"
_LONGEST_VALUE = 200
"""Characters of a refused value that an error shows."""


class SettingsError(pulumi.RunError, ValueError):
    """A configuration that is refused; the message lists all of its problems.

    Of a RunError the engine prints the message and no traceback.
    """


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    text: str
    """What is wrong with it, and what is allowed."""
    command: str | None = None
    """What fixes it after `pulumi config`, with {stack} and {key}; None: only an editor can."""


def report(stack: str, problems: Sequence[Problem]) -> str:
    """Return the message that lists all problems, each with its way out."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"Pulumi.{stack}.yaml has {count}:"]
    for problem in problems:
        key = _spelled(problem.path)
        lines.append(escaped(f"  {key} {problem.text}"))
        # Pulumi's command line has no escape but for quotes.
        if problem.command and key.isprintable() and "\\" not in "".join(map(str, problem.path)):
            command = problem.command.format(stack=stack, key=shlex.quote(key))
            lines.append(f"    pulumi config {command}")
    lines.append(f"Edit Pulumi.{stack}.yaml, or run the command that follows a problem.")
    return "\n".join(lines)


def _spelled(path: Path) -> str:
    """Return a path as `pulumi config set --path` takes it."""
    first, *rest = path
    return str(first) + "".join(map(_step, rest))


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    quoted = step.replace('"', '\\"')
    return f".{step}" if re.fullmatch(r"[A-Za-z0-9_-]+", step) else f'["{quoted}"]'


def escaped(text: str) -> str:
    """Return text in one line, with escapes for what is not printable."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shown(value: object) -> str:
    """Return a value as JSON, which YAML is too, cut to what an error has room for."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def place(project: str, loc: Path) -> Path:
    """Return where the stack's file has what is at `loc` in the settings."""
    first, *rest = loc
    return ("aws:region" if first == "region" else f"{project}:{first}", *rest)


def of_rule(project: str, line: str) -> Problem:
    """Return the problem that a line of `rules` tells: a key, a colon, and what is wrong."""
    key, _, text = line.partition(": ")
    loc = tuple(key.split("."))
    return Problem(place(project, loc), text, _set(loc))


def explain(project: str, detail: ErrorDetails, value: str) -> Problem:
    """Return the problem that one of pydantic's errors means.

    Args:
        project: the namespace of the keys.
        detail: the error.
        value: what is refused, as it may be shown.
    """
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    where = place(project, loc)
    if detail["type"] == "extra_forbidden":
        return Problem(where, f"= {value}: {_instead(loc)}", REMOVE)
    if detail["type"] == "missing":
        return Problem(where, "is missing", _set(loc))
    if loc != detail["loc"]:
        return Problem(where, _rule(detail, loc), REMOVE)
    return Problem(where, f"= {value}: {_rule(detail, loc)}", _set(loc))


def _instead(loc: Path) -> str:
    """Return what to write in the place of a key that there is not."""
    if replaced := REPLACED.get(".".join(map(str, loc))):
        return replaced
    known = _names(loc[:-1])
    closest = difflib.get_close_matches(str(loc[-1]), known, n=1)
    hint = f"closest: {closest[0]}" if closest else f"there are {', '.join(known)}"
    return f"there is no such key; {hint}"


def _rule(detail: ErrorDetails, loc: Path) -> str:
    """Return what a value must be instead: pydantic's words, but for those that are Python's."""
    kind = detail["type"]
    if kind == "value_error":
        return str(detail.get("ctx", {})["error"])
    if kind == "model_type":
        return f"must be a map with {', '.join(_names(loc))}"
    return _WORDS.get(kind) or re.sub(r"^\w+ should", "must", detail["msg"])


_WORDS = {
    "string_type": "must be text: in the file, quote what looks like a number, a date or true",
    **dict.fromkeys(("int_type", "int_parsing"), "must be a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    "tuple_type": "must be a list, as in [a, b]",
    "dict_type": "must be a map of names to values",
}
"""pydantic's type of error -> what its rule asks for, in our words."""


def _set(loc: Path) -> str | None:
    """Return the command that sets a value: text may look like a number or true."""
    kind = _schema(loc).get("type")
    if kind in (None, "array", "object"):
        return None
    return _SET + (" --type string" if kind == "string" else "")


def _names(loc: Path) -> list[str]:
    """Return the keys that a part of the settings may have."""
    names = sorted(_schema(loc)["properties"])
    return names if loc else [name for name in names if name not in NOT_SET_BY_KEYS]


def _schema(loc: Path) -> dict[str, Any]:
    """Return the JSON schema of what a place holds, without null; empty for no place."""
    found: dict[str, Any] = _whole_schema()
    for step in loc:
        known: dict[int | str, Any] = found.get("properties", {})
        found = known.get(step) or found.get("additionalProperties") or found.get("items") or {}
        found = found.get("anyOf", [found])[0]
        if reference := found.get("$ref"):
            found = _whole_schema()["$defs"][reference.rpartition("/")[2]]
    return found


@cache
def _whole_schema() -> dict[str, Any]:
    return Settings.model_json_schema()
