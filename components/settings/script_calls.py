"""What a shell script calls over the network, as far as its text shows.

Found: `aws <service>` and the usual programs that load something, where bash looks for a command,
in substitutions too. Not found: calls in another language (a Python program in a here-document),
in files that the script runs, by a name that only a variable holds, behind `sudo -u somebody`.
Found although harmless: a call that never runs, or one of the machine itself. `job.calls` says
better, `[]` that there is none.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from components.settings import shell_commands

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERNET = "internet"
UNKNOWN_SERVICE = "aws"
"""Where only a variable says which."""

_RUNNERS = {
    *("builtin", "command", "coproc", "env", "exec", "nice", "nohup", "sudo", "time", "timeout"),
    "xargs",
}
"""They run the command that follows their options."""
_NAME = re.compile(r"[A-Za-z_./~][\w./+-]*")
_AWS_OPTIONS = {
    *("--profile", "--region", "--output", "--endpoint-url", "--query", "--color", "--ca-bundle"),
    *("--cli-read-timeout", "--cli-connect-timeout", "--cli-binary-format"),
}
"""The AWS CLI's global options that have a value."""
_NO_SERVICE = {"configure", "help"}

_LOADS = {"curl", "ftp", "nc", "scp", "sftp", "ssh", "telnet", "wget"}
_LOADS_BY = {
    "apk": {"add", "update", "upgrade"},
    "apt": {"install", "update", "upgrade"},
    "apt-get": {"install", "update", "upgrade"},
    "cargo": {"install"},
    "conda": {"install", "create", "update"},
    "dnf": {"install", "update", "upgrade"},
    "docker": {"pull", "push"},
    "gem": {"install"},
    "git": {"clone", "fetch", "ls-remote", "pull", "push"},
    "go": {"get", "install"},
    "microdnf": {"install", "update", "upgrade"},
    "npm": {"ci", "install"},
    "pip": {"download", "install"},
    "pip3": {"download", "install"},
    "uv": {"add", "pip", "sync"},
    "yum": {"install", "update", "upgrade"},
}
"""Program -> those of its commands that load something."""


def find(script: str) -> dict[str, int]:
    """Return each AWS service that a script calls, and `internet`, with the first line of it."""
    found: dict[str, int] = {}
    for words, line in shell_commands.commands(script):
        called = _called(words)
        if called:
            found.setdefault(called, line)
    return found


def _called(words: Sequence[str]) -> str | None:
    name, *rest = words
    program = name.rpartition("/")[2]
    if program in _RUNNERS:
        following = _run(rest)
        return _called(following) if following else None
    if program == "aws":
        return _service(rest)
    if re.fullmatch(r"python[\d.]*", program) and rest[:2] == ["-m", "pip"]:
        program, rest = "pip", rest[2:]
    if program in _LOADS or not _LOADS_BY.get(program, set()).isdisjoint(rest):
        return INTERNET
    return None


def _run(words: Sequence[str]) -> Sequence[str]:
    """Return what a runner runs: from the first word that can be a program's name."""
    for index, word in enumerate(words):
        if _NAME.fullmatch(word):
            return words[index:]
    return []


def _service(words: Sequence[str]) -> str | None:
    """Return the service of a call of the AWS CLI; None where it only speaks of itself."""
    rest = iter(words)
    for word in rest:
        if word in _AWS_OPTIONS:
            next(rest, None)
        elif not word.startswith("-"):
            if word in _NO_SERVICE:
                return None
            if not re.fullmatch(r"[a-z][a-z0-9-]*", word):
                return UNKNOWN_SERVICE
            return "s3" if word == "s3api" else word
    return None
