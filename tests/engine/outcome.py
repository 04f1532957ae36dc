"""What came of one operation of the engine: its steps, what it said, and why it failed."""

from dataclasses import dataclass, field
from typing import Any

from pulumi.automation.events import EngineEvent


class OperationFailed(Exception):  # noqa: N818 - it is the operation that failed
    """An operation that the engine, a provider or the program refused."""

    def __init__(self, outcome: "Outcome", error: str) -> None:
        super().__init__("\n".join(outcome.said("error")) or error)
        self.outcome = outcome
        """As far as it came; its `text` is all that the user saw."""


@dataclass(frozen=True)
class Step:
    """What the engine does, or would do, to one resource."""

    operation: str
    """create, update, replace, delete, same, …"""
    kind: str
    name: str
    """The logical name."""
    paths: dict[str, str] = field(default_factory=dict[str, str])
    """What changes: path -> add, update, delete-replace, …"""


@dataclass
class Outcome:
    """What came of one operation."""

    steps: list[Step] = field(default_factory=list[Step])
    """The engine's, in its order, resources that stay as they are included."""
    messages: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    """(severity, text) of what the engine, the providers and the program said."""
    text: str = ""
    """What the CLI printed."""

    @property
    def changes(self) -> dict[str, str]:
        """Logical name -> create, update, replace or delete, of all that does not stay the same."""
        words = {"create-replacement": "replace", "delete-replaced": "replace"}
        found = {
            step.name: words.get(step.operation, step.operation)
            for step in self.steps
            if step.operation not in ("same", "read", "refresh")
        }
        return dict(sorted(found.items()))

    def paths(self, name: str) -> dict[str, str]:
        """Return what changes in a resource, such as {"policy": "update"}."""
        return {
            path: how
            for step in self.steps
            if step.name == name
            for path, how in step.paths.items()
        }

    def said(self, severity: str) -> list[str]:
        """Return the texts of a severity: info, warning or error."""
        return [text for found, text in self.messages if found == severity]


def note(outcome: Outcome, event: EngineEvent) -> None:
    """Add what an event of the engine tells to what came of the operation."""
    if event.diagnostic_event:
        diagnostic = event.diagnostic_event
        outcome.messages.append((diagnostic.severity, diagnostic.message.strip()))
    metadata: Any = None
    if event.resource_pre_event:
        metadata = event.resource_pre_event.metadata
    elif event.res_outputs_event and event.res_outputs_event.metadata.op == "refresh":
        metadata = event.res_outputs_event.metadata
    if metadata is None:
        return
    changed: dict[str, Any] = metadata.detailed_diff or {}
    paths = {path: str(each.diff_kind.value) for path, each in changed.items()}
    name = metadata.urn.split("::", 3)[3]
    outcome.steps.append(Step(str(metadata.op.value), metadata.type, name, paths))
