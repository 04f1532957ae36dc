"""What one change of a deployed stack changes: exactly what it should, by a preview of each."""

from collections.abc import Generator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ci import comment
from tests.ci.record import record
from tests.engine.aws_lookups import PASSWORD
from tests.engine.aws_rules import DATA
from tests.engine.life import BOUNDARY
from tests.engine.outcome import OperationFailed
from tests.engine.stack import Stack

FUNCTIONS = {"launcher-function": "update", "observer-function": "update"}
"""Both carry the schedules and the shared modules in their archives."""
ROLES = ("job-role", "launcher-role", "observer-role", "observer-watch-role", "schedule-group-role")


def alarms_of(schedule: str, operation: str) -> dict[str, str]:
    names = ("failed", "no-success", "running-long")
    return {f"monitoring-{schedule}-{name}": operation for name in names}


CHANGES: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "log days, boundary, suspend": (
        {
            "retention": {"log_days": 90},
            "permissions_boundary": BOUNDARY,
            "schedules": {"daily": {"suspend": True}},
        },
        {
            "launcher-logs": "update",
            "observer-logs": "update",
            **dict.fromkeys(ROLES, "update"),
            "monitoring-daily-no-success": "delete",
            "monitoring-dashboard": "update",
            "schedule-daily": "update",
            **FUNCTIONS,
        },
    ),
    "instance type, expression, schedule added": (
        {
            "job": {"instance_type": "ml.m6i.xlarge"},
            "retries": {"fallback_instance_types": []},
            "schedules": {
                "daily": {"expression": "cron(0 5 * * ? *)"},
                "hourly": {"expression": "rate(1 hour)", "timezone": "UTC"},
            },
        },
        {
            "launcher-policy": "update",
            "monitoring-dashboard": "update",
            "schedule-daily": "update",
            "schedule-hourly": "create",
            **alarms_of("hourly", "create"),
            **FUNCTIONS,
        },
    ),
    "schedule with a script, machine and places of its own added": (
        {
            "schedules": {
                "table": {
                    "expression": "cron(0 6 ? * MON *)",
                    "script": "to_parquet",
                    "job": {"instance_type": "ml.c5.xlarge", "max_runtime_seconds": 20_000},
                    "input": {"prefix": "sales/"},
                    "output": {"prefix": "tables/{slot:%Y%m%d%H%M%S}/"},
                    "retries": {"fallback_instance_types": []},
                }
            }
        },
        {
            "job-policy": "update",
            "launcher-policy": "update",
            "observer-policy": "update",
            "monitoring-dashboard": "update",
            "schedule-table": "create",
            **alarms_of("table", "create"),
            **FUNCTIONS,
        },
    ),
    "spot": (
        {"job": {"capacity": "spot"}},
        {
            "job-policy": "update",
            "job-role": "update",
            "launcher-policy": "update",
            "observer-policy": "update",
            "observer-rule": "update",
            "storage-output-lifecycle": "update",
            "monitoring-daily-no-success": "update",
            "monitoring-daily-running-long": "update",
            "monitoring-weekly-no-success": "update",
            "monitoring-weekly-running-long": "update",
            "monitoring-dashboard": "update",
            **FUNCTIONS,
        },
    ),
    "schedule renamed": (
        {
            "schedules": {
                "daily": ...,
                "nightly": {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"},
            }
        },
        {
            "monitoring-dashboard": "update",
            "schedule-daily": "delete",
            "schedule-nightly": "create",
            **alarms_of("daily", "delete"),
            **alarms_of("nightly", "create"),
            **FUNCTIONS,
        },
    ),
}
"""What is changed -> settings, and what becomes of which resource.

Changes whose resources are apart are seen in one preview: each takes the CLI half a second.
"""

FILES: dict[str, dict[str, str]] = {
    "container/scripts/process_data.sh": {"image-image": "update", "launcher-function": "update"},
    "lambda/observer/handler.py": {"observer-function": "update"},
}
"""What changes -> what becomes of which resource. What an archive holds is in test_functions."""


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    weekly = {"expression": "cron(0 3 ? * MON *)", "timezone": "UTC"}
    with Stack(tmp_path_factory.mktemp("prod"), "prod", {"schedules": {"weekly": weekly}}) as stack:
        stack.up()
        yield stack


def previewed(stack: Stack, settings: Mapping[str, Any]) -> Any:
    with stack.restored():
        stack.configure(settings)
        return stack.preview()


@pytest.mark.parametrize("change", CHANGES)
def test_a_setting_changes_what_it_means_and_nothing_else(deployed: Stack, change: str) -> None:
    settings, expected = CHANGES[change]
    assert previewed(deployed, settings).changes == dict(sorted(expected.items()))


@pytest.mark.parametrize("file", FILES)
def test_a_file_changes_what_it_is_part_of_and_nothing_else(deployed: Stack, file: str) -> None:
    with deployed.restored():
        deployed.append(file, "\n# changed\n")
        assert deployed.preview().changes == FILES[file]


def test_a_tag_changes_tags_and_the_functions_that_know_it(deployed: Stack) -> None:
    found = previewed(deployed, {"tags": {"CostCenter": "other"}})
    assert set(found.changes.values()) == {"update"}
    assert set(found.changes) > {step.name for step in found.steps if step.kind in DATA}
    beside = {
        name: found.paths(name).keys() - {"tagsAll.CostCenter"}
        for name in found.changes
        if name != "aws"
    }
    assert {name: paths for name, paths in beside.items() if paths} == {
        "launcher-function": {"code"},
        "observer-function": {"code"},
    }


def test_the_engine_logs_what_the_comment_of_a_pull_request_reads(
    deployed: Stack, tmp_path: Path
) -> None:
    settings, expected = CHANGES["schedule renamed"]
    with deployed.restored():
        deployed.configure(settings)
        deployed.append("container/scripts/process_data.sh", "\n# changed\n")
        record(deployed, tmp_path)
    found = comment.read(tmp_path, "prod", datetime(2026, 1, 5, tzinfo=UTC))
    assert found.preview.complete
    changes = {each.name: each.operation for each in found.preview.changes}
    assert changes == {**expected, "image-image": "update"}
    assert "`daily`: **removed**, was `cron(0 4 * * ? *)`" in found.schedules[0]
    log = (tmp_path / "events.json").read_text()
    assert "registry" in log
    assert PASSWORD not in log


def test_another_prefix_is_refused_where_it_would_replace_what_is_protected(
    deployed: Stack,
) -> None:
    with pytest.raises(OperationFailed) as refused:
        previewed(deployed, {"prefix": "other"})
    for kind in ("storage-input", "storage-output", "journal-table", "image-repository"):
        assert f"{kind}" in str(refused.value)
