"""The one module that reads Pulumi's configuration, and words what is wrong with it."""

import json
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pulumi
from pulumi.runtime import config
from pydantic import ValidationError

from components.aws import models
from components.settings import rules
from components.settings.errors import (
    NOT_SET_BY_KEYS,
    REMOVE,
    Problem,
    SettingsError,
    explain,
    of_rule,
    place,
    report,
    shown,
)
from components.settings.model import Settings

__all__ = ["SettingsError", "load", "read"]

_WHERE_SECRETS_BELONG = (
    "is a secret, but would be readable in stack.json, a job's environment, tags or names. Put "
    "it into Secrets Manager, list its name under job.secrets, and let the script fetch it; then "
    "set this key again without --secret"
)


def load() -> Settings:
    """Return the settings of the stack that runs.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    keys: dict[str, str] = {**config.get_config_env(), **config.CONFIG.get()}
    listed = config.get_config_secret_keys_env()
    secrets = {key for key in keys if key in listed or config.is_config_secret(key)}
    project, stack = pulumi.get_project(), pulumi.get_stack()
    return read(keys, project, stack, secrets)


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
        secrets: the full keys that Pulumi holds encrypted, in whole or in part. Their values are in
            no error, and only alerts may be among them.
        deploying: False leaves out what only a deployment must meet: that every schedule that is
            not suspended has a slot to come.

    Raises:
        SettingsError: names each key, its value, what is allowed and the way out.
    """
    trees = {key: _value(text) for key, text in keys.items()}
    if refused := [*_secrets(project, secrets)]:  # nothing may be said about these values
        raise SettingsError(report(stack, refused))
    problems = [*_unread(trees, project, secrets)]
    try:
        settings = Settings.model_validate(_given(trees, project, stack))
    except ValidationError as error:
        problems += _explained(error, project, secrets)
        raise SettingsError(report(stack, problems)) from None
    found = rules.problems(settings, after=datetime.now(UTC) if deploying else None)
    if problems := [*problems, *(of_rule(project, line) for line in found)]:
        raise SettingsError(report(stack, problems))
    return settings


def _given(trees: Mapping[str, Any], project: str, stack: str) -> dict[str, Any]:
    """Return what the stack's settings are made of."""
    own = f"{project}:"
    given = {key.removeprefix(own): tree for key, tree in trees.items() if key.startswith(own)}
    region = {"region": trees["aws:region"]} if "aws:region" in trees else {}
    return {"prefix": f"{project}-{stack}"} | given | {"project": project, "stack": stack} | region


def _explained(error: ValidationError, project: str, secrets: Collection[str]) -> Iterator[Problem]:
    """Yield what pydantic has found, without the values of secrets."""
    for detail in error.errors():
        if place(project, detail["loc"])[0] in secrets:
            problem = explain(project, detail, "(a secret)")
            # No command: it would show how to write the value openly.
            yield Problem(problem.path, f"{problem.text}; set it again with --secret")
        else:
            yield explain(project, detail, shown(detail["input"]))


def _secrets(project: str, secrets: Collection[str]) -> Iterator[Problem]:
    """Yield each secret whose value would come into the open; alerts' stay in subscriptions."""
    for key in sorted({*secrets} - {f"{project}:alerts"}):
        if key.startswith(f"{project}:") or key == "aws:region":
            yield Problem((key,), _WHERE_SECRETS_BELONG)


def _value(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return a key's value: Pulumi hands structures over as JSON, and scalars as their text."""
    if text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _unread(trees: Mapping[str, Any], project: str, secrets: Collection[str]) -> Iterator[Problem]:
    """Yield each key that nobody would read: somebody believes that it has an effect."""
    namespaces = [project, "aws", "docker", "pulumi"]
    for key, tree in trees.items():
        namespace, _, name = key.partition(":")
        if namespace not in namespaces:
            why = f"its namespace {models.choices(namespace, namespaces)}"
        elif namespace == project and name in NOT_SET_BY_KEYS:
            why = "there is no such key"
        elif namespace == "aws" and name != "region":
            # The program has a provider of its own, so that its tags and region are explicit.
            why = (
                "only aws:region is read; for the rest use the environment, such as AWS_PROFILE, "
                f"and {project}:tags"
            )
        else:
            continue
        value = "(a secret)" if key in secrets else shown(tree)
        yield Problem((key,), f"= {value}: {why}", REMOVE)
