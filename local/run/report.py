"""The report of a run, in the form of report.json."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

NOT_ENDED = "the run was ended before it could say how"
"""Reason of a run that nobody let finish: it stands there from the beginning on."""

Rows = list[dict[str, Any]]


@dataclass
class Report:
    """One local run; filled in as the run goes on. Job and reasons are of the last attempt."""

    stack: str
    schedule: str | None = None
    slot: str | None = None
    attempt: int | None = None
    job_name: str | None = None
    status: str | None = None
    """AWS's word for the job's status; null if there is no job."""
    failure_reason: str | None = None
    exit_message: str | None = None
    outputs: Rows = field(default_factory=Rows)
    """bucket, key, size (bytes)."""
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    """What the script told, summed up."""
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    resources: int = 0
    engine: str | None = None
    outcome: str | None = None
    """The slot's, as the journal has it; null if nothing came of it."""
    attempts: Rows = field(default_factory=Rows)
    """job_name, status, reason, instance_type, outcome, attempt."""
    messages: Rows = field(default_factory=Rows)
    """What SNS delivered: subject, body, at."""
    alarms: dict[str, str] = field(default_factory=dict[str, str])
    """Alarm -> state."""
    success_marker: str | None = None
    """The key of the slot's _SUCCESS."""
    timeline: Rows = field(default_factory=Rows)
    """at, what, detail."""

    def write(self, directory: Path) -> None:
        """Write report.json, in a directory that other users of the machine do not see into."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps(dataclasses.asdict(self), indent=2)
        (directory / "report.json").write_text(text + "\n", "utf-8")
