"""The commands that a person copies: what GitHub and Pulumi are to know of a stack."""

import shlex
from collections.abc import Callable
from typing import Any, get_args

from bootstrap.github import Use, environments
from bootstrap.settings import MAIN_PROJECT, Settings
from bootstrap.stack import Stack
from bootstrap.state import State


def of(stack: Stack, settings: Settings, state: State) -> Callable[[dict[str, Any]], str]:
    """Return what makes them, one a line, of the ARNs of the stack's roles."""

    def text(arns: dict[str, Any]) -> str:
        found = {use: str(arns[use]) for use in get_args(Use)}
        return "\n".join(shlex.join(each) for each in _commands(stack, settings, state, found))

    return text


def of_own_state(state: State, project: str, name: str) -> str:
    """Return those that move this program's own state from a file into the bucket."""
    provider = state.secrets_provider(project)
    file = ["-s", name, "--file", "state.json"]
    found = [
        ["pulumi", "stack", "change-secrets-provider", "-s", name, provider],
        ["pulumi", "stack", "export", *file],
        ["pulumi", "login", state.backend_url],
        ["pulumi", "stack", "init", name, f"--secrets-provider={provider}"],
        ["pulumi", "stack", "import", *file],
    ]
    return "\n".join(map(shlex.join, found))


def _commands(
    stack: Stack, settings: Settings, state: State, arns: dict[Use, str]
) -> list[list[str]]:
    repository, found = settings.repository, list[list[str]]()
    for use, arn in arns.items():
        variables = {
            "AWS_REGION": stack.account.region,
            "AWS_ROLE_ARN": arn,
            "PULUMI_BACKEND_URL": state.backend_url,
        }
        for each in environments(stack.name, use):
            found.append(["gh", "api", "-X", "PUT", f"repos/{repository}/environments/{each}"])
            found += [
                ["gh", "variable", "set", name, "-R", repository, "-e", each, "-b", value]
                for name, value in variables.items()
            ]
    provider = f"--secrets-provider={state.secrets_provider(stack.name)}"
    boundary = f"{MAIN_PROJECT}:permissions_boundary"
    return [
        *found,
        ["pulumi", "login", state.backend_url],
        ["pulumi", "stack", "init", stack.name, provider],
        ["pulumi", "config", "set", "-s", stack.name, boundary, stack.boundary_arn],
    ]
