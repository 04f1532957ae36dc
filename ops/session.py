"""What every command works with, and how it ends: with what status, and which words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from botocore import exceptions

from ops.screen import Screen
from ops.stack import OpsError, Stack, load
from pipeline import aws_errors

_NO_CREDENTIALS = (
    exceptions.CredentialRetrievalError,
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.ProfileNotFound,
    exceptions.SSOError,
    exceptions.TokenRetrievalError,
)
NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError)
"""What boto3 raises where a service cannot be reached."""
_BAD_CREDENTIALS = ("ExpiredToken", "Signature", "InvalidClientToken", "UnrecognizedClient")
"""What the codes of such errors contain; services end them differently."""
_SIGN_IN = "Sign in (aws sso login) or set AWS_PROFILE, then repeat the command."


@dataclass(frozen=True)
class Session:
    """One command's stack, screen and clock."""

    stack: Stack
    screen: Screen
    now: Callable[[], datetime]
    """In UTC."""
    pause: Callable[[], None]
    """Waits until it is time to look again at what is waited for."""


def carry_out(command: Callable[[Stack], int], stack: str, screen: Screen) -> int:
    """Carry out a command at a stack; return the exit status of the process."""
    try:
        loaded = load(stack)
        try:
            return command(loaded)
        except (exceptions.BotoCoreError, exceptions.ClientError) as error:
            raise OpsError(explain(error, loaded)) from error
    except OpsError as error:
        screen.refuse(str(error))
        return error.status
    except KeyboardInterrupt:
        screen.refuse(screen.if_interrupted)
        return 130


def explain(error: exceptions.BotoCoreError | exceptions.ClientError, stack: Stack) -> str:
    """Return one line: what failed, and what to do about it."""
    if isinstance(error, exceptions.ClientError):
        return _refused(error, stack)
    said = _one_line(error).rstrip(".")
    if isinstance(error, _NO_CREDENTIALS):
        return f"No AWS credentials: {said}. {_SIGN_IN}"
    if not isinstance(error, NO_ANSWER):
        return said
    if stack.endpoint:
        return f"The embedded AWS does not answer at {stack.endpoint}; {stack.START_LOCAL}"
    return f"AWS cannot be reached: {said}. Check network and proxy, and repeat."


def _refused(error: exceptions.ClientError, stack: Stack) -> str:
    code, said = aws_errors.code(error), _one_line(aws_errors.message(error))
    if any(part in code for part in _BAD_CREDENTIALS):
        return f"AWS does not accept these credentials ({code}). {_SIGN_IN}"
    if "AccessDenied" in code:
        return (
            f"These credentials may not {error.operation_name}: {said or code}. "
            f"Use a role that may operate stack {stack.name}."
        )
    if code == "ResourceNotFoundException":
        return (
            f"{error.operation_name} found no {stack.launcher}, {stack.table} or log group in "
            f"{stack.region}: deploy with pulumi up --stack {stack.name}, or set AWS_PROFILE "
            "to the account where the stack is."
        )
    return f"{error.operation_name}: {code}: {said}"


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
