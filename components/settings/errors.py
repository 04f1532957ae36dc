"""What is wrong with a stack's settings: key, value, what is allowed, and what to type."""

import json
import re
import shlex
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pydantic_core import ErrorDetails

from components.settings.model import OVERRIDABLE, Settings
from components.settings.replaced import NO_SPOT, REPLACED
from components.settings.schedule import ScheduleSettings
from components.settings.sections import Share, SlackSettings, Subscription, TeamsSettings
from components.settings.sizes import SizeSettings

Path = tuple[int | str, ...]
"""The steps to a setting; a key of another namespace is one step, with its full name."""

NOT_SET_BY_KEYS = ("project", "stack", "region")
"""Settings that no key of the project's namespace sets."""
_REMOVE = "rm --stack {stack} --path {key}"
_SET = "set --stack {stack} --path {key} VALUE"
_SET_TEXT = f"{_SET} --type string"
"""Without the type, text that looks like a number or true would become one."""
_LONGEST_VALUE = 200
"""Characters of a refused value that an error shows."""


class SettingsError(pulumi.RunError, ValueError):
    """A configuration that is refused, with all its problems; the engine adds no traceback."""


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong."""

    path: Path
    text: str
    """What is wrong with it, and what is allowed."""
    command: str | None = None
    """What fixes it after `pulumi config`, with {stack} and {key}; None: only an editor can."""


def report(project: str, stack: str, problems: Sequence[Problem], home: str | None = None) -> str:
    """Return the message that lists all problems, each with its way out.

    Of a pilot light it has no commands, and names its home stack's file: a key that is of that one
    would be replaced whole by a value that is set inside it.
    """
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"Pulumi.{stack}.yaml has {count}:"]
    for problem in problems:
        key = place(project, problem.path) + "".join(map(_step, problem.path[1:]))
        lines.append(escaped(f"  {key} {problem.text}"))
        # Pulumi's command line has no escape but for quotes.
        if (
            problem.command
            and not home
            and key.isprintable()
            and "\\" not in "".join(map(str, problem.path))
        ):
            command = problem.command.format(stack=stack, key=shlex.quote(key))
            lines.append(f"    pulumi config {command}")
    if home:
        lines.append(f"Edit Pulumi.{stack}.yaml, or Pulumi.{home}.yaml for what that does not set.")
    else:
        lines.append(f"Edit Pulumi.{stack}.yaml, or run the command that follows a problem.")
    return "\n".join(lines)


def place(project: str, path: Path) -> str:
    """Return the full key in the stack's file that holds a setting."""
    key = str(path[0])
    if key == "region":
        return "aws:region"
    return key if ":" in key else f"{project}:{key}"


def _step(step: int | str) -> str:
    """Return a step below a key as `pulumi config set --path` takes it."""
    if isinstance(step, int):
        return f"[{step}]"
    quoted = step.replace('"', '\\"')
    return f".{step}" if re.fullmatch(r"[A-Za-z0-9_-]+", step) else f'["{quoted}"]'


def escaped(text: str) -> str:
    """Return text in one line, with escapes for what is not printable."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def _shown(value: object) -> str:
    """Return a value as JSON, which YAML is too, cut to what an error has room for."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return "…"
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def of_rule(settings: Settings, line: str) -> Problem:
    """Return the problem that a line of `rules` tells: a key, a colon, and what is wrong."""
    key, _, text = line.partition(": ")
    path = tuple(key.split("."))
    value: Any = settings.model_dump()
    for step in path:
        value = value[step]
    return Problem(path, text, None if isinstance(value, dict | tuple) else _SET)


def of_value(project: str, detail: ErrorDetails, secret_keys: Collection[str]) -> Problem:
    """Return the problem that one of pydantic's errors means, without the value of a secret."""
    path = tuple(step for step in detail["loc"] if step != "[key]")
    is_secret = place(project, path) in secret_keys
    text, command = _rule(project, detail, path), _command(detail, path)
    if path == detail["loc"] and detail["type"] != "missing":
        text = f"= {'(a secret)' if is_secret else _shown(detail['input'])}: {text}"
    if is_secret and path[0] == "alerts":
        # No command: it would show how to write the value openly.
        return Problem(path, f"{text}; set it again with --secret")
    return Problem(path, text, command)


def _command(detail: ErrorDetails, path: Path) -> str | None:
    kind, value = detail["type"], detail["input"]
    if kind == "extra_forbidden" or path != detail["loc"]:
        return _REMOVE
    if kind == "missing":
        return _SET_TEXT
    if kind in ("model_type", "tuple_type", "dict_type") or isinstance(value, dict | list):
        return None
    is_text = kind.startswith("string_") or (kind == "value_error" and isinstance(value, str))
    return _SET_TEXT if is_text else _SET


def _rule(project: str, detail: ErrorDetails, path: Path) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _instead(project, path)
    if kind == "model_type":
        return f"must be a map with {', '.join(_names(path))}"
    return words(detail)


def words(detail: ErrorDetails) -> str:
    """Return what a value must be instead: pydantic's words, but for those that are Python's."""
    kind = detail["type"]
    if kind == "value_error":
        return str(detail.get("ctx", {})["error"])
    return _WORDS.get(kind) or re.sub(r"^\w+ should", "must", detail["msg"])


_WORDS = {
    "missing": "is missing",
    "string_type": "must be text: in the file, quote what looks like a number, a date or true",
    **dict.fromkeys(("int_type", "int_parsing"), "must be a whole number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    "tuple_type": "must be a list, as in [a, b]",
    "dict_type": "must be a map of names to values",
}
"""pydantic's type of error -> what its rule asks for, in our words."""


def _instead(project: str, path: Path) -> str:
    """Return what to write in the place of a key that nobody reads."""
    if replaced := REPLACED.get(".".join(map(str, path))):
        return replaced
    if re.search("spot|max_?wait", str(path[-1]), re.IGNORECASE):
        return NO_SPOT
    if ":" in str(path[0]) and not str(path[0]).startswith(f"{project}:"):
        # The program has a provider of its own, so that its tags and region are explicit.
        return (
            f"there is no such key, of other namespaces than {project} only aws:region is read; "
            f"for the rest use the environment, such as AWS_PROFILE, and {project}:tags"
        )
    return f"there is no such key; there are {', '.join(_names(path[:-1]))}"


def _names(path: Path) -> list[str]:
    """Return the keys that a part of the settings may have."""
    match path:
        case ():
            part = Settings
        case ("schedules", _):
            part = ScheduleSettings
        case ("schedules", _, name) if name in OVERRIDABLE:
            part = ScheduleSettings.model_fields[name].annotation
        case ("alerts", "subscriptions", _):
            part = Subscription
        case ("alerts", "slack"):
            part = SlackSettings
        case ("alerts", "teams"):
            part = TeamsSettings
        case ("image", "shared_with", _):
            part = Share
        case ("job", "sizes", _) | ("schedules", _, "job", "sizes", _):
            part = SizeSettings
        case _:
            part: Any = Settings.model_fields[str(path[0])].annotation
    found = part.model_fields.keys()
    return sorted(found if path else found - {*NOT_SET_BY_KEYS})
