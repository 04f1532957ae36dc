"""The recorded policies as tables of Markdown, with names shortened to what tells them apart."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.conftest import ACCOUNT, REGION
from tests.recorded import listed, program
from tests.security.policies import Policy, actions, conditions, policies, resources, services

_SHORT = [
    (re.escape(f"arn:aws:iam::{ACCOUNT}:"), "iam:"),
    (rf"arn:aws:([a-z0-9]+):{REGION}:{ACCOUNT}:", r"\1:"),
    (r"arn:aws:s3:::", "s3:"),
    (r"key/1234abcd", "key/<key>"),
    (r"-0a1b2c3\b", ""),
    (r"network-private-(\d)-id", r"<private subnet \1>"),
    (r"network-jobs-id", "<the jobs' group>"),
    (r"subnet-0123456789abcdef0", "<subnet>"),
    (r"sg-0123456789abcdef0", "<group>"),
    (r"secret:database", "secret:<name>"),
    (REGION, "<region>"),
    ("eu-west-1", "<other region>"),
    (ACCOUNT, "<account>"),
]
"""Pattern -> what is shown in its place, in this order."""
_OPERATORS = {
    "ArnEquals": "=",
    "ArnLike": "=",
    "Bool": "=",
    "ForAllValues:StringEquals": "only",
    "ForAnyValue:StringEquals": "=",
    "NumericLessThanEquals": "≤",
    "StringEquals": "=",
    "StringLike": "=",
}
"""Operator -> what is shown: whether a `*` is meant as one is no question here."""


@dataclass(frozen=True)
class Row:
    """A statement, as a reviewer sees it."""

    owner: str
    kind: str
    sid: str
    who: str
    """The principal; empty where the policy is a role's own."""
    may: str
    on: str
    condition: str


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of Markdown; a `|` in a cell would end it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows(stack: str) -> list[Row]:
    """Return every statement of a stack or variant, in the order in which reviewers ask."""
    recorder = program(stack)
    prefix = recorder.exports["prefix"]
    found = [
        _row(policy, statement, prefix)
        for policy in policies(recorder)
        for statement in policy.statements
    ]
    return sorted(found, key=lambda row: (row.kind, row.owner))


def code(values: Iterable[str]) -> str:
    """Return values as code, one below the other in a table's cell."""
    return "<br>".join(f"`{value}`" for value in values)


def _row(policy: Policy, statement: Mapping[str, Any], prefix: str) -> Row:
    found = dict(statement)
    return Row(
        owner=policy.owner,
        kind=policy.kind,
        sid=found["Sid"],
        who=_principal(found),
        may=("**never** " if found["Effect"] == "Deny" else "") + code(actions(found)),
        on=code(_short(each, prefix) for each in resources(found)),
        condition="<br>".join(_conditions(found, prefix)),
    )


def _principal(statement: dict[str, Any]) -> str:
    if "Principal" not in statement:
        return ""
    if names := services(statement):
        return code(_short(name, "") for name in names)
    if statement["Principal"] in ("*", {"AWS": "*"}):
        return "everybody"
    return code(_short(name, "") for name in listed(statement["Principal"]["AWS"]))


def _conditions(statement: dict[str, Any], prefix: str) -> Iterator[str]:
    """Yield each condition; that a list is given at all is part of "only"."""
    lists = [key for operator, key, _ in conditions(statement) if operator.startswith("ForAll")]
    for operator, key, values in conditions(statement):
        if operator == "Null" and key in lists and values == ["false"]:
            continue
        shown = ", ".join(f"`{_short(value, prefix)}`" for value in values)
        yield f"`{key}` {_OPERATORS.get(operator, operator)} {shown}"


def _short(value: str, prefix: str) -> str:
    for pattern, shown in _SHORT:
        value = re.sub(pattern, shown, value)
    return value.replace(prefix, "<prefix>") if prefix else value
