"""The engine's own state, and what in it names another resource without depending on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.engine.values import parsed, strings

if TYPE_CHECKING:
    from collections.abc import Set as Names

_NOT_A_NAME = {"__defaults", "description", "tags", "tagsAll"}

_COMPLETED_BY = {
    "aws:iam/rolePolicy:RolePolicy": "role",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "functionName",
    "aws:sns/topicPolicy:TopicPolicy": "arn",
    "aws:sqs/queuePolicy:QueuePolicy": "queueUrl",
}
"""Kind -> the input that names what is not complete without it."""

_USED_BY = {
    "aws:cloudwatch/eventTarget:EventTarget": {"arn", "deadLetterConfig", "roleArn"},
    "aws:cloudwatch/metricAlarm:MetricAlarm": {"alarmActions", "okActions"},
    "aws:ec2/flowLog:FlowLog": {"iamRoleArn"},
    "aws:lambda/function:Function": {"environment", "role"},
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": {"destinationConfig"},
    "aws:scheduler/schedule:Schedule": {"target"},
}
"""Kind that acts as soon as it is there -> the inputs that name what it uses then."""


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
        for text in _texts(each, each.inputs.keys() - _NOT_A_NAME):
            named = owners.get(text, [])
            if not named or any(other.urn in before[each.urn] | {each.urn} for other in named):
                continue
            missing |= {
                (each.name, other.name) for other in named if each.urn not in before[other.urn]
            }
    return missing


def unfinished(found: list[Resource]) -> set[tuple[str, str]]:
    """Return (resource, what is missing) where one acts before what it uses is complete.

    A function whose job has a role must wait for the role's policy, an alarm for its topic's: AWS
    takes each call, and what runs or is sent in between fails.
    """
    before = _everything_before(found)
    owners = _owners(found)
    completed = [
        (part, whole)
        for part in found
        for whole in owners.get(str(part.inputs.get(_COMPLETED_BY.get(part.kind, ""), "")), [])
        if whole.urn in part.dependencies
    ]
    return {
        (each.name, part.name)
        for each in found
        for part, whole in completed
        if any(
            whole in owners.get(text, []) for text in _texts(each, _USED_BY.get(each.kind, set()))
        )
        and part.urn not in before[each.urn] | {each.urn}
        and each.urn not in before[part.urn]
    }


def _everything_before(found: list[Resource]) -> dict[str, set[str]]:
    """Return URN -> URNs of all that the engine has finished when it starts with this one.

    A component that is depended on stands for all of its children.
    """
    children: dict[str, set[str]] = {}
    for each in found:
        children.setdefault(each.parent, set()).add(each.urn)
    direct = {each.urn: {*each.dependencies, each.parent} for each in found}
    components = {each.urn for each in found if not each.custom}
    reached: dict[str, set[str]] = {}
    for urn, first in direct.items():
        seen: set[str] = set()
        todo = list(first)
        while todo:
            step = todo.pop()
            if step in seen:
                continue
            seen.add(step)
            todo += direct.get(step, ())
            if step in components and step in first and step != _parent(found, urn):
                todo += children.get(step, ())
        reached[urn] = seen
    return reached


def _parent(found: list[Resource], urn: str) -> str:
    return next(each.parent for each in found if each.urn == urn)


def _owners(found: list[Resource]) -> dict[str, list[Resource]]:
    owners: dict[str, list[Resource]] = {}
    for each in (one for one in found if one.custom and not one.kind.startswith("pulumi:")):
        names = {each.id, *(each.outputs.get(key) for key in ("arn", "url", "name", "bucket"))}
        for name in names:
            if isinstance(name, str) and name:
                owners.setdefault(name, []).append(each)
    return owners


def _texts(resource: Resource, keys: Names[str]) -> set[str]:
    """Return what some inputs may name: whole texts, and ARNs that patterns begin with."""
    found: set[str] = set()
    for text in strings({key: resource.inputs[key] for key in keys & resource.inputs.keys()}):
        document = parsed(text)
        for each in strings(document) if document is not None else [text]:
            found |= {each, each.rstrip("*").rstrip("/:")}
    return found - {""}
