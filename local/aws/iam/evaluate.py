"""Whether policies allow a request: pure, without any AWS.

An explicit deny wins. A permissions boundary limits, but not what a resource's own policy grants a
session by its ARN. In the account of the role, a resource's policy can allow by itself, and a KMS
key allows nothing that its policy does not; in another account both have to allow.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html

What a policy has and this does not play raises NotImplementedError.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from local.aws.iam.conditions import Sent, holds, listed
from local.aws.iam.patterns import Value, matches, matches_resource

Statements = tuple[dict[str, Any], ...]

_KNOWN = {
    *("Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition")
}
_WITH_VARIABLES = "2012-10-17"
"""Policies of any other version, and of none, have no variables: there `${` is text."""


@dataclass(frozen=True)
class Access:
    """One thing that a request needs to be allowed."""

    action: str
    resource: str
    """Its ARN, or `*` where the action knows no resource."""
    context: Mapping[str, Value] = field(default_factory=dict[str, Value])
    """Condition keys beyond those that every request has."""

    @property
    def account(self) -> str:
        """The account that the resource's ARN names; empty where it names none, as for buckets."""
        return (self.resource.split(":", 5) + [""] * 5)[4]


@dataclass(frozen=True)
class Identity:
    """A role's session."""

    role_arn: str
    session: str

    @property
    def name(self) -> str:
        """The role's name."""
        return self.role_arn.rpartition("/")[2]

    @property
    def account(self) -> str:
        """The account of the role."""
        return self.role_arn.split(":")[4]

    @property
    def arn(self) -> str:
        """What AWS calls the user in its messages."""
        return f"arn:aws:sts::{self.account}:assumed-role/{self.name}/{self.session}"


@dataclass(frozen=True)
class Policies:
    """All that decides about a role's request."""

    identity: Statements
    boundary: Statements | None = None
    resource: Statements = ()


@lru_cache(1024)
def parse(document: str) -> Statements:
    """Return a policy's statements."""
    if json.loads(document).get("Version") != _WITH_VARIABLES:
        document = document.replace("${", "${$}{")
    statements = tuple(listed(json.loads(document)["Statement"]))
    for statement in statements:
        if unknown := statement.keys() - _KNOWN:
            raise NotImplementedError(f"the local IAM has no {', '.join(sorted(unknown))}")
    return statements


def refusal(access: Access, who: Identity, policies: Policies) -> str | None:
    """Return why a role's request is refused, in AWS's words; None if it is allowed."""
    names = {who.role_arn, who.arn, "*"}
    # The principals by which a resource leaves it to the account's own policies.
    delegates = {who.account, f"arn:aws:iam::{who.account}:root"}
    boundary, resource = policies.boundary, policies.resource

    def found(effect: str, statements: Statements, principals: set[str] | None = None) -> bool:
        return _finds(effect, statements, access, principals)

    denying = {
        "an identity-based policy": found("Deny", policies.identity),
        "a permissions boundary": found("Deny", boundary or ()),
        "a resource-based policy": found("Deny", resource, names | delegates),
    }
    for kind, denies in denying.items():
        if denies:
            return f"with an explicit deny in {kind}"
    granted, delegated = found("Allow", resource, names), found("Allow", resource, delegates)
    elsewhere = access.account not in ("", who.account)
    if (elsewhere or access.action.startswith("kms:")) and not (granted or delegated):
        return f"because no resource-based policy allows the {access.action} action"
    if (elsewhere or not granted) and not found("Allow", policies.identity):
        return f"because no identity-based policy allows the {access.action} action"
    by_session = not elsewhere and found("Allow", resource, {who.arn})
    if boundary is not None and not by_session and not found("Allow", boundary):
        return f"because no permissions boundary allows the {access.action} action"
    return None


def admits(policy: Statements, service: str, access: Access) -> bool:
    """Return whether a resource's policy lets a service of AWS in: an Allow, and no Deny.

    A key that the service does not send is absent. A principal of `*` is services too, as in
    AWS's own examples, which bind it by aws:SourceArn. `service` is one such as
    events.amazonaws.com.
    """
    names = {service, "*"}
    allowed = _finds("Allow", policy, access, names)
    return allowed and not _finds("Deny", policy, access, names)


def _finds(effect: str, statements: Statements, access: Access, names: set[str] | None) -> bool:
    """Return whether a statement of this effect fits, for one of `names` if it has principals."""
    return any(
        statement["Effect"] == effect
        and (names is None or not names.isdisjoint(_principals(statement)))
        and _fits(statement, access)
        for statement in statements
    )


def _principals(statement: Mapping[str, Any]) -> list[str]:
    principal = statement["Principal"]
    if isinstance(principal, str):
        return [principal]
    return [name for kind in ("AWS", "Service") for name in listed(principal.get(kind, []))]


def _fits(statement: Mapping[str, Any], access: Access) -> bool:
    keys = access.context
    context = keys if isinstance(keys, Sent) else {key.lower(): keys[key] for key in keys}
    actions = listed(statement.get("Action", statement.get("NotAction")))
    acts = any(matches(each.lower(), access.action.lower()) for each in actions)
    # Only a role's trust policy has no resource: it is the role's.
    resources = listed(statement.get("Resource", statement.get("NotResource", "*")))
    applies = any(matches_resource(each, access.resource) for each in resources)
    return (
        acts == ("Action" in statement)
        and applies == ("NotResource" not in statement)
        and holds(statement.get("Condition", {}), context)
    )
