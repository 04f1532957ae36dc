"""Records the previews that the tests of the comment read: `python -m tests.ci.record`.

It takes the real CLI on PATH.
"""

import json
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from pulumi.automation.events import EngineEvent

from ci.events import Json, mapping
from tests.engine.outcome import OperationFailed
from tests.engine.stack import PROJECT, Stack

RECORDED = Path(__file__).parent / "previews"
WEEKLY = {"expression": "cron(0 3 ? * MON *)", "timezone": "UTC"}
BEFORE: dict[str, Any] = {
    "schedules": {"weekly": WEEKLY, "canary": ...},
    "job": {"instance_type": "ml.m5.large"},
}
CHANGED: dict[str, Any] = {
    "schedules": {
        "daily": {"expression": "cron(30 5 * * ? *)", "suspend": ...},
        "weekly": ...,
        "hourly": {"expression": "rate(1 hour)", "timezone": "UTC"},
    },
    "job": {"capacity": "spot", "instance_type": "ml.m5.xlarge"},
    "retention": {"log_days": 90},
    "input": {"bucket": "their-input"},
}
TABLE = (
    f"urn:pulumi:dev::{PROJECT}::sagemaker-processing:journal:Journal"
    "$aws:dynamodb/table:Table::journal-table"
)
_READ = ("custom", "inputs", "retainOnDelete")


def record(stack: Stack, directory: Path, **options: Any) -> None:
    """Preview a stack, and keep what `pulumi preview --event-log` writes."""
    raw: list[Json] = []
    real = cast("Callable[[Json], EngineEvent]", EngineEvent.from_json)

    def kept(data: Json) -> EngineEvent:
        raw.append(data)
        return real(data)

    with patch.object(EngineEvent, "from_json", kept), suppress(OperationFailed):
        stack.preview(**options)
    directory.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(each) for each in map(_trimmed, raw) if each]
    (directory / "events.json").write_text("\n".join(lines) + "\n", "utf-8")


def _trimmed(event: Json) -> Json:
    """Return what the comment reads of an event: 60 KB of 5 MB are left."""
    step = mapping(mapping(event.get("resourcePreEvent")).get("metadata"))
    if step.get("op") == "same":
        return {}
    if not step:
        told = ("diagnosticEvent", "summaryEvent")
        return {key: each for key, each in event.items() if key in told}
    for side in ("old", "new"):
        state = mapping(step.get(side))
        inputs = {key: each for key, each in mapping(state.get("inputs")).items() if key != "code"}
        step[side] = {key: each for key, each in state.items() if key in _READ} | {"inputs": inputs}
    kept = {key: step.get(key) for key in ("op", "type", "urn", "keys", "old", "new")}
    return {"resourcePreEvent": {"metadata": kept}}


def main() -> None:
    with tempfile.TemporaryDirectory() as home, Stack(Path(home, "dev"), "dev", BEFORE) as dev:
        dev.up()
        dev.configure(CHANGED)
        record(dev, RECORDED / "preview-dev", replace=[TABLE])
    with tempfile.TemporaryDirectory() as home, Stack(Path(home, "prod"), "prod") as prod:
        prod.up()
        prod.configure({"input": {"bucket": "their-input"}})
        record(prod, RECORDED / "preview-prod")


if __name__ == "__main__":
    main()
