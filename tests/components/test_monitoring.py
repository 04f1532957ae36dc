"""What is alarming, when, and what the alarm says."""

import re
from typing import Any

import pytest

from components import alarm_definitions, dashboard_body
from components.alarm_definitions import Alarm
from components.alerts import Alerts
from components.aws import models
from components.image import Image
from components.monitoring import Monitoring
from observer import metrics as observer_metrics
from pipeline.contract import METRIC_NAMESPACE
from tests.components.settings.test_settings import settings
from tests.components.stacks import stack
from tests.conftest import ACCOUNT, REGION, ROOT, Recorder, record
from tests.recorded import program

DAILY = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:processing-prod-alerts"


def alarms(**changes: Any) -> dict[str, Alarm]:
    return dict(alarm_definitions.of(settings(**changes), ACCOUNT))


def created(**changes: Any) -> Recorder:
    of = stack(**changes)

    def make() -> None:
        alerts = Alerts("alerts", of, image=Image("image", of))
        Monitoring("monitoring", of, alerts=alerts, watched=[])

    return record(make, "prod").within("monitoring")


class TestOfASchedule:
    def test_a_failed_slot_stays_red_and_is_told_once_by_the_observers_message(self) -> None:
        failed = alarms()["daily-failed"]
        assert (failed["metric_name"], failed["statistic"]) == ("JobsFailed", "Maximum")
        assert failed["threshold"] == 1
        assert failed["comparison_operator"] == "GreaterThanOrEqualToThreshold"
        assert failed["treat_missing_data"] == "ignore"

    def test_a_long_run_is_told_while_it_runs(self) -> None:
        long = alarms(job__max_runtime_seconds=14_400)["daily-running-long"]
        assert (long["metric_name"], long["threshold"]) == ("SecondsRunning", 10_800)
        assert long["evaluation_periods"] == 2
        assert "more than 3h 00m" in long["alarm_description"]
        sooner = alarms(alerts__running_long_seconds=60)["daily-running-long"]
        assert sooner["threshold"] == 60

    def test_a_spot_job_that_only_waits_runs_into_no_alarm(self) -> None:
        found = alarms(job__capacity="spot", job__max_wait_seconds=36_000)
        assert found["daily-running-long"]["threshold"] == 36_000
        # As above, with 10 of waiting and running before the 4 on demand.
        assert found["daily-no-success"]["threshold"] == 41 * 3600

    def test_no_success_is_alarming_even_if_nobody_measures_but_not_at_first(self) -> None:
        none = alarms()["daily-no-success"]
        # 25 hours between two slots when the clock goes back, 4 of run time, 2 of slack.
        assert none["threshold"] == 31 * 3600
        assert none["metric_name"] == "SecondsSinceSuccess"
        assert (none["period"], none["evaluation_periods"]) == (600, 3)
        assert none["treat_missing_data"] == "breaching"
        assert none["warm_up_configuration"] == {"warm_up_period_duration_in_minutes": 60}

    def test_the_window_without_success_is_longer_by_what_a_slot_may_wait(self) -> None:
        plain, waits = (
            alarms(input__when_empty=when)["daily-no-success"] for when in ("fail", "wait")
        )
        assert waits["threshold"] - plain["threshold"] == 21_600

    def test_the_window_without_success_can_be_set(self) -> None:
        none = alarms(schedules__daily__success_within_hours=48)["daily-no-success"]
        assert none["threshold"] == 48 * 3600

    @pytest.mark.parametrize(
        "schedule", [{**DAILY, "suspend": True}, {**DAILY, "expression": "at(2030-01-31T02:00:00)"}]
    )
    def test_where_no_success_is_due_none_is_missed(self, schedule: dict[str, Any]) -> None:
        found = alarms(schedules={"daily": schedule})
        assert "daily-no-success" not in found
        assert "daily-failed" in found

    def test_each_schedule_has_its_own(self) -> None:
        found = alarms(schedules={"daily": DAILY, "weekly": DAILY})
        dimensions = [found[f"{name}-failed"]["dimensions"] for name in ("daily", "weekly")]
        assert dimensions == [
            {"stack": "prod", "schedule": "daily"},
            {"stack": "prod", "schedule": "weekly"},
        ]


class TestOfReplication:
    OWN, OTHER = (f"p-output-{ACCOUNT}-{region}" for region in (REGION, "eu-west-1"))

    def test_is_none_in_a_stack_of_one_region(self) -> None:
        assert not [each for each in alarms().values() if each["namespace"] == "AWS/S3"]

    def test_lag_is_seen_where_replicas_come_to_which_outlives_the_other_region(self) -> None:
        changes = {"recovery__region": "eu-west-1", "recovery__lag_minutes": 90}
        lag = alarms(prefix="p", **changes)["output-lag"]
        assert (lag["metric_name"], lag["threshold"]) == ("ReplicationLatency", 5400)
        assert lag["dimensions"] == {
            "SourceBucket": self.OTHER,
            "DestinationBucket": self.OWN,
            "RuleId": "output",
        }
        assert lag["treat_missing_data"] == "notBreaching"

    def test_what_is_given_up_is_seen_where_it_was_written(self) -> None:
        given_up = alarms(prefix="p", recovery__region="eu-west-1")["output-given-up"]
        assert given_up["metric_name"] == "OperationsFailedReplication"
        assert given_up["dimensions"]["SourceBucket"] == self.OWN
        assert given_up["dimensions"]["DestinationBucket"] == self.OTHER

    def test_each_rule_has_its_own_and_all_of_them_tell(self) -> None:
        changes = {"recovery__region": "eu-west-1", "recovery__inputs": True}
        found = created(**changes).inputs("aws:cloudwatch/metricAlarm:MetricAlarm")
        of_s3 = {name for name, alarm in found.items() if alarm["namespace"] == "AWS/S3"}
        ends = ("input-lag", "input-given-up", "output-lag", "output-given-up")
        assert of_s3 == {f"monitoring-{each}" for each in ends}
        assert all(found[name]["alarmActions"] for name in of_s3)


