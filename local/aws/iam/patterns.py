"""How the patterns of a policy match: IAM's two wildcards, and its variables.

Of variables, patterns have only those that stand for a character: `${*}`, `${?}`, `${$}`; the
others are played where texts are compared (`resolved`), but no default values. What is not played
raises NotImplementedError.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

Value = str | Sequence[str]
Context = Mapping[str, Value]
"""Condition key in lower case -> its value; a list is a key that AWS calls multivalued."""

_VARIABLE = re.compile(r"\$\{[^}]*\}")
_LITERAL = {"${*}": "*", "${?}": "?", "${$}": "$"}
_WILD = re.compile(rf"({_VARIABLE.pattern}|[*?])")
_BEFORE_RESOURCE = 5
"""Segments of an ARN in front of the resource, which is one text whatever colons it has."""


def matches(pattern: str, value: str) -> bool:
    """Return whether the whole of `value`, in the same case, is what `pattern` describes."""
    return re.fullmatch(_regex(pattern, "."), value, re.DOTALL) is not None


def matches_arn(pattern: str, value: str) -> bool:
    """Return the same for ARNs in conditions: each of their six segments is compared by itself.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
    """
    return pattern == "*" or re.fullmatch(_of_arn(pattern), value, re.DOTALL) is not None


def matches_resource(pattern: str, value: str) -> bool:
    """Return the same for resources: a segment's last `*` reaches on, an ARN may be cut short."""
    regex = _of_arn(pattern, reaching=True)
    return pattern == "*" or re.fullmatch(regex, value, re.DOTALL) is not None


def resolved(text: str, context: Context) -> str | None:
    """Return a text with its variables' values; None if the request has no value for one."""
    values = dict(_LITERAL)
    for variable in set(_VARIABLE.findall(text)) - _LITERAL.keys():
        if "," in variable:
            raise NotImplementedError(f"the local IAM has no default values: {variable}")
        value = context.get(variable[2:-1].strip().lower())
        if not isinstance(value, str):
            return None
        values[variable] = value
    return _VARIABLE.sub(lambda variable: values[variable[0]], text)


def _refuse_variables(pattern: str) -> None:
    if set(_VARIABLE.findall(pattern)) - _LITERAL.keys():
        raise NotImplementedError(f"the local IAM has no variables in patterns: {pattern}")


@lru_cache(4096)
def _of_arn(pattern: str, *, reaching: bool = False) -> str:
    _refuse_variables(pattern)
    segments = pattern.split(":", _BEFORE_RESOURCE)
    found: list[str] = []
    for segment in segments[:_BEFORE_RESOURCE]:
        reaches = reaching and segment.endswith("*")
        within = _regex(segment.removesuffix("*") if reaches else segment, "[^:]")
        found.append(f"{within}.*" if reaches else within)
    cut_short = len(segments) == len(found) and not any(each.endswith(".*") for each in found)
    found += [_regex(resource, ".") for resource in segments[_BEFORE_RESOURCE:]]
    return ":".join(found) + (":.*" if reaching and cut_short else "")


@lru_cache(4096)
def _regex(pattern: str, character: str) -> str:
    """Return a pattern as a regular expression, in which a wildcard is of this character."""
    _refuse_variables(pattern)
    wild = {"*": f"{character}*", "?": character}
    parts = _WILD.split(pattern)
    return "".join(wild.get(part) or re.escape(_LITERAL.get(part, part)) for part in parts)
