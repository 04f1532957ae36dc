"""The one module that reads Pulumi's configuration, and words what is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast, get_args

import pulumi
import pulumi.runtime.config
from pydantic import BaseModel, ValidationError

from components import aws_model
from components.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic_core import ErrorDetails


_LONGEST_VALUE = 200
"""Characters of a refused value that an error shows."""


class SettingsError(ValueError):
    """A configuration that is refused; the message lists all of its problems."""


def load() -> Settings:
    """Return the settings of the stack that runs.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    keys: dict[str, str] = {
        **pulumi.runtime.config.get_config_env(),
        **pulumi.runtime.config.CONFIG.get(),
    }
    return read(keys, pulumi.get_project(), pulumi.get_stack())


def read(keys: Mapping[str, str], project: str, stack: str) -> Settings:
    """Return the settings that a stack's configuration spells.

    Args:
        keys: as Pulumi hands them over: full key to text, where structures are JSON.
        project: the project's name, which is the namespace of the keys.
        stack: the stack's name.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    own = {
        key.removeprefix(f"{project}:"): _value(text)
        for key, text in keys.items()
        if key.startswith(f"{project}:")
    }
    fixed = {"project": project, "stack": stack, "region": keys.get("aws:region", "")}
    unsettable = fixed.keys() & own.keys()
    try:
        if unsettable:
            unknown = [(key, _unknown((key,), own[key])) for key in sorted(unsettable)]
            raise SettingsError(_report(project, stack, unknown))
        return Settings.model_validate({"prefix": f"{project}-{stack}", **own, **fixed})
    except ValidationError as error:
        problems = [line for detail in error.errors() for line in _problems(detail)]
        raise SettingsError(_report(project, stack, problems)) from None


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a key's value: Pulumi hands structures over as JSON, and scalars as their text."""
    return json.loads(text) if text[:1] in ("{", "[") else text


def _unknown(path: Sequence[int | str], value: object) -> str:
    """Return what is allowed in the place of a key that does not exist."""
    part: type[BaseModel] = Settings
    for step in path[:-1]:  # a list's index, and a schedule's name, stay in the same part
        if step in part.model_fields:
            part = _part_in(part.model_fields[str(step)].annotation) or part
    names = sorted(part.model_fields.keys() - {"project", "stack", "region"})
    return f"= {_shown(value)}: there is no such key; {aws_model.choices(str(path[-1]), names)}"


def _part_in(annotation: object) -> type[BaseModel] | None:
    """Return the part of the settings that a field holds, by itself or in a list or map."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_part_in, get_args(annotation))), None)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _problems(detail: ErrorDetails) -> list[tuple[str, str]]:
    """Return (key, problem) for each problem of one of pydantic's errors."""
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return [(key, _unknown(detail["loc"], detail["input"]))]
    if detail["type"] == "missing":
        return [(key, "is missing; set it")]
    message = detail["msg"].removeprefix("Value error, ")
    if not key:  # a rule between parts, which names its keys itself, a line each
        return [cast("tuple[str, str]", line.split(": ", 1)) for line in message.split("\n")]
    return [(key, f"= {_shown(detail['input'])}: {message}")]


def _report(project: str, stack: str, problems: list[tuple[str, str]]) -> str:
    count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
    lines = [f"Pulumi.{stack}.yaml has {count}:"]
    for key, problem in problems:
        full = "aws:region" if key == "region" else f"{project}:{key}"
        lines.append(f"  {full} {problem}")
    first = problems[0][0]
    way_out = "aws:region" if first == "region" else first
    lines.append(
        f"Change Pulumi.{stack}.yaml, or for example: "
        f"pulumi config set --stack {stack} --path '{way_out}' VALUE"
    )
    return "\n".join(lines)
