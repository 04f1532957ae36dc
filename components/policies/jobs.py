"""The stack's jobs as policies name them, of each kind that it has: without spot of one."""

from components import names
from components.stack import Stack


def calls(stack: Stack, verb: str) -> list[str]:
    """Return the actions that do to a job what the verb says, such as Create."""
    return [f"sagemaker:{kind.operation(verb)}" for kind in stack.settings.job_kinds]


def named(stack: Stack) -> list[str]:
    """Return the ARNs of all jobs whose names begin as the stack's do."""
    jobs = f"{names.job_name_prefix(stack.prefix)}*"
    kinds = stack.settings.job_kinds
    return [stack.account.arn("sagemaker", f"{kind.resource}/{jobs}") for kind in kinds]


def logs(stack: Stack) -> list[str]:
    """Return the account's log groups, each under both forms of its ARN that IAM asks about."""
    kinds = stack.settings.job_kinds
    groups = [stack.account.arn("logs", f"log-group:{kind.group}") for kind in kinds]
    return [arn for group in groups for arn in (group, f"{group}:*")]


def streams(stack: Stack) -> list[str]:
    """Return the log streams of those jobs."""
    jobs = f"log-stream:{names.job_name_prefix(stack.prefix)}*"
    kinds = stack.settings.job_kinds
    return [stack.account.arn("logs", f"log-group:{kind.group}:{jobs}") for kind in kinds]
