"""What is wrong with a stack's settings: key, value, what is allowed, and what to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, TypeGuard, Union, get_args, get_origin

import pulumi
from pydantic import BaseModel

from components.aws import models
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
    """What mends it after `pulumi config`, with {stack} and {key}; None: only an editor can."""

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
    """Return a value as an error shows it."""
    try:
        text = repr(value)
    except RecursionError:
        return "…"
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def place(project: str, loc: Path) -> Path:
    """Return where the stack's file has what is at `loc` in the settings."""
    first, *rest = loc
    return ("aws:region" if first == "region" else f"{project}:{first}", *rest)


def explain(
    settings: type[BaseModel], project: str, detail: ErrorDetails, value: str
) -> list[Problem]:
    """Return the problems that one of pydantic's errors means, none in pydantic's own words.

    Args:
        settings: the whole that was checked.
        project: the namespace of its keys.
        detail: the error.
        value: what is refused, as it may be shown.
    """
    loc = tuple(step for step in detail["loc"] if step != "[key]")
    is_name = detail["loc"] != loc
    kind = str if is_name else _kind(settings, loc)
    if detail["type"] == "value_error" and _is_part(kind):
        # A rule between keys, which names them itself, a line each.
        rules = [line.split(": ", 1) for line in _rule_text(detail).split("\n")]
        inside = [((*loc, *key.split(".")), text) for key, text in rules]
        return [
            Problem(place(project, each), text, _set(_kind(settings, each)))
            for each, text in inside
        ]
    where = place(project, loc)
    if detail["type"] == "extra_forbidden":
        if replaced := REPLACED.get(".".join(map(str, loc))):
            return [Problem(where, f"= {value}: {replaced}", REMOVE)]
        part = _kind(settings, loc[:-1])
        close = models.choices(str(loc[-1]), _names(part) if _is_part(part) else [])
        return [Problem(where, f"= {value}: there is no such key; {close}", REMOVE)]
    if detail["type"] == "missing":
        return [Problem(where, _missing(kind), _set(kind))]
    if is_name:
        return [Problem(where, _allowed(detail, kind), REMOVE)]
    return [Problem(where, f"= {value}: {_allowed(detail, kind)}", _set(kind))]


def _rule_text(detail: ErrorDetails) -> str:
    return str(detail.get("ctx", {})["error"])


def _allowed(detail: ErrorDetails, kind: object) -> str:
    """Return what a value must be instead."""
    if detail["type"] == "value_error":
        return _rule_text(detail)
    words = _WORDS.get(detail["type"])
    rule = words and words.format(**detail.get("ctx", {}), unit=_unit(kind))
    return f"must {rule or 'be ' + _form(kind)}"


_WORDS = {
    "greater_than_equal": "be at least {ge}",
    "less_than_equal": "be at most {le}",
    "too_short": "have at least {min_length} {unit}",
    "string_too_short": "have at least {min_length} {unit}",
    "too_long": "have at most {max_length} {unit}",
    "string_pattern_mismatch": "match the pattern {pattern}",
    "literal_error": "be {expected}",
}
"""pydantic's type of error -> what its rule asks for; any other means a value of another kind."""


def _missing(kind: object) -> str:
    if _is_part(kind):
        required = [name for name, field in kind.model_fields.items() if field.is_required()]
        return f"is missing; set it, with {', '.join(required)}"
    return f"is missing; set it to {_form(kind)}" if _is_many(kind) else "is missing; set it"


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
    if _is_part(kind):
        return f"a map with {', '.join(_names(kind))}"
    return "a list, as in [a, b]" if get_origin(kind) is tuple else "a map of names to values"


def _unit(kind: object) -> str:
    return "characters" if kind is str else "entries"


def _names(part: type[BaseModel]) -> list[str]:
    """Return the keys of a part; of the whole, without what no key of the project sets."""
    return sorted(part.model_fields.keys() - {"project", "stack", "region"})


def _is_part(kind: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _is_many(kind: object) -> bool:
    return get_origin(kind) in (tuple, Mapping)


def _kind(settings: type[BaseModel], loc: Path) -> Any:  # noqa: ANN401 - a type, or an alias of one
    """Return the type of what a place holds, without None and annotations; None for no place."""
    kind: Any = settings
    for step in loc:
        if _is_part(kind):
            field = kind.model_fields.get(str(step))
            kind = field.annotation if field else None
        elif _is_many(kind):
            kind = get_args(kind)[0 if get_origin(kind) is tuple else 1]
        else:
            return None
        kind = _bare(kind)
    return kind


def _bare(kind: Any) -> Any:  # noqa: ANN401 - a type, or an alias of one
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _bare(next(each for each in get_args(kind) if each is not type(None)))
    return kind
