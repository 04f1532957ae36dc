"""The dashboard: valid for CloudWatch, complete, and of this stack only."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pulumi
import pytest

from components import dashboard, names
from components.dashboard import Dashboard, DashboardArgs
from local.aws.cloudwatch.metric_store import Point
from tests.components import metric_search
from tests.conftest import ACCOUNT, REGION, ROOT, record

ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:p-dev--"
ARGS = DashboardArgs(
    prefix="p-dev",
    region=REGION,
    stack="dev",
    schedules=("daily", "hourly"),
    functions=("p-dev-launcher", "p-dev-observer"),
    queues={"launcher-failures": "launcher-failures-0a1b2c3"},
    alarm_arns=(f"{ALARM}daily-failed", f"{ALARM}launcher-errors"),
    observer_log_group="/aws/lambda/p-dev-observer",
)

# Property -> whether the widget needs it, of each type that is used. Source: "Dashboard Body
# Structure and Syntax" in CloudWatch's API reference.
PROPERTIES: dict[str, dict[str, bool]] = {
    "text": {"markdown": True, "background": False},
    "alarm": {"alarms": True, "title": False, "sortBy": False, "states": False},
    "log": {"region": True, "query": True, "title": False, "view": False, "stacked": False},
    "metric": {
        "metrics": True,
        "region": True,
        **dict.fromkeys(("title", "view", "stat", "period", "yAxis", "legend", "stacked"), False),
    },
}
VIEWS = {"timeSeries", "singleValue", "gauge", "bar", "pie", "table"}


def widgets(args: DashboardArgs = ARGS) -> list[dict[str, Any]]:
    return dashboard.body(args, "SOURCE 'group' | fields @message")["widgets"]


def of_type(kind: str, args: DashboardArgs = ARGS) -> list[dict[str, Any]]:
    """Return the properties of the widgets of a type."""
    return [widget["properties"] for widget in widgets(args) if widget["type"] == kind]


def entries(args: DashboardArgs = ARGS) -> list[list[Any]]:
    return [entry for properties in of_type("metric", args) for entry in properties["metrics"]]


def expressions(args: DashboardArgs = ARGS) -> list[str]:
    return [entry[0]["expression"] for entry in entries(args) if isinstance(entry[0], dict)]


def many(count: int) -> DashboardArgs:
    """Return arguments with many schedules of the longest names, and an alarm for each."""
    prefix = "p" * names.MAX_PREFIX
    longest = names.max_schedule_name(prefix)
    schedules = [f"s{index:0{longest - 1}}" for index in range(count)]
    arns = [f"{ALARM}{schedule}-failed" for schedule in schedules]
    return replace(ARGS, prefix=prefix, schedules=schedules, alarm_arns=arns)


class TestIsValidForCloudWatch:
    @pytest.mark.parametrize("args", [ARGS, many(120), replace(ARGS, alarm_arns=())])
    def test_every_widget_has_its_own_place_on_the_grid(self, args: DashboardArgs) -> None:
        taken: set[tuple[int, int]] = set()
        for widget in widgets(args):
            x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
            assert x >= 0
            assert x + width <= dashboard.GRID
            assert 1 <= height <= 1000
            cells = {
                (column, row) for column in range(x, x + width) for row in range(y, y + height)
            }
            assert not cells & taken, f"{widget['properties'].get('title')} covers another widget"
            taken |= cells

    def test_every_property_is_one_that_the_widget_has(self) -> None:
        for widget in widgets():
            known, given = PROPERTIES[widget["type"]], widget["properties"].keys()
            assert given <= known.keys()
            assert {name for name, needed in known.items() if needed} <= given
            assert widget["properties"].get("view", "timeSeries") in VIEWS

    def test_everything_is_of_one_region(self) -> None:
        regions = {p["region"] for kind in ("metric", "log") for p in of_type(kind)}
        assert regions == {REGION}

    def test_no_alarm_widget_holds_more_than_a_hundred_alarms_and_none_is_empty(self) -> None:
        assert [len(found["alarms"]) for found in of_type("alarm", many(120))] == [100, 20]
        assert of_type("alarm", replace(ARGS, alarm_arns=())) == []

    def test_no_search_is_longer_than_cloudwatch_takes(self) -> None:
        found = expressions(many(120))
        assert all(len(expression) <= 1024 for expression in found)
        assert len(found) == 3 * 8


class TestShows:
    def test_every_alarm(self) -> None:
        assert [found["alarms"] for found in of_type("alarm")] == [list(ARGS.alarm_arns)]

    @pytest.mark.parametrize(
        "name",
        [
            *("JobsSucceeded", "JobsFailed", "JobDuration", "QueueTime", "Attempts"),
            *("EstimatedCost", "SlotsSkipped", "SecondsSinceSuccess"),
            *("RecordsProcessed", "ErrorsEncountered"),
        ],
    )
    def test_a_line_of_each_schedule_for_each_metric_of_its_own(self, name: str) -> None:
        found = [entry[:-1] for entry in entries() if entry[1:2] == [name]]
        assert found == [
            ["SageMakerProcessing", name, "stack", "dev", "schedule", schedule]
            for schedule in ARGS.schedules
        ]

    def test_what_the_sample_script_sends(self) -> None:
        script = (ROOT / "container" / "scripts" / "process_data.sh").read_text()
        sent = set(re.findall(r"send_metric (\w+) ", script))
        assert sent
        assert sent <= {entry[1] for entry in entries() if len(entry) > 1}

    def test_errors_of_every_function_and_what_waits_in_every_queue(self) -> None:
        found = {tuple(entry[:4]) for entry in entries() if len(entry) == 5}
        for function in ARGS.functions:
            assert ("AWS/Lambda", "Errors", "FunctionName", function) in found
        queue = "launcher-failures-0a1b2c3"
        assert ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue) in found

    def test_what_to_look_at_first(self) -> None:
        first = widgets()[0]
        assert first["type"] == "text"
        assert (first["x"], first["y"]) == (0, 0)
        named = re.findall(r"^\d\. \*\*(.+?)\*\*", first["properties"]["markdown"], re.MULTILINE)
        titles = {widget["properties"].get("title") for widget in widgets()}
        assert len(named) == 3
        assert titles.issuperset(named)


def finds(host: str) -> list[str]:
    """Return the searches that find a host's CPU."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    namespace = "/aws/sagemaker/ProcessingJobs"
    point = Point(namespace, {"Host": host}, "CPUUtilization", "Percent", 1, now)
    return [text for text in expressions() if metric_search.parse(text).finds(point)]


