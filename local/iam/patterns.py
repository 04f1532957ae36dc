"""How the patterns of a policy match: IAM's two wildcards, and its variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""Condition key in lower case -> its value; a list is a key that AWS calls multivalued."""

_PARTS = re.compile(r"(\$\{[^}]*\}|\*|\?)")
_LITERAL = {"${*}": "*", "${?}": "?", "${$}": "$"}
_ARN_SEPARATORS = 5


class _UnresolvedError(Exception):
    """The request has no value for a variable."""


def matches(pattern: str, value: str, context: Context, *, wildcards: bool = True) -> bool:
    """Return whether the whole of `value`, in the same case, is what `pattern` describes.

    Args:
        pattern: of the policy.
        value: of the request.
        context: gives the variables their values.
        wildcards: whether `*` and `?` are any; False where they stand for themselves.

    Raises:
        NotImplementedError: a variable with a default value.
    """
    return _matches(pattern, value, context, 0 if wildcards else None)


def matches_arn(pattern: str, value: str, context: Context) -> bool:
    """Return the same for ARNs: up to its resource, no wildcard reaches over a colon.

    Raises:
        NotImplementedError: a variable with a default value.
    """
    return pattern == "*" or _matches(pattern, value, context, _ARN_SEPARATORS)


def matches_action(pattern: str, action: str) -> bool:
    """Return whether `pattern` describes an action; IAM does not mind their case."""
    return _matches(pattern.lower(), action.lower(), {}, 0)


def _matches(pattern: str, value: str, context: Context, closed: int | None) -> bool:
    if "${" not in pattern:
        return _compiled(pattern, closed).fullmatch(value) is not None
    try:
        return re.fullmatch(_source(pattern, context, closed), value, re.DOTALL) is not None
    except _UnresolvedError:
        return False


@lru_cache(4096)
def _compiled(pattern: str, closed: int | None) -> re.Pattern[str]:
    return re.compile(_source(pattern, {}, closed), re.DOTALL)


def _source(pattern: str, context: Context, closed: int | None) -> str:
    """Return the regular expression of a pattern; a variable's value has no wildcards.

    Args:
        pattern: of the policy.
        context: gives the variables their values.
        closed: how many colons no wildcard may reach over; None: there are no wildcards.
    """
    source, colons = "", 0
    for part in _PARTS.split(pattern):
        if part in ("*", "?") and closed is not None:
            any_character = "[^:]" if colons < closed else "."
            source += any_character + ("*" if part == "*" else "")
            continue
        text = _value(part, context) if part.startswith("${") else part
        source += re.escape(text)
        colons += text.count(":")
    return source


def _value(variable: str, context: Context) -> str:
    if variable in _LITERAL:
        return _LITERAL[variable]
    if "," in variable:
        raise NotImplementedError(f"the local IAM has no default values of variables: {variable}")
    value = context.get(variable[2:-1].strip().lower())
    if not isinstance(value, str):
        raise _UnresolvedError(variable)
    return value
