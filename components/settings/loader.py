"""The one module that reads Pulumi's configuration."""

import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config
from pydantic import ValidationError

from components.settings import rules, stack_file
from components.settings.errors import (
    NOT_SET_BY_KEYS,
    Problem,
    SettingsError,
    of_rule,
    of_value,
    report,
)
from components.settings.inheritance import File
from components.settings.model import Settings

__all__ = ["SettingsError", "load", "read"]

_WHERE_SECRETS_BELONG = (
    "is a secret, but would be readable in a function's archive, a job's environment, tags or "
    "names. Put it into Secrets Manager, list its name under job.secrets, and let the script fetch "
    "it; then set this key again without --secret"
)


def load() -> Settings:
    """Return the settings of the stack that runs, or raise SettingsError, as `read` does."""
    keys: dict[str, str] = {**config.get_config_env(), **config.CONFIG.get()}
    listed = config.get_config_secret_keys_env()
    secrets = {key for key in keys if key in listed or config.is_config_secret(key)}
    project, stack = pulumi.get_project(), pulumi.get_stack()
    # Pulumi runs a program in the project's directory, where the stack files are.
    return read(stack_file.inherit(Path(), File(stack, project, keys)), project, stack, secrets)


def read(
    keys: Mapping[str, str],
    project: str,
    stack: str,
    secrets: Collection[str] = (),
    *,
    deploying: bool = True,
) -> Settings:
    """Return the settings that a stack's configuration spells.

    Args:
        keys: as Pulumi hands them over: full key to text, where structures are JSON.
        project: the project's name, which is the namespace of the keys.
        stack: the stack's name.
        secrets: full keys, with anything encrypted in them; their values are in no error.
        deploying: every schedule that is not suspended must have a slot to come.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    problems = [
        Problem((key,), _WHERE_SECRETS_BELONG)
        for key in sorted({*secrets} - {f"{project}:alerts"})
        if key.startswith(f"{project}:") or key == "aws:region"
    ]
    home = File(stack, project, keys).of
    if problems:  # nothing may be said about these values
        raise SettingsError(report(project, stack, problems, home))
    try:
        settings = Settings.model_validate(_given(keys, project, stack))
    except ValidationError as error:
        problems = [of_value(project, detail, secrets) for detail in error.errors()]
        raise SettingsError(report(project, stack, problems, home)) from None
    broken = rules.problems(settings, after=datetime.now(UTC) if deploying else None)
    if problems := [of_rule(settings, line) for line in broken]:
        raise SettingsError(report(project, stack, problems, home))
    return settings


def _given(keys: Mapping[str, str], project: str, stack: str) -> dict[str, Any]:
    """Return what settings are made of; what nobody would read is refused there by its full key."""
    given: dict[str, Any] = {"prefix": f"{project}-{stack}", "project": project, "stack": stack}
    for key, text in keys.items():
        namespace, _, name = key.partition(":")
        if namespace == project and name not in NOT_SET_BY_KEYS:
            given[name] = value(text)
        elif key == "aws:region":
            given["region"] = text
        elif namespace not in ("docker", "pulumi"):
            given[key] = value(text)
    return given


def value(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a key's value: Pulumi hands structures over as JSON, and scalars as their text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
