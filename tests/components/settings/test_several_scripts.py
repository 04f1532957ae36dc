"""What a schedule sets otherwise than the stack, and what of it is refused."""

from typing import Any

import pytest

from components.settings.loader import read
from tests.components.settings.test_rules import problems
from tests.components.settings.test_settings import refusal, settings
from tests.conftest import PROJECT

WEEKLY = {"expression": "cron(0 6 ? * MON *)"}
OWN_TYPE = {"instance_type": "ml.m5.4xlarge"}
SLOT = "{slot:%Y%m%d%H%M%S}/"


def refused(**weekly: Any) -> list[str]:
    """Return the problems of stack prod with a second schedule."""
    return problems(schedules__weekly={**WEEKLY, **weekly})


class TestASchedule:
    def test_has_the_stacks_value_of_whatever_it_does_not_set(self) -> None:
        own = {"script": "to_parquet", "job": {"volume_gb": 7}, "input": {"prefix": "sales/"}}
        found = settings(schedules__weekly=WEEKLY | own, output__when_empty="allow")
        daily, weekly = found.schedules["daily"], found.schedules["weekly"]
        assert (daily.job, daily.input, daily.script) == (found.job, found.input, "process_data.sh")
        assert weekly.job == found.job.model_copy(update={"volume_gb": 7})
        assert (weekly.script, weekly.input.prefix) == ("to_parquet", "sales/")
        assert (weekly.input.when_empty, weekly.output.when_empty) == ("fail", "allow")

    def test_has_the_stacks_time_unless_it_has_its_own(self) -> None:
        stack = {"expression": "rate(2 hours)", "timezone": "Asia/Tokyo"}
        own = {"expression": "cron(0 6 ? * MON *)", "timezone": "UTC"}
        times = {"stacks": stack, "zone": {**own, "timezone": "Asia/Tokyo"}, "own": own}
        given = {"stacks": {}, "zone": WEEKLY, "own": own}
        found = settings(**stack, schedules=given).schedules
        assert {name: each.model_dump(include={*own}) for name, each in found.items()} == times

    def test_is_called_daily_where_the_stack_says_no_more_than_a_time(self) -> None:
        keys = {"aws:region": "eu-central-1", f"{PROJECT}:expression": "rate(1 day)"}
        assert read(keys, PROJECT, "qa").schedules.keys() == {"daily"}

    def test_may_go_back_to_the_default_that_the_stack_sets_otherwise(self) -> None:
        found = settings(job__volume_gb=100, schedules__weekly={**WEEKLY, "job": {"volume_gb": 30}})
        assert found.schedules["weekly"].job.volume_gb == 30

    def test_adds_arguments_and_variables_to_those_of_its_own_job(self) -> None:
        job = {"arguments": ["own"], "environment": {"A": "own"}}
        added = {"arguments": ["added"], "environment": {"B": "added"}}
        weekly = settings(
            job__arguments=["the stack's"],
            job__environment={"C": "the stack's"},
            schedules__weekly={**WEEKLY, "job": job, **added},
        ).schedules["weekly"]
        assert weekly.all_arguments == ["own", "added"]
        assert weekly.all_environment == {"A": "own", "B": "added"}


class TestRefusals:
    def test_name_the_schedules_own_key_and_a_way_out(self) -> None:
        message = refusal(schedules__weekly={**WEEKLY, "job": {"volume_gb": 0}})
        assert f"{PROJECT}:schedules.weekly.job.volume_gb = 0: must be from 1" in message
        assert f"--path {PROJECT}:schedules.weekly.job.volume_gb VALUE" in message

    def test_tell_which_keys_a_part_has(self) -> None:
        [found] = refused(output={"when": "allow"})
        assert found.endswith("there is no such key; there are bucket, prefix, when_empty")

    @pytest.mark.parametrize("script", ["../x", "/x", ".hidden", "a//b", "a/", "a b", "a/../b"])
    def test_of_a_script_that_is_no_path_below_the_scripts(self, script: str) -> None:
        [found] = refused(script=script)
        assert "must be a path below container/scripts/" in found

    def test_of_what_is_the_stacks_come_once(self) -> None:
        [found] = problems(
            job__instance_count=3, limits__max_concurrent_instances=2, schedules__weekly=WEEKLY
        )
        assert found.startswith("job.instance_count 3 is more than")

    def test_of_a_schedules_own_machine_name_it(self) -> None:
        [found] = problems(
            limits__max_concurrent_instances=2,
            schedules__weekly={**WEEKLY, "job": {"instance_count": 3}},
        )
        assert found.startswith("schedules.weekly.job.instance_count 3 is more than")

    def test_of_a_type_of_its_own_that_types_of_another_size_would_stand_in_for(self) -> None:
        [found] = refused(job=OWN_TYPE)
        assert "stand in for job.instance_type, not for schedules.weekly.job.instance" in found
        assert refused(job=OWN_TYPE, retries={"fallback_instance_types": []}) == []
        assert refused(job=OWN_TYPE, retries={"fallback_instance_types": ["ml.m6i.4xlarge"]}) == []


class TestPlaces:
    @pytest.mark.parametrize(
        "prefix", [f"output/{SLOT}", f"output/daily/{SLOT}", f"output/daily/more/{SLOT}"]
    )
    def test_where_two_schedules_write_may_not_overlap(self, prefix: str) -> None:
        [found] = refused(output={"prefix": prefix})
        assert found.startswith(f"schedules.weekly.output.prefix {prefix} of weekly overlaps ")

    @pytest.mark.parametrize("prefix", [f"weekly/{SLOT}", f"output/weekly/{SLOT}"])
    def test_where_two_schedules_write_may_differ_as_they_like(self, prefix: str) -> None:
        assert refused(output={"prefix": prefix}) == []

    def test_one_prefix_for_all_names_the_schedule(self) -> None:
        [found] = problems(output__prefix=f"out/{SLOT}", schedules__weekly=WEEKLY)
        assert found.startswith("output.prefix out/")
        assert "is the same for daily and weekly; add {schedule}/" in found

    def test_two_buckets_may_have_the_same_prefix(self) -> None:
        own = {"bucket": "elsewhere", "prefix": "output/daily/" + SLOT}
        assert refused(output=own) == []

    def test_what_one_schedule_writes_no_other_reads(self) -> None:
        lake = {"bucket": "lake"}
        found = problems(
            output={**lake, "prefix": "tables/{schedule}/" + SLOT},
            schedules__weekly={**WEEKLY, "input": {**lake, "prefix": "tables/daily/"}},
        )
        assert {line.partition(" ")[0] for line in found} == {"output.prefix"}
        assert "overlaps schedules.weekly.input.prefix tables/daily/ in one bucket" in found[0]

    def test_the_key_of_a_bucket_needs_the_bucket(self) -> None:
        key = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
        [found] = refused(input={"kms_key_arn": key})
        assert found.startswith("input.bucket is missing; schedules.weekly.input.kms_key_arn is")
