"""What is wrong with a stack's settings: key, value, what is allowed, and what to type."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Literal,
    TypeGuard,
    Union,
    get_args,
    get_origin,
)

import pulumi
from pydantic import BaseModel

from components.aws import models
from components.settings.model import Settings
from components.settings.replaced import REPLACED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic_core import ErrorDetails

Path = tuple[int | str, ...]
"""Where a setting is: its full key in the stack's file, then the steps into it."""

REMOVE = "rm --stack {stack} --path {key}"
_SET = "set --stack {stack} --path {key} VALUE"
_LONGEST_VALUE = 200
"""Characters of a refused value that an error shows."""
_BARE = re.compile(r"[A-Za-z0-9_-]+")


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

    def of_secret(self) -> Problem:
        """Return the same of a value that is encrypted: no command shows how to write it openly."""
        return Problem(self.path, f"{self.text}; set it again with --secret")


def report(stack: str, problems: Sequence[Problem]) -> str:
    """Return the message that lists all problems, each with its way out."""
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"Pulumi.{stack}.yaml has {count}:"]
    for problem in problems:
        lines.append(f"  {spelled(problem.path)} {problem.text}")
        if problem.command and _can_be_typed(problem.path):
            key = shlex.quote(spelled(problem.path))
            lines.append(f"    pulumi config {problem.command.format(stack=stack, key=key)}")
    lines.append(f"Change Pulumi.{stack}.yaml, or run the command below a problem.")
    return "\n".join(lines)


def spelled(path: Path) -> str:
    """Return a path as `pulumi config set --path` takes it, with escapes for what none can see."""
    first, *rest = path
    return shown_text(str(first)) + "".join(map(_step, rest))


def _step(step: int | str) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    escaped = shown_text(step).replace('"', '\\"')
    return f".{step}" if _BARE.fullmatch(step) else f'["{escaped}"]'


def _can_be_typed(path: Path) -> bool:
    """Return whether Pulumi's command line can spell a path: it has no escape but for quotes."""
    return all(isinstance(step, int) or (step.isprintable() and "\\" not in step) for step in path)


def shown_text(text: str) -> str:
    """Return text with escapes for what is not printable."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def shown(value: object) -> str:
    """Return a value as JSON, which YAML is too, cut to what an error has room for."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"
    return shown_text(text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…")


def place(project: str, loc: Path) -> Path:
    """Return where the stack's file has what is at `loc` in the settings."""
    first, *rest = loc
    return ("aws:region" if first == "region" else f"{project}:{first}", *rest)


def of_rule(project: str, line: str) -> Problem:
    """Return the problem that a line of `rules` tells: a key, a colon, and what is wrong."""
    key, _, text = line.partition(": ")
    loc = tuple(key.split("."))
    return Problem(place(project, loc), text, _set(_kind(loc)))


def explain(project: str, detail: ErrorDetails, value: str) -> Problem:
    """Return the problem that one of pydantic's errors means, in none of its words.

    Args:
        project: the namespace of the keys.
        detail: the error.
        value: what is refused, as it may be shown.
    """
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    is_name = detail["loc"] != loc
    kind = str if is_name else _kind(loc)
    where = place(project, loc)
    if detail["type"] == "extra_forbidden":
        return Problem(where, f"= {value}: {_instead(loc)}", REMOVE)
    if detail["type"] == "missing":
        needs = "" if kind is str else f"; it must be {_form(kind)}"
        return Problem(where, f"is missing{needs}", _set(kind))
    if is_name:
        return Problem(where, _allowed(detail, kind), REMOVE)
    return Problem(where, f"= {value}: {_allowed(detail, kind)}", _set(kind))


def _instead(loc: Path) -> str:
    """Return what to write in the place of a key that there is not."""
    if replaced := REPLACED.get(".".join(map(str, loc))):
        return replaced
    part = _kind(loc[:-1])
    return f"there is no such key; {models.choices(str(loc[-1]), _names(part))}"


def _allowed(detail: ErrorDetails, kind: object) -> str:
    """Return what a value must be instead."""
    context = detail.get("ctx", {})
    if detail["type"] == "value_error":
        return str(context["error"])
    rule = _WORDS.get(detail["type"])
    unit = "characters" if kind is str else "entries"
    return f"must {rule.format(**context, unit=unit) if rule else 'be ' + _form(kind)}"


_WORDS = {
    "greater_than_equal": "be at least {ge}",
    "less_than_equal": "be at most {le}",
    "too_short": "have at least {min_length} {unit}",
    "string_too_short": "have at least {min_length} {unit}",
    "too_long": "have at most {max_length} {unit}",
    "string_pattern_mismatch": "match the pattern {pattern}",
}
"""pydantic's type of error -> what its rule asks for; any other means a value of another kind."""


def _set(kind: object) -> str | None:
    """Return the command that sets a value: what looks like a number or true would be one."""
    if _is_part(kind) or _is_many(kind) or kind is None:
        return None
    return _SET + (" --type string" if kind is str else "")


def _form(kind: object) -> str:
    """Return in words what kind of value a key takes."""
    if kind is str:
        return "text: in the file, quote what looks like a number, a date or true"
    if kind is bool:
        return "true or false"
    if kind is int:
        return "a whole number"
    if get_origin(kind) is Literal:
        return f"one of {', '.join(get_args(kind))}"
    if _is_part(kind):
        return f"a map with {', '.join(_names(kind))}"
    return "a list, as in [a, b]" if get_origin(kind) is tuple else "a map of names to values"


def _names(part: type[BaseModel]) -> list[str]:
    """Return the keys of a part; of the whole, without what no key of the project sets."""
    return sorted(part.model_fields.keys() - {"project", "stack", "region"})


def _is_part(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_many(kind: object) -> bool:
    return get_origin(kind) in (tuple, Mapping)


def _kind(loc: Path) -> Any:  # noqa: ANN401 - a type, or an alias of one
    """Return the type of what a place holds, without None and annotations; None for no place."""
    kind: Any = Settings
    for step in loc:
        if _is_part(kind):
            field = kind.model_fields.get(str(step))
            kind = field.annotation if field else None
        elif _is_many(kind):
            kind = get_args(kind)[0 if get_origin(kind) is tuple else 1]
        kind = _bare(kind)
    return kind


def _bare(kind: Any) -> Any:  # noqa: ANN401 - a type, or an alias of one
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _bare(next(each for each in get_args(kind) if each is not type(None)))
    return kind
