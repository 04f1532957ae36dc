"""What tiers of job.sizes must be, one by one and together."""

from typing import Any

import pytest
from hypothesis import given

from components.policies import roles
from components.settings import Settings
from components.settings.sizes import problems
from tests.components.settings.test_rules import problems as refused
from tests.components.settings.test_settings import refusal, settings
from tests.conftest import PROJECT
from tests.launcher import strategies

M5, R5D = "ml.m5.large", "ml.r5d.large"


def tier(up_to_gb: float | None = None, kind: str = M5, **more: Any) -> dict[str, Any]:
    top = {} if up_to_gb is None else {"up_to_gb": up_to_gb}
    return {**top, "instance_type": kind, **more}


@pytest.mark.parametrize(
    ("tiers", "said"),
    [
        ([tier(), tier(5)], "tier 1 has no up_to_gb, so that no tier after it would ever be taken"),
        ([tier(5), tier(5)], "up_to_gb of tier 2, 5, must be more than the 5 of the tier before"),
        ([tier(0.5, volume_gb=8), tier(9, volume_gb=8)], "tier 2, up_to_gb: 9 does not fit on its"),
        ([tier(9, R5D), tier(76, R5D)], "its volumes, 1 x 75 GB; set a larger volume_gb, more"),
        ([tier(9, R5D, volume_gb=76)], "tier 1, volume_gb: 76 is more than the 75 GB of ml.r5d.la"),
        (
            [tier(9, fallback_instance_types=[R5D], volume_gb=76)],
            "volume_gb: 76 is more than the 75 GB of ml.r5d.large; set it lower, or name another",
        ),
        ([tier(9, fallback_instance_types=[M5])], "tier 1 names ml.m5.large twice"),
    ],
)
def test_a_tier_that_cannot_be_meant_is_refused_with_the_way_out(
    tiers: list[dict[str, Any]], said: str
) -> None:
    message = refusal(job__sizes=tiers)
    assert f"{PROJECT}:job.sizes" in message
    assert said in message


def test_all_problems_of_all_tiers_are_told_at_once() -> None:
    found = refused(job__sizes=[tier(9, volume_gb=8), tier(3, R5D, volume_gb=100)])
    assert len(found) == 3


def test_no_tier_has_more_instances_than_may_run_at_once() -> None:
    message = refusal(
        job__sizes=[tier(9), tier(instance_count=5)], limits__max_concurrent_instances=4
    )
    assert "tier 2 has instance_count 5, more than limits.max_concurrent_instances = 4" in message


def test_an_unknown_key_of_a_tier_is_refused_with_those_that_there_are() -> None:
    message = refusal(job__sizes=[tier(9, gb=1)])
    assert "job.sizes[0].gb = 1: there is no such key; there are fallback_instance_types" in message


@pytest.mark.parametrize("volume", ["a lot", "10GB"])
def test_a_volume_is_a_number_or_auto(volume: str) -> None:
    assert "must be a whole number, or auto" in refusal(job__volume_gb=volume)
    assert settings(job__volume_gb="auto").job.volume_gb is None


def test_a_disk_of_the_jobs_own_type_holds_its_volume() -> None:
    message = refusal(job__instance_type=R5D, job__volume_gb=76)
    assert "job.volume_gb 76 is more than the 75 GB of ml.r5d.large" in message


@given(strategies.sizes())
def test_what_the_other_tests_play_with_is_accepted(tiers: list[dict[str, Any]]) -> None:
    found = Settings.model_validate(
        {
            "project": "p",
            "stack": "s",
            "region": "eu-central-1",
            "prefix": "p",
            "schedules": {"d": {"expression": "rate(1 day)"}},
            "job": {"sizes": tiers},
        }
    )
    assert list(problems(found.job.sizes, None, "job.sizes")) == []


def test_iam_admits_the_types_of_all_tiers_and_their_larger_sizes_and_no_other() -> None:
    found = settings(
        job__sizes=[tier(9, fallback_instance_types=["ml.m6i.large"]), tier(kind="ml.r5.large")],
        retries__max_size_increases=1,
    )
    conditions = roles.job_conditions(found, None)
    admitted = conditions["ForAllValues:StringEquals"]["sagemaker:InstanceTypes"]
    kinds = ("m5", "m6i", "r5")
    assert set(admitted) == {f"ml.{kind}.{size}" for kind in kinds for size in ("large", "xlarge")}


def test_iam_asks_for_encryption_between_instances_if_one_tier_has_several() -> None:
    found = settings(job__sizes=[tier(9), tier(instance_count=2)])
    flags = roles.job_conditions(found, None)["Bool"]
    assert flags["sagemaker:InterContainerTrafficEncryption"] == "true"


def test_a_vpc_has_addresses_for_the_tier_of_most_instances() -> None:
    tiers = [tier(9), tier(instance_count=60)]
    message = refusal(job__sizes=tiers, network__mode="vpc", network__cidr="10.0.0.0/25")
    assert "each of 60 instances at once" in message


def test_a_schedules_own_machine_beside_the_stacks_sizes_has_no_effect_and_is_refused() -> None:
    message = refusal(job__sizes=[tier(9)], schedules__daily__job={"volume_gb": 50})
    assert "schedules.daily.job its volume_gb has no effect, as the stack's job.sizes" in message
    own: dict[str, Any] = {"volume_gb": 50, "sizes": []}
    assert settings(job__sizes=[tier(9)], schedules__daily__job=own).schedules["daily"].sizes


def test_a_schedules_own_sizes_are_named_by_their_own_key() -> None:
    message = refusal(schedules__daily__job={"sizes": [tier(5), tier(5)]})
    assert f"{PROJECT}:schedules.daily.job.sizes up_to_gb of tier 2" in message
    message = refusal(schedules__daily__job={"sizes": [tier(9, gb=1)]})
    assert "daily.job.sizes[0].gb = 1: there is no such key; there are fallback" in message
