from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from pydantic import BaseModel

from components import naming, stack_file
from components.configuration import SettingsError, read
from components.settings import ScheduleSettings, Settings
from tests.conftest import ROOT
from tests.launcher import strategies

PROJECT = "sagemaker-processing"


def keys_of(stack: str = "prod", /, **changes: Any) -> dict[str, str]:
    """Return a stack's configuration with some keys changed: `job__volume_gb=0`."""
    keys = stack_file.keys(ROOT, stack)
    for path, value in changes.items():
        key, *inside = path.split("__")
        full = f"{PROJECT}:{key}"
        if not inside:
            keys[full] = value if isinstance(value, str) else json.dumps(value)
            continue
        tree = json.loads(keys[full])
        node = tree
        for step in inside[:-1]:
            node = node[step]
        node[inside[-1]] = value
        keys[full] = json.dumps(tree)
    return keys


def settings(**changes: Any) -> Settings:
    return read(keys_of(**changes), PROJECT, "prod")


def refusal(**changes: Any) -> str:
    with pytest.raises(SettingsError) as error:
        settings(**changes)
    return str(error.value)


class TestStackFiles:
    @pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local"])
    def test_every_stack_file_is_accepted(self, stack: str) -> None:
        assert read(stack_file.keys(ROOT, stack), stack_file.project(ROOT), stack).stack == stack

    def test_every_stack_file_writes_the_same_keys(self) -> None:
        def keys(stack: str) -> set[str]:
            optional = {f"{PROJECT}:base_image."}
            return {
                f"{key}.{inner}"
                for key, text in stack_file.keys(ROOT, stack).items()
                for inner in (
                    json.loads(text) if "schedules" not in key and text[0] == "{" else [""]
                )
                if "tags" not in key
            } - optional

        assert keys("dev") == keys("staging") == keys("prod") == keys("local")

    @pytest.mark.parametrize("stack", ["dev", "staging", "prod", "local"])
    def test_every_stack_file_writes_every_key_of_a_part(self, stack: str) -> None:
        keys = stack_file.keys(ROOT, stack)
        for name, field in Settings.model_fields.items():
            kind = field.annotation
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                written = json.loads(keys[f"{PROJECT}:{name}"])
                # A bucket with a key of its own is the exception.
                assert written.keys() == kind.model_fields.keys() - {"kms_key_arn"}
        for schedule in json.loads(keys[f"{PROJECT}:schedules"]).values():
            assert schedule.keys() == ScheduleSettings.model_fields.keys()

    def test_the_engine_requires_no_key_that_the_program_does_not(self) -> None:
        # Pulumi refuses a stack that lacks a key declared there without a default.
        assert "config" not in yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))

    def test_production_keeps_its_data(self) -> None:
        protection = settings().protection
        assert protection.protect
        assert not protection.force_destroy


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "key", "allowed"),
        [
            ({"job__instance_type": "ml.t3.small"}, "job.instance_type", "ml.t3.medium"),
            ({"job__instance_count": 0}, "job.instance_count", "from 1 to 100"),
            ({"job__volume_gb": 0}, "job.volume_gb", "from 1 to 16384"),
            ({"job__volume_gb": 20_000}, "job.volume_gb", "from 1 to 16384"),
            ({"job__max_runtime_seconds": 777_601}, "job.max_runtime_seconds", "777600"),
            ({"job__environment": {"A": "x" * 257}}, "job.environment.A", "0 to 256"),
            ({"job__environment": {"1A": "x"}}, "job.environment.1A", "pattern"),
            ({"job__environment": {"SLOT": "x"}}, "job.environment.SLOT", "every run gets its own"),
            ({"job__arguments": [""]}, "job.arguments", "at least 1"),
            ({"job__instance_typ": "x"}, "job.instance_typ = 'x'", "instance_type"),
            ({"jobs": {}}, "jobs = {}", "closest: job"),
            ({"stack": "other"}, "stack = 'other'", "no such key"),
            (
                {"schedules__daily__cron": "x"},
                "schedules.daily.cron = 'x'",
                "environment, expression",
            ),
            (
                {"schedules__daily__expression": "cron(0 2 * * *)"},
                "schedules.daily.expression",
                "cron(",
            ),
            (
                {"schedules__daily__timezone": "Europe/Berlinn"},
                "schedules.daily.timezone",
                "Europe/Berlin",
            ),
            ({"schedules": {}}, "schedules", "at least 1"),
            ({"schedules": {"a--b": {}}}, "schedules", "single hyphens"),
            ({"schedules__daily__enabled": False}, "schedules.daily.enabled = False", "suspend"),
            ({"schedules__daily__overlap": "Skip"}, "schedules.daily.overlap", "'Forbid'"),
            (
                {"schedules__daily__start_deadline_seconds": 30},
                "schedules.daily.start_deadline_seconds",
                "at least 60",
            ),
            (
                {"schedules__daily__success_within_hours": 24},
                "schedules.daily.success_within_hours",
                "shorter than the 1 day, 1:00:00 between two slots",
            ),
            (
                {
                    "schedules__daily__success_within_hours": 24,
                    "schedules__daily__expression": "at(2030-01-31T02:00:00)",
                },
                "schedules.daily.success_within_hours",
                "set it to null",
            ),
            ({"input__when_empty": "wait"}, "input.when_empty", "'skip'"),
            ({"output__when_empty": "skip"}, "output.when_empty", "'allow'"),
            ({"retries__instance_types": ["ml.x.y"]}, "retries.instance_types", "allowed values"),
            (
                {"retries__instance_types": ["ml.m5.xlarge"]},
                "retries.instance_types",
                "name each type once",
            ),
            ({"retries__size_ups": 4}, "retries.size_ups", "3"),
            ({"retries__delay_seconds": 59}, "retries.delay_seconds", "60"),
            ({"retries__deadline_seconds": 86_401}, "retries.deadline_seconds", "86400"),
            (
                {"alerts__running_long_seconds": 14_400},
                "alerts.running_long_seconds",
                "job.max_runtime_seconds = 14400",
            ),
            (
                {"alerts__subscriptions": [{"protocol": "email", "endpoint": "team"}]},
                "alerts.subscriptions[0]",
                "team@example.com",
            ),
            (
                {"alerts__subscriptions": [{"protocol": "sms", "endpoint": "0151 1234"}]},
                "alerts.subscriptions[0]",
                "+4915112345678",
            ),
            (
                {"alerts__subscriptions": [{"protocol": "https", "endpoint": "http://x.com"}]},
                "alerts.subscriptions[0]",
                "https://example.com",
            ),
            (
                {"alerts__subscriptions": [{"protocol": "fax", "endpoint": "1"}]},
                "alerts.subscriptions[0].protocol",
                "'email'",
            ),
            (
                {"alerts__subscriptions": [{"protocol": "sms", "number": "1"}]},
                "alerts.subscriptions[0].number = '1'",
                "must be one of endpoint, protocol",
            ),
            ({"retention__run_days": 29}, "retention.run_days", "30"),
            ({"input__bucket": "Not_A_Bucket"}, "input.bucket", "3 to 63"),
            ({"input__bucket": "192.168.0.1"}, "input.bucket", "IP address"),
            ({"input__prefix": "/input/"}, "input.prefix", "neither begin with /"),
            ({"input__prefix": "input"}, "input.prefix", "must end with one /"),
            ({"input__prefix": "in*/{slot:%Y}/"}, "input.prefix", "at most 512 of the characters"),
            ({"input__prefix": "p" * 512 + "/"}, "input.prefix", "at most 512 of the characters"),
            ({"input__prefix": "{nothing}/"}, "input.prefix", "{slot:"),
            ({"input__prefix": "{slot.__class__}/"}, "input.prefix", "{slot:"),
            ({"input__kms_key_arn": "arn:aws:kms:x:1:key/1"}, "input.bucket", "existing one"),
            ({"retention__log_days": 42}, "retention.log_days", "30, 60"),
            ({"retention__images": 1}, "retention.images", "2"),
            ({"protection__key_deletion_days": 3}, "protection.key_deletion_days", "7"),
            ({"protection__force_destroy": True}, "protection.force_destroy", "contradict"),
            ({"tags": {"aws:x": "y"}}, 'tags["aws:x"]', "AWS's own"),
            ({"tags": {"a?": "y"}}, 'tags["a?"]', "pattern"),
            ({"tags": {f"k{i}": "v" for i in range(46)}}, "tags", "at most 45"),
            ({"prefix": "Processing"}, "prefix", "a-z"),
            ({"prefix": "p" * 33}, "prefix", "32"),
        ],
    )
    def test_what_aws_refuses_is_refused_with_key_value_and_way_out(
        self, changes: dict[str, Any], key: str, allowed: str
    ) -> None:
        message = refusal(**changes)
        assert f"{PROJECT}:{key}" in message
        assert allowed in message
        assert "Change Pulumi.prod.yaml" in message

    def test_all_problems_come_in_one_error(self) -> None:
        message = refusal(
            job__volume_gb=0, job__instance_type="ml.t3.small", schedules__daily__timezone="Mars"
        )
        assert "has 3 problems" in message
        assert all(text in message for text in ("volume_gb", "'ml.t3.small'", "'Mars'"))

    def test_an_unknown_region_is_refused(self) -> None:
        keys = {**keys_of(), "aws:region": "eu-central-9"}
        with pytest.raises(SettingsError, match=r"aws:region = 'eu-central-9'.*eu-central-1"):
            read(keys, PROJECT, "prod")

    def test_a_missing_key_is_named(self) -> None:
        keys = keys_of()
        del keys[f"{PROJECT}:job"]
        with pytest.raises(SettingsError, match=f"{PROJECT}:job is missing"):
            read(keys, PROJECT, "prod")

    def test_outputs_of_two_slots_may_not_mix(self) -> None:
        message = refusal(
            output__prefix="output/{schedule}/{slot:%Y}/",
        )
        assert "the same place" in message

    def test_outputs_of_two_schedules_may_not_mix(self) -> None:
        daily = json.loads(keys_of()[f"{PROJECT}:schedules"])["daily"]
        message = refusal(
            schedules={"daily": daily, "again": daily}, output__prefix="out/{slot:%Y%m%d}/"
        )
        assert "add {schedule}/" in message

    def test_runs_may_not_read_what_runs_wrote(self) -> None:
        message = refusal(
            input__bucket="one-bucket",
            output__bucket="one-bucket",
            input__prefix="data/",
            output__prefix="data/out/{slot:%Y%m%d}/",
        )
        assert "read what runs wrote" in message

    def test_a_schedules_arguments_count_together_with_the_jobs(self) -> None:
        message = refusal(job__arguments=["x"] * 60, schedules__daily__arguments=["y"] * 41)
        assert "schedules.daily.arguments" in message
        assert "100" in message

    def test_a_schedules_name_that_no_job_name_can_hold_is_refused(self) -> None:
        daily = json.loads(keys_of()[f"{PROJECT}:schedules"])["daily"]
        longest = naming.max_schedule_name("processing-prod")
        assert settings(schedules={"d" * longest: daily}).schedules
        assert f"at most {longest}" in refusal(schedules={"d" * (longest + 1): daily})


class TestNames:
    @given(more=strategies.names_up_to(24))
    def test_no_stacks_job_pattern_matches_another_stacks_jobs(self, more: str) -> None:
        jobs = naming.job_name_prefix("dev")
        assert "dev--daily-20260105T020000Z-1".startswith(jobs)
        assert not f"dev-{more}--daily-20260105T020000Z-1".startswith(jobs)

    @given(strategies.names_up_to(naming.MAX_PREFIX))
    def test_every_prefix_gives_legal_bucket_names(self, name: str) -> None:
        for role in ("input", "output"):
            assert naming.bucket_problem(naming.bucket(name, role, "123456789012")) is None
