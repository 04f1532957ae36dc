"""Slots that tests run in this process, on the process engine."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from rich.console import Console

from components.settings import stack_file
from local.engines.process import ProcessEngine
from local.run.display import Display
from local.run.slot_run import Options, SlotRun
from tests.conftest import PROJECT, ROOT, stack_keys

NEEDS_THE_ENGINE = pytest.mark.skipif(
    ProcessEngine(Path()).available() is not None,
    reason="no namespaces on this machine for the process engine",
)

SAMPLE = ROOT / "local" / "sample"
SLOT = datetime(2026, 1, 5, 3, tzinfo=UTC)
SCHEDULES = f"{PROJECT}:schedules"


def pipeline(directory: Path, **options: Any) -> SlotRun:
    options = {"input": SAMPLE, "slot": SLOT, "engine": "process", **options}
    chosen = Options(**options)
    return SlotRun(ROOT, directory, chosen, Display(Console(highlight=False)))


def played(directory: Path, **options: Any) -> dict[str, Any]:
    """Return the report of a run."""
    run = pipeline(directory, **options)
    try:
        run.play()
    finally:
        run.close()
    return json.loads((directory / "report.json").read_text("utf-8"))


@contextmanager
def daily(follower: dict[str, Any] | None = None, **changes: object) -> Generator[None]:
    """Change the settings of the stack's schedule, and give it a follower that sets that itself."""
    keys = stack_keys("local")
    schedules = json.loads(keys[SCHEDULES])
    schedules["daily"] |= changes
    if follower:
        schedules["follower"] = {**schedules["daily"], **follower}
    keys[SCHEDULES] = json.dumps(schedules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stack_file, "keys", Mock(return_value=keys))
        yield


def red_alarms(report: dict[str, Any]) -> list[str]:
    return [alarm["name"] for alarm in report["alarms"] if alarm["state"] == "ALARM"]


def script_metrics(report: dict[str, Any]) -> dict[str, float]:
    return {
        each["name"]: each["value"] for each in report["metrics"] if each["sent_by"] == "script"
    }
