"""The engine's event log of a preview, which a pull request's code may have written or broken.

Nothing is sure of its form: what is not as the engine writes it is passed over.
https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
"""

import json
from dataclasses import dataclass, field
from typing import Any, cast

Json = dict[str, Any]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine writes for a text that is known only during the update."""

_OPERATIONS = {
    **dict.fromkeys(("create", "import"), "create"),
    "update": "update",
    **dict.fromkeys(("delete", "discard"), "delete"),
    **dict.fromkeys(("replace", "create-replacement", "import-replacement"), "replace"),
    **dict.fromkeys(("delete-replaced", "discard-replaced", "remove-pending-replace"), "replace"),
}
OPERATIONS = ("replace", "delete", "create", "update")
"""The worst first."""


@dataclass
class Change:
    """What would become of one resource."""

    kind: str
    """Its type token, such as aws:s3/bucket:Bucket."""
    name: str
    operation: str
    """One of OPERATIONS."""
    old: Json = field(default_factory=dict[str, Any])
    """Inputs before and, in `new`, after; {} of what is not there then."""
    new: Json = field(default_factory=dict[str, Any])
    because: list[str] = field(default_factory=list[str])
    """Properties whose change replaces it."""
    forgotten: bool = False
    """Whether it stays in the account when Pulumi deletes it."""


@dataclass
class Preview:
    """What a preview found, as far as it came."""

    changes: list[Change] = field(default_factory=list[Change])
    errors: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])
    complete: bool = False


def read(log: str) -> Preview:
    """Return what a preview's events tell, one JSON document a line."""
    preview, changes, ended = Preview(), dict[str, Change](), False
    for line in filter(None, log.split("\n")):  # splitlines would break texts with other ends
        try:
            event = mapping(json.loads(line))
        except (ValueError, RecursionError):
            preview.errors.append("A line of the engine's log cannot be read.")
            continue
        diagnostic = mapping(event.get("diagnosticEvent"))
        severity, message = diagnostic.get("severity"), text(diagnostic.get("message")).strip()
        if severity == "error" and message:
            preview.errors.append(message)
        elif severity == "warning" and message:
            preview.warnings.append(message)
        ended |= mapping(event.get("summaryEvent")).get("result") == "succeeded"
        _add(changes, mapping(mapping(event.get("resourcePreEvent")).get("metadata")))
    preview.complete = ended and not preview.errors
    # The engine's order is another one each time.
    preview.changes = sorted(changes.values(), key=lambda each: (each.name, each.kind))
    return preview


def _add(changes: dict[str, Change], step: Json) -> None:
    """Add a step: a resource that is replaced has up to three, in any order."""
    operation, urn = _OPERATIONS.get(text(step.get("op"))), text(step.get("urn"))
    old, new = mapping(step.get("old")), mapping(step.get("new"))
    if operation is None or not (old.get("custom") or new.get("custom")):
        return  # a component is but a name for what is in it
    change = changes.setdefault(urn, Change(text(step.get("type")), _name(urn), operation))
    change.operation = min(operation, change.operation, key=OPERATIONS.index)
    change.old = mapping(old.get("inputs")) or change.old
    change.new = mapping(new.get("inputs")) or change.new
    change.because = texts(step.get("keys")) or change.because
    if operation in ("replace", "delete"):
        change.forgotten |= old.get("retainOnDelete") is True


def _name(urn: str) -> str:
    """Return a resource's logical name, which may have colons in it."""
    return urn.split("::", 3)[-1]


def mapping(value: object) -> Json:
    """Return a value that should be a mapping; an empty one if it is none."""
    return cast("Json", value) if isinstance(value, dict) else {}


def text(value: object) -> str:
    """Return a value that should be a text; an empty one if it is none."""
    return value if isinstance(value, str) else ""


def texts(value: object) -> list[str]:
    """Return what may be a text or a list of them, as IAM has it; nothing for anything else."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in values if isinstance(each, str)]
