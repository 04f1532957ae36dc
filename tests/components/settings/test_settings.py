import json
import re
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given

from components import names
from components.aws import models
from components.settings import Settings, stack_file
from components.settings.loader import SettingsError, read
from tests.conftest import PROJECT, ROOT, stack_keys
from tests.launcher import strategies

KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"


_keys = cache(stack_keys)


def keys_of(stack: str = "prod", /, **changes: Any) -> dict[str, str]:
    """Return a stack's configuration with some keys changed: `job__volume_gb=0`."""
    keys = {**_keys(stack)}
    for path, value in changes.items():
        key, *inside = path.split("__")
        full = f"{PROJECT}:{key}"
        if not inside:
            keys[full] = value if isinstance(value, str) else json.dumps(value)
            continue
        tree = json.loads(keys.get(full, "{}"))
        node = tree
        for step in inside[:-1]:
            node = node.setdefault(step, {})
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
    @pytest.mark.parametrize("stack", [file.name[7:-5] for file in ROOT.glob("Pulumi.*.yaml")])
    def test_every_stack_file_is_accepted(self, stack: str) -> None:
        assert read(stack_file.keys(ROOT, stack), PROJECT, stack).stack == stack

    def test_the_engine_requires_no_key_that_the_program_does_not(self) -> None:
        # Pulumi refuses a stack that lacks a key declared there without a default; `pulumi new`
        # declares one of its own, with a value.
        declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8")).get("config", {})
        assert declared.keys() <= {"pulumi:tags"}

    def test_production_keeps_its_data(self) -> None:
        assert settings().keep_data


class TestRefusals:
    def test_all_problems_come_in_one_error(self) -> None:
        message = refusal(
            job__volume_gb=0, job__instance_type="ml.t3.small", schedules__daily__timezone="Mars"
        )
        assert "has 3 problems" in message
        assert all(text in message for text in ("volume_gb", '"ml.t3.small"', '"Mars"'))

    def test_an_unknown_region_is_refused(self) -> None:
        keys = {**keys_of(), "aws:region": "eu-central-9"}
        with pytest.raises(SettingsError, match=r'aws:region = "eu-central-9".*eu-central-1'):
            read(keys, PROJECT, "prod")

    def test_of_aws_china_the_reason_is_told(self) -> None:
        keys = {**keys_of(), "aws:region": "cn-north-1"}
        with pytest.raises(SettingsError, match=r'"cn-north-1": regions of AWS China are refused'):
            read(keys, PROJECT, "prod")

    @pytest.mark.parametrize("key", ["expression", "timezone"])
    @pytest.mark.parametrize("place", ["", "schedules__daily__"])
    def test_a_refused_time_comes_once(self, place: str, key: str) -> None:
        message = refusal(**{place + key: "cron(0 5)"})
        assert "has 1 problem:" in message
        assert f'{(place + key).replace("__", ".")} = "cron(0 5)"' in message

    @pytest.mark.parametrize("given", [{}, {f"{PROJECT}:schedules": '{"daily": {}}'}])
    def test_a_missing_key_is_named(self, given: dict[str, str]) -> None:
        missing = f"{PROJECT}:schedules.daily.expression is missing"
        with pytest.raises(SettingsError, match=missing):
            read({"aws:region": "eu-central-1", **given}, PROJECT, "prod")

    @pytest.mark.parametrize(
        "expression", ["cron(0 4 * * ? 2020)", "at(2020-01-01T04:00:00)", "cron(0 4 30 2 ? *)"]
    )
    def test_a_schedule_that_never_fires_is_refused(self, expression: str) -> None:
        assert "never" in refusal(schedules__daily__expression=expression)

    def test_a_schedule_that_has_fired_its_last_may_stay_suspended_and_be_operated(self) -> None:
        past = {"schedules__daily__expression": "at(2020-01-01T04:00:00)"}
        assert settings(**past, schedules__daily__suspend=True).schedules["daily"].suspend
        assert read(keys_of(**past), PROJECT, "prod", deploying=False).schedules

    def test_a_key_of_another_account_is_accepted(self) -> None:
        key = KEY.replace("123456789012", "210987654321")
        assert settings(input__kms_key_arn=key, input__bucket="lake").input.kms_key_arn == key

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("PATH", "export it in the script"),
            ("PYTHONHOME", "no Python"),
            ("LD_PRELOAD", "load it"),
        ],
    )
    def test_a_variable_that_breaks_every_job_or_has_no_effect_is_refused(
        self, name: str, why: str
    ) -> None:
        for key in ("job", "schedules__daily"):
            assert why in refusal(**{f"{key}__environment": {name: "/x"}})

    @pytest.mark.parametrize("name", ["PYTHONPATH", "BASH_ENV", "HOME", "TMPDIR", "PATHS", "LD_X"])
    def test_any_other_variable_reaches_the_script(self, name: str) -> None:
        assert settings(job__environment={name: "x"}).job.environment == {name: "x"}

    @pytest.mark.parametrize("key", ["sagemaker-procesing:alerts", "aws:profile", "AWS:region"])
    def test_a_key_that_nobody_reads_is_refused(self, key: str) -> None:
        with pytest.raises(SettingsError, match=f'{key} = "x": ') as error:
            read({**keys_of(), key: "x"}, PROJECT, "prod")
        assert f"pulumi config rm --stack prod --path {key}" in str(error.value)

    @pytest.mark.parametrize("key", ["docker:host", "pulumi:tags"])
    def test_a_key_that_pulumi_or_docker_reads_is_accepted(self, key: str) -> None:
        assert read({**keys_of(), key: "x"}, PROJECT, "prod").stack == "prod"

    def test_an_unquoted_date_is_refused(self) -> None:
        date = "2026-01-05 00:00:00 +0000 UTC"  # what Pulumi makes of it
        message = refusal(job__environment={"SINCE": date})
        assert "job.environment.SINCE" in message
        assert "quote it, as in '2026-01-05'" in message

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

    def test_a_schedules_variables_count_together_with_the_jobs(self) -> None:
        own = {f"A{number}": "x" for number in range(60)}
        added = {f"B{number}": "x" for number in range(40)}
        message = refusal(job__environment=own, schedules__daily__environment=added)
        assert "schedules.daily.environment has 100 names with the job's; 83 fit" in message

    def test_a_schedules_name_that_no_job_name_can_hold_is_refused(self) -> None:
        daily = json.loads(keys_of()[f"{PROJECT}:schedules"])["daily"]
        longest = names.max_schedule_name("processing-prod")
        assert settings(schedules={"d" * longest: daily}).schedules
        assert f"at most {longest}" in refusal(schedules={"d" * (longest + 1): daily})


class TestNames:
    @given(more=strategies.names_up_to(24))
    def test_no_stacks_job_pattern_matches_another_stacks_jobs(self, more: str) -> None:
        jobs = names.job_name_prefix("dev")
        assert "dev--daily-20260105T020000Z-1".startswith(jobs)
        assert not f"dev-{more}--daily-20260105T020000Z-1".startswith(jobs)

    @given(strategies.names_up_to(names.MAX_PREFIX))
    def test_every_prefix_gives_legal_bucket_names_in_every_region(self, name: str) -> None:
        for region in models.sagemaker_regions():
            for role in ("input", "output"):
                bucket = names.bucket(name, role, "123456789012", region)
                assert re.fullmatch(r"[a-z][a-z0-9-]{1,61}[a-z0-9]", bucket)
