"""Whether a resource's policy admits a service of AWS: of a function, queue, topic or key.

Only what decides about services is read: principals of the kind Service, and everybody. A condition
of an operator that is not played here is an error, never a guess.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": fnmatchcase,
    # Equal for IAM: both take wildcards.
    "ArnEquals": fnmatchcase,
    "ArnLike": fnmatchcase,
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
}
_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike"}
_ALWAYS = {"aws:securetransport": "true"}
"""Services call each other by TLS."""


def admits(
    policy: str | None, *, service: str, action: str, resource: str, context: Mapping[str, str]
) -> bool:
    """Return whether `policy` lets `service` do `action`: an Allow, and no Deny.

    Args:
        policy: the document as JSON; None is a resource without policy.
        service: the principal, such as events.amazonaws.com.
        action: such as sns:Publish.
        resource: ARN of what the policy belongs to.
        context: condition keys that the service sends; a condition on any other does not hold.

    Raises:
        NotImplementedError: a condition's operator is not played here.
    """
    if policy is None:
        return False
    keys = {**_ALWAYS, **{key.lower(): value for key, value in context.items()}}
    effects = {
        statement["Effect"]
        for statement in _statements(policy)
        if _names(statement, service)
        and any(fnmatchcase(action.lower(), each.lower()) for each in _list(statement["Action"]))
        and any(fnmatchcase(resource, each) for each in _list(statement["Resource"]))
        and _holds(statement.get("Condition", {}), keys)
    }
    return effects == {"Allow"}


def _statements(policy: str) -> list[dict[str, Any]]:
    found = json.loads(policy)["Statement"]
    return [found] if isinstance(found, dict) else found


def _names(statement: Mapping[str, Any], service: str) -> bool:
    """Everybody is denied by a star, but whether it lets services in, AWS does not say clearly."""
    principal = statement["Principal"]
    if principal == "*" or principal.get("AWS") == "*":
        return statement["Effect"] == "Deny"
    return service in _list(principal.get("Service", []))


def _holds(conditions: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]) -> bool:
    return all(
        _matches(operator, keys.get(key.lower()), [str(each) for each in _list(wanted)])
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _matches(operator: str, found: str | None, wanted: list[str]) -> bool:
    if_exists = operator.endswith("IfExists")
    name = operator.removesuffix("IfExists")
    negated = name in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(name, name))
    if compare is None:
        raise NotImplementedError(f"condition operator {operator} is not played by the local AWS")
    if found is None:
        return if_exists or negated
    return any(compare(found, each) for each in wanted) != negated


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - one or a list
    return cast("list[Any]", value) if isinstance(value, list) else [value]
