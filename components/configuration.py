"""The one module that reads Pulumi's configuration, and words what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import pulumi
import pulumi.runtime.config
from pydantic import BaseModel, ValidationError

from components import aws_model, build_context
from components.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from pydantic_core import ErrorDetails


SCRIPT = Path("container/process_data.sh")
"""The job's script, in the project's directory."""

MAY_BE_SECRET = ("alerts",)
"""Keys whose values stay out of everything that can be read: only subscriptions use endpoints."""

_LONGEST_VALUE = 200
"""Characters of a refused value that an error shows."""
_WHERE_SECRETS_BELONG = (
    "is a secret, but would be readable in launcher.json, a job's environment, tags or names. Put "
    "it into Secrets Manager, list its name under job.secrets, and let the script fetch it; then "
    "set this key again without --secret"
)


class SettingsError(ValueError):
    """A configuration that is refused; the message lists all of its problems."""


def load() -> Settings:
    """Return the settings of the stack that runs.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
        ContextError: the build context makes no image that runs.
    """
    keys: dict[str, str] = {
        **pulumi.runtime.config.get_config_env(),
        **pulumi.runtime.config.CONFIG.get(),
    }
    listed = pulumi.runtime.config.get_config_secret_keys_env()
    secrets = {key for key in keys if key in listed or pulumi.runtime.config.is_config_secret(key)}
    project, stack = pulumi.get_project(), pulumi.get_stack()
    build_context.check(SCRIPT.parent)
    return read(keys, project, stack, script_text(SCRIPT), secrets)


def script_text(path: Path) -> str:
    """Return a script's text, whatever its bytes."""
    return path.read_text("utf-8", errors="replace")


def read(
    keys: Mapping[str, str],
    project: str,
    stack: str,
    script: str | None = None,
    secrets: Collection[str] = (),
) -> Settings:
    """Return the settings that a stack's configuration spells.

    Args:
        keys: as Pulumi hands them over: full key to text, where structures are JSON.
        project: the project's name, which is the namespace of the keys.
        stack: the stack's name.
        script: the text of the job's script, whose calls the network must allow; None leaves that
            unchecked.
        secrets: the full keys that Pulumi holds encrypted, in whole or in part. Their values are in
            no error, and only those of `MAY_BE_SECRET` are accepted.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    hidden = {
        "region" if key == "aws:region" else key.removeprefix(f"{project}:") for key in secrets
    }
    hidden = {key for key in hidden if ":" not in key}
    refused = [(key, _WHERE_SECRETS_BELONG) for key in sorted(hidden.difference(MAY_BE_SECRET))]
    if refused:
        raise SettingsError(_report(project, stack, refused))
    own = {
        key.removeprefix(f"{project}:"): _value(text)
        for key, text in keys.items()
        if key.startswith(f"{project}:")
    }
    fixed = {"project": project, "stack": stack, "region": keys.get("aws:region", "")}
    unsettable = fixed.keys() & own.keys()
    try:
        if unsettable:
            unknown = [(key, _unknown((key,), _shown(own[key]))) for key in sorted(unsettable)]
            raise SettingsError(_report(project, stack, unknown))
        given = {"prefix": f"{project}-{stack}", **own, **fixed}
        return Settings.model_validate(given, context={"script": script})
    except ValidationError as error:
        problems = [line for detail in error.errors() for line in _problems(detail, hidden)]
        raise SettingsError(_report(project, stack, problems)) from None


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a key's value: Pulumi hands structures over as JSON, and scalars as their text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _unknown(path: Sequence[int | str], value: str) -> str:
    """Return what is allowed in the place of a key that does not exist, and what it holds."""
    part: type[BaseModel] = Settings
    for step in path[:-1]:  # a list's index, and a schedule's name, stay in the same part
        if step in part.model_fields:
            part = _part_in(part.model_fields[str(step)].annotation) or part
    names = sorted(part.model_fields.keys() - {"project", "stack", "region"})
    return f"= {value}: there is no such key; {aws_model.choices(str(path[-1]), names)}"


def _part_in(annotation: object) -> type[BaseModel] | None:
    """Return the part of the settings that a field holds, by itself or in a list or map."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_part_in, get_args(annotation))), None)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[:_LONGEST_VALUE] + "…"


def _problems(detail: ErrorDetails, hidden: Collection[str]) -> list[tuple[str, str]]:
    """Return (key, problem) for each problem of one of pydantic's errors."""
    is_hidden = any(part in hidden for part in detail["loc"][:1])
    value = "(a secret)" if is_hidden else _shown(detail["input"])
    key = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        return [(key, _unknown(detail["loc"], value))]
    if detail["type"] == "missing":
        return [(key, "is missing; set it")]
    message = detail["msg"].removeprefix("Value error, ")
    if not key:  # a rule between parts, which names its keys itself, a line each
        return [cast("tuple[str, str]", line.split(": ", 1)) for line in message.split("\n")]
    return [(key, f"= {value}: {message}")]


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
