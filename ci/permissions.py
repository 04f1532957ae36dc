"""What IAM and resource policies allow after a change and did not before, or no longer do."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import product
from math import prod
from typing import NamedTuple, cast

from ci.events import UNKNOWN, Change, Json, mapping, text, texts
from ci.markdown import code, codes
from pipeline.text import safe_repr

_POLICIES = ("policy", "assumeRolePolicy")
"""Inputs that hold a policy, though it be unknown; others are known by their statements."""
_BESIDE = ("permissionsBoundary", "inlinePolicies", "managedPolicyArns")
"""Inputs of a role that add to its policies, or bound them."""
_ROLES = ("aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy")
_LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
"""Its policy says how long images stay."""
_IS = {
    **dict.fromkeys(("StringEquals", "ArnEquals", "Bool"), "is"),
    **dict.fromkeys(("StringLike", "ArnLike"), "is like"),
}
_WORDS = {
    ("Allow", True): "**may now**",
    ("Allow", False): "**may no longer**",
    ("Deny", True): "**is now denied**",
    ("Deny", False): "**is no longer denied**",
}
_MOST = 20_000
"""Grants of a policy that are compared: IAM's own limits allow far fewer."""


class _Grant(NamedTuple):
    """One thing that one may do to one other."""

    effect: str
    who: str
    """Nobody in a role's own policy."""
    when: str
    does: str
    on: str
    """Nothing in a role's trust policy."""


def told(changes: Iterable[Change]) -> list[str]:
    """Return lists, resource by resource, of what is granted and what is taken away."""
    found: list[str] = []
    for change in changes:
        lines = [f"  - {line}" for line in _of(change) if change.kind != _LIFECYCLE]
        found += [f"- {code(change.name)}", *lines] if lines else []
    return found


def _of(change: Change) -> Iterator[str]:
    old, new = _with_policy(change.kind, change.old), _with_policy(change.kind, change.new)
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        was, will = _grants(before), _grants(after)
        if before == after:
            continue
        if key in _BESIDE:
            yield f"{code(key)}: {code(safe_repr(before))} → {code(safe_repr(after))}"
        elif not (was or will or key in _POLICIES):
            continue
        elif UNKNOWN in (before, after):
            yield f"{code(key)}: known only during the update"
        elif was is None or will is None:
            yield f"{code(key)}: too long, or no policy; see the diff"
        else:
            yield from _in_words(will - was, added=True)
            yield from _in_words(was - will, added=False)
    if change.kind.startswith("aws:iam/") and change.kind not in _ROLES:
        yield f"{code(change.kind)}, {change.operation}: see the diff"


def _with_policy(kind: str, inputs: Json) -> Json:
    """Return a resource's inputs, with a policy for what is one without being written as one."""
    if kind != "aws:lambda/permission:Permission" or not inputs:
        return inputs
    names = {"Principal": "principal", "Action": "action", "Resource": "function"}
    statement: Json = {"Effect": "Allow", **{key: inputs.get(names[key]) for key in names}}
    if source := inputs.get("sourceArn"):
        statement["Condition"] = {"ArnLike": {"aws:SourceArn": source}}
    return {"policy": json.dumps({"Statement": [statement]})}


def _grants(policy: object) -> set[_Grant] | None:
    """Return what a policy grants, each apart; none if there is none, None if it is no policy."""
    if policy is None:
        return set()
    try:
        listed: object = mapping(json.loads(text(policy))).get("Statement")
    except (ValueError, RecursionError):
        return None
    statements = cast("list[object]", listed) if isinstance(listed, list) else [listed]
    found: set[_Grant] = set()
    for statement in map(mapping, statements):
        parts = [_part(statement, key) for key in ("Principal", "Action", "Resource")]
        if not statement or len(found) + prod(map(len, parts)) > _MOST:
            return None
        effect, when = text(statement.get("Effect")), _when(mapping(statement.get("Condition")))
        found |= {_Grant(effect, who, when, does, on) for who, does, on in product(*parts)}
    return found


def _part(statement: Json, key: str) -> list[str]:
    """Return a statement's principals, actions or resources."""
    for name, words in ((f"Not{key}", "everything but "), (key, "")):
        value: object = statement.get(name)
        named = [*mapping(value).values()] or [value]  # a principal may have its kind before it
        if found := [each for names in named for each in texts(names)]:
            return [words + ", ".join(sorted(found))] if words else found
    return [""]


def _when(conditions: Json) -> str:
    def named(values: object) -> str:
        return " or ".join(sorted(texts(values))) or safe_repr(values)

    tests = [
        f"{key} {_IS.get(operator, operator)} {named(values)}"
        for operator, keys in conditions.items()
        for key, values in mapping(keys).items()
    ]
    return " and ".join(sorted(tests))


def _in_words(grants: set[_Grant], *, added: bool) -> Iterator[str]:
    """Yield a line for all that is granted to the same ones under the same condition."""
    together: dict[tuple[str, str, str, str], set[str]] = defaultdict(set)
    for effect, who, when, does, on in grants:
        together[effect, who, when, on].add(does)
    alike: dict[tuple[str, str, str, tuple[str, ...]], set[str]] = defaultdict(set)
    for (effect, who, when, on), actions in together.items():
        alike[effect, who, when, tuple(sorted(actions))].add(on)
    for (effect, who, when, actions), places in sorted(alike.items()):
        words = _WORDS.get((effect, added), "has another statement, with")
        on = f" on {codes(sorted(places))}" if places != {""} else ""
        condition = f" when {code(when, 400)}" if when else ""
        yield f"{f'{code(who)} ' if who else ''}{words}: {codes(actions)}{on}{condition}"
