"""How the patterns of a policy match: IAM's two wildcards, and its variables.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""Condition key in lower case -> its value; a list is a key that AWS calls multivalued."""

_PARTS = re.compile(r"(\$\{[^}]*\}|\*|\?|\0)")
_LITERAL = {"${*}": "*", "${?}": "?", "${$}": "$"}
_ARN_SEPARATORS = 5
_LAST_STAR = re.compile(r"\*(?=:|$)")
"""The `*` that is a segment's last character."""
_REACHING = "\0"
"""Stands for it, if it may match beyond the colon."""


class _Kind(Enum):
    """What a pattern is of: it decides what `*` and `?` stand for."""

    LITERAL = "themselves"
    TEXT = "any characters"
    ARN = "any characters of a segment"
    RESOURCE = "the same, but the last `*` of a segment may match beyond it"


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
    return _matches(pattern, value, context, _Kind.TEXT if wildcards else _Kind.LITERAL)


def matches_arn(pattern: str, value: str, context: Context) -> bool:
    """Return the same for ARNs in conditions: each of their six segments is compared by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html

    Raises:
        NotImplementedError: a variable with a default value.
    """
    return pattern == "*" or _matches(pattern, value, context, _Kind.ARN)


def matches_resource(pattern: str, value: str, context: Context) -> bool:
    """Return the same for resources: a segment's last `*` reaches on, `arn:aws:sqs` is completed.

    Raises:
        NotImplementedError: a variable with a default value.
    """
    if pattern == "*":
        return True
    reaching = _LAST_STAR.sub(_REACHING, pattern)
    return _matches(reaching, value, context, _Kind.RESOURCE)


def matches_action(pattern: str, action: str) -> bool:
    """Return whether `pattern` describes an action; IAM does not mind their case."""
    return _matches(pattern.lower(), action.lower(), {}, _Kind.TEXT)


def resolved(text: str, context: Context) -> str | None:
    """Return a text with its variables' values; None if the request has no value for one.

    Raises:
        NotImplementedError: a variable with a default value.
    """
    try:
        return "".join(
            _value(part, context) if part.startswith("${") else part for part in _PARTS.split(text)
        )
    except _UnresolvedError:
        return None


def _matches(pattern: str, value: str, context: Context, kind: _Kind) -> bool:
    if "${" not in pattern:
        return _compiled(pattern, kind).fullmatch(value) is not None
    try:
        return re.fullmatch(_source(pattern, context, kind), value, re.DOTALL) is not None
    except _UnresolvedError:
        return False


@lru_cache(4096)
def _compiled(pattern: str, kind: _Kind) -> re.Pattern[str]:
    return re.compile(_source(pattern, {}, kind), re.DOTALL)


def _source(pattern: str, context: Context, kind: _Kind) -> str:
    """Return the regular expression of a pattern; a variable's value has no wildcards."""
    source, colons = "", 0
    for part in _PARTS.split(pattern):
        if part == _REACHING and kind is _Kind.RESOURCE:
            source += ".*"
            continue
        if part in ("*", "?") and kind is not _Kind.LITERAL:
            within = kind is not _Kind.TEXT and colons < _ARN_SEPARATORS
            source += ("[^:]" if within else ".") + ("*" if part == "*" else "")
            continue
        text = _value(part, context) if part.startswith("${") else part
        source += re.escape(text)
        colons += text.count(":")
    if kind is _Kind.RESOURCE and colons < _ARN_SEPARATORS and _REACHING not in pattern:
        source += ":.*"
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
