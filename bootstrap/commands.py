"""The commands that a person copies: what GitHub and Pulumi are to know of a stack."""

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from bootstrap.github import Use, environments
from bootstrap.settings import Settings
from bootstrap.stack import Stack
from bootstrap.state import State


def of(stack: Stack, settings: Settings, state: State) -> Callable[[dict[str, Any]], str]:
    """Return what makes them, one a line, of the ARNs of the stack's roles."""

    def text(arns: dict[str, Any]) -> str:
        lines = list[str]()
        for use in get_args(Use):
            values = {
                "AWS_REGION": stack.account.region,
                "AWS_ROLE_ARN": str(arns[use]),
                "PULUMI_BACKEND_URL": state.backend_url,
            }
            for each in environments(stack.name, use):
                lines += _environment(settings.repository, each, values)
        return "\n".join([*lines, _lines(_of_stack(stack, state))])

    return text


def _environment(repository: str, name: str, values: Mapping[str, str]) -> list[str]:
    """Return what creates an environment, and sets its variables."""
    path = f"repos/{repository}/environments/{name}"
    # To create one that is there would take its reviewers away.
    created = " || ".join(map(shlex.join, (["gh", "api", path], ["gh", "api", "-X", "PUT", path])))
    of = ["-R", repository, "-e", name]
    return [
        created,
        *(
            shlex.join(["gh", "variable", "set", key, *of, "-b", value])
            for key, value in values.items()
        ),
    ]


def _of_stack(stack: Stack, state: State) -> list[list[str]]:
    provider = f"--secrets-provider={state.secrets_provider(stack.name)}"
    config = ["pulumi", "config", "set", "-s", stack.name]
    return [
        ["pulumi", "login", state.backend_url],
        ["pulumi", "stack", "init", stack.name, provider],
        [*config, "permissions_boundary", stack.boundary_arn],
    ]


def of_own_state(state: State, project: str, name: str) -> str:
    """Return those that move this program's own state from a file into the bucket."""
    provider = state.secrets_provider(project)
    file = ["-s", name, "--file", "state.json"]
    commands = [
        ["pulumi", "stack", "change-secrets-provider", "-s", name, provider],
        ["pulumi", "stack", "export", *file],
        ["pulumi", "login", state.backend_url],
        ["pulumi", "stack", "init", name, f"--secrets-provider={provider}"],
        ["pulumi", "stack", "import", *file],
    ]
    return _lines(commands)


def _lines(commands: Sequence[Sequence[str]]) -> str:
    return "\n".join(map(shlex.join, commands))
