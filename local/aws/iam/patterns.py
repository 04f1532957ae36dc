"""How the patterns of a policy match: IAM's two wildcards, and its variables.

Of variables, patterns have only those that stand for a character: `${*}`, `${?}`, `${$}`; the
others are played where texts are compared (`resolved`), but no default values. What is not played
raises NotImplementedError.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from functools import lru_cache

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""Condition key in lower case -> its value; a list is a key that AWS calls multivalued."""

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_TOKEN = re.compile(rf"{_VARIABLE.pattern}|(?P<last>\*(?=:|\Z))|\*|\?|[^*?$]+|\$", re.DOTALL)
"""`last` is a `*` that is the last character of a segment."""
_LITERAL = {"${*}": "*", "${?}": "?", "${$}": "$"}
_ARN_SEPARATORS = 5


class _Kind(Enum):
    """What a pattern is of: it decides what `*` and `?` stand for."""

    TEXT = "any characters"
    ARN = "any characters of a segment"
    RESOURCE = "the same, but the last `*` of a segment may match beyond it"


def matches(pattern: str, value: str) -> bool:
    """Return whether the whole of `value`, in the same case, is what `pattern` describes."""
    return _compiled(pattern, _Kind.TEXT).fullmatch(value) is not None


def matches_arn(pattern: str, value: str) -> bool:
    """Return the same for ARNs in conditions: each of their six segments is compared by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return pattern == "*" or _compiled(pattern, _Kind.ARN).fullmatch(value) is not None


def matches_resource(pattern: str, value: str) -> bool:
    """Return the same for resources: a segment's last `*` reaches on, an ARN may be cut short."""
    return pattern == "*" or _compiled(pattern, _Kind.RESOURCE).fullmatch(value) is not None


def matches_action(pattern: str, action: str) -> bool:
    """Return whether `pattern` describes an action; IAM does not mind their case."""
    return matches(pattern.lower(), action.lower())


def resolved(text: str, context: Context) -> str | None:
    """Return a text with its variables' values; None if the request has no value for one."""
    values = {each: _value(each, context) for each in _VARIABLE.findall(text)}
    if None in values.values():
        return None
    return _VARIABLE.sub(lambda variable: values[variable[0]] or "", text)


def _value(variable: str, context: Context) -> str | None:
    if variable in _LITERAL:
        return _LITERAL[variable]
    if "," in variable:
        raise NotImplementedError(f"the local IAM has no default values of variables: {variable}")
    value = context.get(variable[2:-1].strip().lower())
    return value if isinstance(value, str) else None


@lru_cache(4096)
def _compiled(pattern: str, kind: _Kind) -> re.Pattern[str]:
    source, colons, reaches = "", 0, False
    for token in _TOKEN.finditer(pattern):
        text = token[0]
        if text in ("*", "?"):
            reaching = kind is _Kind.RESOURCE and token["last"] is not None
            within = kind is not _Kind.TEXT and colons < _ARN_SEPARATORS and not reaching
            source += ("[^:]" if within else ".") + ("*" if text == "*" else "")
            reaches |= reaching
            continue
        if _VARIABLE.fullmatch(text) and text not in _LITERAL:
            raise NotImplementedError(f"the local IAM has no variables in patterns: {pattern}")
        text = _LITERAL.get(text, text)
        source += re.escape(text)
        colons += text.count(":")
    if kind is _Kind.RESOURCE and colons < _ARN_SEPARATORS and not reaches:
        source += ":.*"
    return re.compile(source, re.DOTALL)