class TestSearchesForRunningJobs:
    @pytest.mark.parametrize("schedule", ARGS.schedules)
    def test_find_each_job_of_the_stack_once(self, schedule: str) -> None:
        assert len(finds(f"p-dev--{schedule}-20260105T020000Z-1/algo-1")) == 1
        assert len(finds(f"p-dev--{schedule}-20260105T020000Z-12/algo-3")) == 1

    @pytest.mark.parametrize(
        "host",
        [
            "p-prod--daily-20260105T020000Z-1/algo-1",
            "p-dev-2--daily-20260105T020000Z-1/algo-1",
            "p-dev2--daily-20260105T020000Z-1/algo-1",
            "xp-dev--daily-20260105T020000Z-1/algo-1",
            "dev--daily-20260105T020000Z-1/algo-1",
            "p-dev--weekly-20260105T020000Z-1/algo-1",
            "sagemaker-scikit-learn-2026-01-05-02-00-00-000/algo-1",
        ],
    )
    def test_find_nobody_elses_jobs(self, host: str) -> None:
        assert finds(host) == []


class TestDashboard:
    def registered(self) -> dict[str, Any]:
        def make() -> None:
            later = {
                "queues": {"launcher-failures": pulumi.Output.from_input("queue-0a1b2c3")},
                "alarm_arns": [pulumi.Output.from_input(f"{ALARM}daily-failed")],
                "observer_log_group": pulumi.Output.from_input("/aws/lambda/p-dev-observer"),
            }
            Dashboard("dashboard", replace(ARGS, **later))

        return record(make, "dev").one("aws:cloudwatch/dashboard:Dashboard")

    def test_is_named_by_prefix_and_region_because_names_are_global_in_an_account(self) -> None:
        assert self.registered()["dashboardName"] == f"p-dev-{REGION}"

    def test_is_json_of_what_is_known_only_after_the_deployment(self) -> None:
        body = json.loads(self.registered()["dashboardBody"])
        text = json.dumps(body)
        assert "queue-0a1b2c3" in text
        assert f"{ALARM}daily-failed" in text

    def test_the_last_failures_come_from_the_observers_log_of_every_attempt(self) -> None:
        body = json.loads(self.registered()["dashboardBody"])
        [query] = [w["properties"]["query"] for w in body["widgets"] if w["type"] == "log"]
        source, fields, condition, *_ = query.split(" | ")
        assert source == "SOURCE '/aws/lambda/p-dev-observer'"
        assert fields.startswith("fields @timestamp, schedule, slot, attempt, outcome, reason")
        assert condition == 'filter message = "attempt concluded" and outcome != "completed"'
