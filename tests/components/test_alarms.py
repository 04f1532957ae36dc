"""What is alarming, when, and what the alarm says."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import success_window
from components.alarm_definitions import Alarm
from components.alarms import Alarms, AlarmsArgs, definitions
from components.alerts import Alerts, AlertsArgs
from components.aws import models
from components.aws.account import Account
from components.event_messages import SILENT_ENDING
from components.settings import Settings, Subscription
from pipeline import cron
from tests.components.settings.test_settings import settings
from tests.conftest import ACCOUNT, REGION, Recorder, record
from tests.examples import share

NOW = datetime(2026, 11, 24, 11, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
DAILY = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:processing-prod-alerts"


def args(found: Settings) -> AlarmsArgs:
    return AlarmsArgs(
        settings=found,
        topic_arn=TOPIC,
        functions={"launcher": "processing-prod-launcher", "observer": "processing-prod-observer"},
        queues={
            name: f"{name}-0a1b2c3"
            for name in (
                *("alerts-failures", "launcher-failures", "observer-failures"),
                "schedule-failures",
            )
        },
        schedule_group="processing-prod",
        rule="processing-prod-job-changes",
    )


def alarms(**changes: Any) -> dict[str, Alarm]:
    return {alarm.suffix: alarm for alarm in definitions(args(settings(**changes)))}


def created(**changes: Any) -> Recorder:
    return record(lambda: Alarms("alarms", args(settings(**changes))), "prod")


class TestOfASchedule:
    def test_a_failed_slot_stays_red_and_is_told_once_by_the_observers_message(self) -> None:
        failed = alarms()["daily-failed"]
        assert (failed.metric, failed.statistic, failed.threshold) == ("JobsFailed", "Maximum", 1)
        assert failed.comparison == "GreaterThanOrEqualToThreshold"
        assert failed.missing == "ignore"
        assert not failed.notifies

    def test_a_long_run_is_told_while_it_runs(self) -> None:
        long = alarms(job__max_runtime_seconds=14_400)["daily-running-long"]
        assert (long.metric, long.threshold, long.periods) == ("SecondsRunning", 10_800, 2)
        assert "more than 3 h" in long.description
        assert alarms(alerts__running_long_seconds=60)["daily-running-long"].threshold == 60

    def test_no_success_is_alarming_even_if_nobody_measures_but_not_at_first(self) -> None:
        none = alarms()["daily-no-success"]
        # 25 hours between two slots when the clock goes back, 4 of run time, 2 of slack.
        assert none.threshold == 31 * 3600
        assert none.metric == "SecondsSinceSuccess"
        assert (none.period_s, none.periods, none.missing) == (600, 3, "breaching")
        assert none.warm_up_minutes == 60

    def test_the_window_without_success_can_be_set(self) -> None:
        assert alarms(schedules__daily__success_within_hours=48)["daily-no-success"].threshold == (
            48 * 3600
        )

    @pytest.mark.parametrize(
        "schedule", [{**DAILY, "suspend": True}, {**DAILY, "expression": "at(2030-01-31T02:00:00)"}]
    )
    def test_where_no_success_is_due_none_is_missed(self, schedule: dict[str, Any]) -> None:
        found = alarms(schedules={"daily": schedule})
        assert "daily-no-success" not in found
        assert "daily-failed" in found

    def test_each_schedule_has_its_own(self) -> None:
        found = alarms(schedules={"daily": DAILY, "weekly": DAILY})
        dimensions = [found[f"{name}-failed"].dimensions for name in ("daily", "weekly")]
        assert dimensions == [
            {"stack": "prod", "schedule": "daily"},
            {"stack": "prod", "schedule": "weekly"},
        ]


class TestEveryAlarm:
    def test_has_a_name_of_its_own(self) -> None:
        # Names that the fixed alarms begin with, too.
        names = ["daily", "launcher", "observer", "schedule", "schedule-target", "events", "alerts"]
        every = list(definitions(args(settings(schedules=dict.fromkeys(names, DAILY)))))
        assert len({alarm.suffix for alarm in every}) == len(every)

    def test_says_what_to_do_first_and_where_to_read_on(self) -> None:
        for alarm in alarms().values():
            assert "First " in alarm.description
            assert alarm.description.endswith(f"Runbook: docs/runbook.md#{alarm.anchor}")
            assert "{" not in alarm.description

    def test_is_a_request_that_cloudwatch_accepts(self) -> None:
        for alarm in created().inputs("aws:cloudwatch/metricAlarm:MetricAlarm").values():
            assert (
                models.violations(models.shape("cloudwatch", "PutMetricAlarm"), _request(alarm))
                == []
            )

    def test_tells_when_it_goes_off_but_for_the_failed_slot(self) -> None:
        found = created().inputs("aws:cloudwatch/metricAlarm:MetricAlarm")
        silent = {name for name, alarm in found.items() if not alarm["alarmActions"]}
        assert silent == {"alarms-daily-failed"}
        assert {action for alarm in found.values() for action in alarm["alarmActions"]} == {TOPIC}

    def test_has_no_action_for_ok_which_every_new_alarm_would_tell(self) -> None:
        for alarm in created().inputs("aws:cloudwatch/metricAlarm:MetricAlarm").values():
            assert not alarm.get("okActions")

    def test_that_tells_nobody_has_the_ending_by_which_its_end_is_not_told_either(self) -> None:
        for alarm in alarms().values():
            assert alarm.suffix.endswith(SILENT_ENDING) != alarm.notifies

    def test_can_be_switched_off(self) -> None:
        assert created(alerts__monitoring="messages").kinds() == {
            "sagemaker-processing:alarms:Alarms"
        }


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


class TestTheLongestGap:
    @pytest.mark.parametrize(
        ("expression", "hours"),
        [
            ("cron(0 4 * * ? *)", 25),
            ("cron(0 4 ? * MON-FRI *)", 73),
            ("cron(30 2 * * ? *)", 47),  # the clock skips 02:30 once a year
            ("cron(0 0 1 * ? *)", 31 * 24 + 1),
            ("cron(0 0 1 1 ? *)", 366 * 24),
            ("cron(0 0 29 2 ? *)", (8 * 365 + 1) * 24),  # 2100 is no leap year
            ("cron(0 6 ? * 2#5 *)", 17 * 7 * 24 - 1),  # the fifth Monday of a month
            ("cron(0/5 * * * ? *)", 2),  # the hour that the clock shows twice runs once
            ("rate(90 minutes)", 1.5),
            ("cron(0 0 1 1 ? 2030-2031)", 365 * 24),
        ],
    )
    def test_is_that_of_any_year_to_come(self, expression: str, hours: float) -> None:
        gap = success_window.longest_gap(cron.parse(expression), BERLIN)
        assert gap == timedelta(hours=hours)

    def test_of_a_schedule_that_runs_once_there_is_none(self) -> None:
        assert success_window.longest_gap(cron.parse("at(2030-01-31T02:00:00)"), BERLIN) is None

    def test_of_a_schedule_that_is_over_there_is_none(self) -> None:
        over = cron.parse("cron(0 4 * * ? 2020)")
        assert success_window.longest_gap(over, BERLIN) is None

    @hypothesis.settings(max_examples=share(1 / 4))
    @given(
        minutes=st.sets(st.integers(0, 59), min_size=1, max_size=3),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=3),
        weekdays=st.sets(st.integers(1, 7), min_size=1, max_size=7),
    )
    def test_is_never_shorter_than_any_between_two_slots_and_hardly_longer(
        self, minutes: set[int], hours: set[int], weekdays: set[int]
    ) -> None:
        fields = [",".join(map(str, sorted(values))) for values in (minutes, hours, weekdays)]
        expression = cron.parse(f"cron({fields[0]} {fields[1]} ? * {fields[2]} *)")
        slots = [expression.previous(NOW, BERLIN) or NOW]
        while slots[-1] < NOW + timedelta(days=366):
            following = expression.next(slots[-1], BERLIN)
            assert following
            slots.append(following)
        longest = max(later - slot for slot, later in pairwise(slots))
        gap = success_window.longest_gap(expression, BERLIN)
        assert gap is not None
        assert longest <= gap < longest + timedelta(hours=1)


def alerts(*subscriptions: Subscription) -> Recorder:
    account = Account(partition="aws", region=REGION, id=ACCOUNT)
    arguments = AlertsArgs(
        account=account,
        prefix="p-dev",
        key_arn=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd",
        subscriptions=subscriptions,
        repository="p-dev",
    )
    return record(lambda: Alerts("alerts", arguments), "dev")


class TestAlerts:
    def test_whoever_is_subscribed_is_told_and_keeps_that_when_others_come(self) -> None:
        team = Subscription(protocol="email", endpoint="Team@example.com")
        phone = Subscription(protocol="sms", endpoint="+4915112345678")
        kind = "aws:sns/topicSubscription:TopicSubscription"
        before, after = alerts(team).inputs(kind), alerts(phone, team).inputs(kind)
        assert [name.rpartition("-")[0] for name in before] == ["alerts-email"]
        assert before.items() <= after.items()
        assert len(after) == 2

    def test_every_event_is_told_in_a_text_that_sms_takes_and_that_leads_to_the_runbook(
        self,
    ) -> None:
        targets = alerts().inputs("aws:cloudwatch/eventTarget:EventTarget")
        assert len(targets) == 3
        for target in targets.values():
            transformer = target["inputTransformer"]
            text = json.loads(transformer["inputTemplate"])
            assert set(re.findall(r"<(\w+)>", text)) == transformer["inputPaths"].keys()
            assert "Runbook: docs/runbook.md#" in text
            assert len(text) < 1600 / 4
