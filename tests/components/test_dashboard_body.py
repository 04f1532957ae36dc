"""The dashboard: valid for CloudWatch, complete, and of this stack only."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from components import dashboard_body, names
from components.settings import Settings
from local.aws.cloudwatch.metric_store import Point
from tests.components import metric_search
from tests.components.settings.test_settings import settings
from tests.conftest import ACCOUNT, REGION, ROOT
from tests.recorded import program

ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:p-dev--"
ALARMS = (f"{ALARM}daily-failed", f"{ALARM}launcher-errors")
DAILY = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
STACK = settings(
    prefix="p-dev", schedules={"daily": DAILY, "hourly": DAILY}, recovery__region="eu-west-1"
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


def widgets(of: Settings = STACK, alarms: tuple[str, ...] = ALARMS) -> list[dict[str, Any]]:
    return dashboard_body.of(of, ACCOUNT, alarms)["widgets"]


def of_type(
    kind: str, of: Settings = STACK, alarms: tuple[str, ...] = ALARMS
) -> list[dict[str, Any]]:
    """Return the properties of the widgets of a type."""
    return [widget["properties"] for widget in widgets(of, alarms) if widget["type"] == kind]


def entries(of: Settings = STACK) -> list[list[Any]]:
    return [entry for properties in of_type("metric", of) for entry in properties["metrics"]]


def expressions(of: Settings = STACK) -> list[str]:
    return [entry[0]["expression"] for entry in entries(of) if isinstance(entry[0], dict)]


def many() -> Settings:
    """Return a stack with 120 schedules, all names as long as they may be."""
    prefix = "p" * names.MAX_PREFIX
    longest = names.max_schedule_name(prefix)
    schedules = [f"s{index:0{longest - 1}}" for index in range(120)]
    return settings(prefix=prefix, schedules=dict.fromkeys(schedules, DAILY))


MANY_ALARMS = tuple(f"{ALARM}{index}" for index in range(120))


class TestIsValidForCloudWatch:
    @pytest.mark.parametrize("alarms", [ALARMS, MANY_ALARMS, ()])
    def test_every_widget_has_its_own_place_on_the_grid(self, alarms: tuple[str, ...]) -> None:
        taken: set[tuple[int, int]] = set()
        for widget in widgets(many(), alarms):
            x, y, width, height = (widget[key] for key in ("x", "y", "width", "height"))
            assert x >= 0
            assert x + width <= dashboard_body.GRID
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
        assert [len(found["alarms"]) for found in of_type("alarm", alarms=MANY_ALARMS)] == [100, 20]
        assert of_type("alarm", alarms=()) == []

    def test_no_search_is_longer_than_cloudwatch_takes(self) -> None:
        found = expressions(many())
        assert all(len(expression) <= 1024 for expression in found)
        assert len(found) == 3 * 8


class TestShows:
    def test_every_alarm(self) -> None:
        assert [found["alarms"] for found in of_type("alarm")] == [list(ALARMS)]

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
            ["SageMakerProcessing", name, "stack", "prod", "schedule", schedule]
            for schedule in STACK.schedules
        ]

    def test_what_the_sample_script_sends(self) -> None:
        script = (ROOT / "container" / "scripts" / "process_data.sh").read_text()
        sent = set(re.findall(r"send_metric (\w+) ", script))
        assert sent
        assert sent <= {entry[1] for entry in entries() if len(entry) > 1}

    def test_errors_of_every_function_and_what_waits_in_every_queue(self) -> None:
        found = {tuple(entry[:4]) for entry in entries() if len(entry) == 5}
        for function in ("p-dev-launcher", "p-dev-observer"):
            assert ("AWS/Lambda", "Errors", "FunctionName", function) in found
        for of in ("alerts", "launcher", "observer", "schedule"):
            queue = f"p-dev-{of}-failures"
            assert ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue) in found

    def test_what_is_replicated_either_way_and_only_where_something_is(self) -> None:
        found = [[entry[1], entry[3], entry[5]] for entry in entries() if entry[0] == "AWS/S3"]
        here, there = (f"p-dev-output-{ACCOUNT}-{region}" for region in (REGION, "eu-west-1"))
        assert found == [
            ["ReplicationLatency", there, here],
            ["OperationsFailedReplication", here, there],
        ]
        assert len(widgets()) - len(widgets(settings())) == 2

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
    @pytest.mark.parametrize("schedule", STACK.schedules)
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
        return program("prod").one("aws:cloudwatch/dashboard:Dashboard")

    def test_is_named_by_prefix_and_region_because_names_are_global_in_an_account(self) -> None:
        assert self.registered()["dashboardName"] == f"processing-prod-{REGION}"

    def test_shows_the_alarms_of_the_stack(self) -> None:
        body = json.loads(self.registered()["dashboardBody"])
        [shown] = [w["properties"]["alarms"] for w in body["widgets"] if w["type"] == "alarm"]
        alarms = program("prod").inputs("aws:cloudwatch/metricAlarm:MetricAlarm").values()
        assert [arn.partition(":alarm:")[2] for arn in shown] == [each["name"] for each in alarms]

    def test_shows_the_use_of_machines_on_spot_where_a_schedule_has_them(self) -> None:
        kind, group = "aws:cloudwatch/dashboard:Dashboard", "{/aws/sagemaker/TrainingJobs,Host}"
        assert program("vpc, spot").one(kind)["dashboardBody"].count(group) == 3
        assert group not in self.registered()["dashboardBody"]

    def test_the_last_failures_come_from_the_observers_log_of_every_attempt(self) -> None:
        body = json.loads(self.registered()["dashboardBody"])
        [query] = [w["properties"]["query"] for w in body["widgets"] if w["type"] == "log"]
        source, fields, condition, *_ = query.split(" | ")
        groups = program("prod").inputs("aws:cloudwatch/logGroup:LogGroup")
        assert source == f"SOURCE '{groups['observer-logs']['name']}'"
        assert fields.startswith("fields @timestamp, schedule, slot, attempt, outcome, reason")
        assert condition == 'filter message = "attempt concluded" and outcome != "completed"'