class TestEveryAlarm:
    def test_has_a_name_of_its_own(self) -> None:
        # Names that the fixed alarms begin with, too.
        names = ["daily", "launcher", "observer", "schedule", "schedule-target", "events", "alerts"]
        every = list(alarm_definitions.of(settings(schedules=dict.fromkeys(names, DAILY)), ACCOUNT))
        assert len({suffix for suffix, _ in every}) == len(every)

    def test_says_what_to_do_first_and_where_to_read_on(self) -> None:
        for alarm in alarms(recovery__region="eu-west-1").values():
            description = alarm["alarm_description"]
            assert "First " in description
            assert re.search(r" Runbook: docs/runbook\.md#[a-z-]+$", description)
            assert "{" not in description

    def test_is_a_request_that_cloudwatch_accepts(self) -> None:
        found = created(recovery__region="eu-west-1")
        for alarm in found.inputs("aws:cloudwatch/metricAlarm:MetricAlarm").values():
            assert (
                models.violations(models.shape("cloudwatch", "PutMetricAlarm"), _request(alarm))
                == []
            )

    def test_tells_when_it_goes_off_but_for_the_failed_slot(self) -> None:
        found = created().inputs("aws:cloudwatch/metricAlarm:MetricAlarm")
        silent = {name for name, alarm in found.items() if not alarm["alarmActions"]}
        assert silent == {"monitoring-daily-failed"}
        assert {action for alarm in found.values() for action in alarm["alarmActions"]} == {TOPIC}

    def test_has_no_action_for_ok_which_every_new_alarm_would_tell(self) -> None:
        for alarm in created().inputs("aws:cloudwatch/metricAlarm:MetricAlarm").values():
            assert not alarm.get("okActions")


def test_of_a_stack_that_only_wants_messages_there_is_none() -> None:
    found = created(alerts__monitoring="messages")
    assert found.kinds() == {"sagemaker-processing:monitoring:Monitoring"}


class TestEverythingThatIsWatched:
    """By name, since nothing else ties an alarm to what it watches."""

    @pytest.mark.parametrize(
        ("dimension", "kind"),
        [
            ("FunctionName", "aws:lambda/function:Function"),
            ("QueueName", "aws:sqs/queue:Queue"),
            ("ScheduleGroup", "aws:scheduler/scheduleGroup:ScheduleGroup"),
            ("RuleName", "aws:cloudwatch/eventRule:EventRule"),
        ],
    )
    def test_is_there(self, dimension: str, kind: str) -> None:
        there = {inputs["name"] for inputs in program("prod").inputs(kind).values()}
        watched = {alarm["dimensions"].get(dimension) for alarm in alarms().values()} - {None}
        assert watched
        assert watched <= there

    def test_are_all_functions_and_queues(self) -> None:
        watched = {name for alarm in alarms().values() for name in alarm["dimensions"].values()}
        for kind in ("aws:lambda/function:Function", "aws:sqs/queue:Queue"):
            assert {each["name"] for each in program("prod").inputs(kind).values()} <= watched


def test_every_metric_of_alarms_and_dashboard_is_one_that_is_sent() -> None:
    script = (ROOT / "container" / "scripts" / "process_data.sh").read_text("utf-8")
    sent = {*observer_metrics.UNITS, *re.findall(r"send_metric (\w+) ", script)}
    asked = {
        alarm["metric_name"]: set(alarm["dimensions"])
        for alarm in alarms().values()
        if alarm["namespace"] == METRIC_NAMESPACE
    }
    for widget in dashboard_body.of(settings(), ACCOUNT, [])["widgets"]:
        for entry in widget["properties"].get("metrics", []):
            if entry[0] == METRIC_NAMESPACE:
                asked[entry[1]] = {entry[2], entry[4]}
    assert len(asked) > 10
    assert asked.keys() <= sent
    assert all(dimensions == {"stack", "schedule"} for dimensions in asked.values())


def _request(alarm: dict[str, Any]) -> dict[str, Any]:
    """Return the PutMetricAlarm request that the provider makes of these inputs."""
    renamed = {
        "name": "AlarmName",
        "okActions": "OKActions",
        "alarmDescription": "AlarmDescription",
    }
    request = {renamed.get(key, key[0].upper() + key[1:]): value for key, value in alarm.items()}
    request["Dimensions"] = [
        {"Name": name, "Value": value} for name, value in alarm["dimensions"].items()
    ]
    if warm_up := request.pop("WarmUpConfiguration", None):
        minutes = warm_up["warmUpPeriodDurationInMinutes"]
        request["WarmUpConfiguration"] = {"WarmUpPeriodDurationInMinutes": minutes}
    return request
