"""How the patterns of a policy match: IAM's two wildcards, and its variables.

A variable with a default value is not played: NotImplementedError.
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

_TOKEN = re.compile(r"\$\{[^}]*\}|(?P<last>\*(?=:|\Z))|\*|\?|[^*?$]+|\$", re.DOTALL)
"""`last` is a `*` that is the last character of a segment."""
_LITERAL = {"${*}": "*", "${?}": "?", "${$}": "$"}
_ARN_SEPARATORS = 5


class _Kind(Enum):
    """What a pattern is of: it decides what `*` and `?` stand for."""

    TEXT = "any characters"
    ARN = "any characters of a segment"
    RESOURCE = "the same, but the last `*` of a segment may match beyond it"


class _UnresolvedError(Exception):
    """The request has no value for a variable."""


def matches(pattern: str, value: str, context: Context) -> bool:
    """Return whether the whole of `value`, in the same case, is what `pattern` describes."""
    return _matches(pattern, value, context, _Kind.TEXT)


def matches_arn(pattern: str, value: str, context: Context) -> bool:
    """Return the same for ARNs in conditions: each of their six segments is compared by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return pattern == "*" or _matches(pattern, value, context, _Kind.ARN)


def matches_resource(pattern: str, value: str, context: Context) -> bool:
    """Return the same for resources: a segment's last `*` reaches on, an ARN may be cut short."""
    return pattern == "*" or _matches(pattern, value, context, _Kind.RESOURCE)


def matches_action(pattern: str, action: str) -> bool:
    """Return whether `pattern` describes an action; IAM does not mind their case."""
    return _matches(pattern.lower(), action.lower(), {}, _Kind.TEXT)


def resolved(text: str, context: Context) -> str | None:
    """Return a text with its variables' values; None if the request has no value for one."""
    try:
        return re.sub(r"\$\{[^}]*\}", lambda variable: _value(variable[0], context), text)
    except _UnresolvedError:
        return None


def _matches(pattern: str, value: str, context: Context, kind: _Kind) -> bool:
    try:
        # Nearly all are without variables, and compiled once.
        compiled = _compile(pattern, context, kind) if "${" in pattern else _plain(pattern, kind)
    except _UnresolvedError:
        return False
    return compiled.fullmatch(value) is not None


@lru_cache(4096)
def _plain(pattern: str, kind: _Kind) -> re.Pattern[str]:
    return _compile(pattern, {}, kind)


def _compile(pattern: str, context: Context, kind: _Kind) -> re.Pattern[str]:
    """Return the regular expression of a pattern; a variable's value has no wildcards."""
    source, colons, reaches = "", 0, False
    for token in _TOKEN.finditer(pattern):
        if token[0] in ("*", "?"):
            reaching = kind is _Kind.RESOURCE and token["last"] is not None
            within = kind is not _Kind.TEXT and colons < _ARN_SEPARATORS and not reaching
            source += ("[^:]" if within else ".") + ("*" if token[0] == "*" else "")
            reaches |= reaching
            continue
        text = _value(token[0], context) if token[0].startswith("${") else token[0]
        source += re.escape(text)
        colons += text.count(":")
    if kind is _Kind.RESOURCE and colons < _ARN_SEPARATORS and not reaches:
        source += ":.*"
    return re.compile(source, re.DOTALL)


def _value(variable: str, context: Context) -> str:
    if variable in _LITERAL:
        return _LITERAL[variable]
    if "," in variable:
        raise NotImplementedError(f"the local IAM has no default values of variables: {variable}")
    value = context.get(variable[2:-1].strip().lower())
    if not isinstance(value, str):
        raise _UnresolvedError(variable)
    return value
