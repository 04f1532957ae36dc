"""Whether the conditions of a statement hold for a request.

What is not played here is an error, never a guess: NotImplementedError. So is a key that a policy
asks for, and that is neither sent nor known to be absent: the statement, a Deny perhaps, would miss
what it hits on AWS.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from local.aws.iam.patterns import Context, Value, matches, matches_arn, resolved

Compare = Callable[[str, str, Context], bool]
"""Of the request's value, the policy's value and the request's context, for variables."""


def _ignoring_case(found: str, wanted: str, context: Context) -> bool:
    text = resolved(wanted, context)
    return text is not None and found.lower() == text.lower()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise NotImplementedError(f"the local IAM does not know what {text!r} is as a number")
    return int(text)


_OPERATORS: dict[str, Compare] = {
    "StringEquals": lambda found, wanted, context: found == resolved(wanted, context),
    "StringEqualsIgnoreCase": _ignoring_case,
    "StringLike": lambda found, wanted, _: matches(wanted, found),
    # Equal for IAM: both take wildcards.
    "ArnEquals": lambda found, wanted, _: matches_arn(wanted, found),
    "ArnLike": lambda found, wanted, _: matches_arn(wanted, found),
    "Bool": lambda found, wanted, _: found.lower() == wanted.lower(),
    "NumericLessThanEquals": lambda found, wanted, _: _number(found) <= _number(wanted),
}
_SOMETIMES = re.compile(
    r"aws:(sourcearn|sourceaccount|sourceowner|principalservicename)|s3:prefix|events:source"
    r"|kms:(viaservice|calleraccount|resourcealiases|encryptioncontext:.+)"
    r"|iam:passedtoservice|ec2:subnet|dynamodb:leadingkeys"
    r"|sagemaker:(instancetypes|maxruntimeinseconds|networkisolation|taggingaction)"
    r"|sagemaker:(intercontainertrafficencryption|vpcsubnets|vpcsecuritygroupids)"
)
"""Keys that only some requests have, and those that need them here always with their value."""


class Sent(dict[str, Value]):
    """All keys of a request: any other one is absent, or not played."""

    def __init__(self, keys: Mapping[str, Value]) -> None:
        super().__init__({key.lower(): value for key, value in keys.items()})

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401 - as that of dict
        """Return a key's value."""
        if key not in self and not _SOMETIMES.fullmatch(key):
            raise NotImplementedError(f"the local IAM does not play the condition key {key}")
        return super().get(key, default)


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Return whether all conditions of a statement hold: operator -> key -> value or values.

    The keys of `context`, the request's, are in lower case.
    """
    return all(
        _holds(spelled, key, listed(wanted), context)
        for spelled, tests in conditions.items()
        for key, wanted in tests.items()
    )


def listed(value: Any) -> list[Any]:  # noqa: ANN401 - one value or a list
    """Return the list that a policy may write without brackets if it has one element."""
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def _holds(spelled: str, key: str, wanted: list[Any], context: Context) -> bool:
    # JSON's booleans and numbers mean their text.
    texts = [each if isinstance(each, str) else json.dumps(each) for each in wanted]
    qualifier, _, named = spelled.rpartition(":")
    name = named.removesuffix("IfExists")
    affirmed = re.sub("^(String|Arn)Not", r"\1", name)
    compare, negated = _OPERATORS.get(affirmed), name != affirmed
    known = compare and qualifier in ("", "ForAllValues", "ForAnyValue")
    if not known and spelled != "Null":
        raise NotImplementedError(f"the local IAM has no condition operator {spelled}")
    found = context.get(key.lower(), ())
    values = [found] if isinstance(found, str) else found
    if compare is None:
        return (not values) == (texts[0].lower() == "true")
    if not values:
        if_exists = name != named or qualifier == "ForAllValues"
        return if_exists or (negated and not qualifier)
    if not qualifier and not isinstance(found, str):
        raise NotImplementedError(
            f"{key} is multivalued: compare it with ForAnyValue:{named} or ForAllValues:{named}"
        )
    every = all if qualifier == "ForAllValues" else any
    return every(any(compare(v, each, context) for each in texts) != negated for v in values)
