"""The engine's own state, and what in it names another resource without depending on it."""

from dataclasses import dataclass
from typing import Any

from tests.engine.values import parsed, strings

_NOT_A_NAME = {"__defaults", "description", "tags", "tagsAll"}


@dataclass(frozen=True)
class Resource:
    """One resource of a stack."""

    urn: str
    kind: str
    name: str
    """The logical name."""
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    protect: bool
    parent: str
    dependencies: frozenset[str]
    """URNs that it depends on, by a property or by `depends_on`."""
    custom: bool


def resources(latest: list[dict[str, Any]]) -> list[Resource]:
    """Return the resources of a checkpoint, the stack itself left out."""
    return [
        Resource(
            urn=each["urn"],
            kind=each["type"],
            name=each["urn"].split("::", 3)[3],
            id=each.get("id", ""),
            inputs=each.get("inputs", {}),
            outputs=each.get("outputs", {}),
            protect=each.get("protect", False),
            parent=each.get("parent", ""),
            dependencies=frozenset(each.get("dependencies", [])),
            custom=each["custom"],
        )
        for each in latest
        if each["type"] != "pulumi:pulumi:Stack"
    ]


def undeclared(found: list[Resource]) -> set[tuple[str, str]]:
    """Return (resource, what it names) where the engine does not know of the order.

    A name is an id, ARN, URL or physical name in an input, in a JSON text of it, or before a `/`,
    `:` or `*` that follows. What would be a circle is left out: nobody can declare it.
    """
    before = _everything_before(found)
    owners = _owners(found)
    missing: set[tuple[str, str]] = set()
    for each in (one for one in found if one.custom):
        for text in _texts(each):
            named = owners.get(text, [])
            if not named or any(other.urn in before[each.urn] | {each.urn} for other in named):
                continue
            missing |= {
                (each.name, other.name) for other in named if each.urn not in before[other.urn]
            }
    return missing


def _everything_before(found: list[Resource]) -> dict[str, set[str]]:
    """Return URN -> URNs of all that the engine has finished when it starts with this one."""
    direct = {each.urn: {*each.dependencies, each.parent} for each in found}
    reached: dict[str, set[str]] = {}
    for urn, first in direct.items():
        seen: set[str] = set()
        todo = list(first)
        while todo:
            step = todo.pop()
            if step not in seen:
                seen.add(step)
                todo += direct.get(step, ())
        reached[urn] = seen
    return reached


def _owners(found: list[Resource]) -> dict[str, list[Resource]]:
    owners: dict[str, list[Resource]] = {}
    for each in (one for one in found if one.custom and not one.kind.startswith("pulumi:")):
        names = {each.id, *(each.outputs.get(key) for key in ("arn", "url", "name", "bucket"))}
        for name in names:
            if isinstance(name, str) and name:
                owners.setdefault(name, []).append(each)
    return owners


def _texts(resource: Resource) -> set[str]:
    """Return what a resource's inputs may name: whole texts, and ARNs that patterns begin with."""
    found: set[str] = set()
    for text in strings(
        {key: each for key, each in resource.inputs.items() if key not in _NOT_A_NAME}
    ):
        document = parsed(text)
        for each in strings(document) if document is not None else [text]:
            found |= {each, each.rstrip("*").rstrip("/:")}
    return found - {""}
