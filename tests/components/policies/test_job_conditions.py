"""What IAM lets the launcher start, against what the stack's settings let an attempt be."""

from typing import Any

import pytest

from components import function_config
from components.aws import instance_types
from components.policies import roles
from components.policies.vpc import VpcPlacement
from components.settings import Settings
from tests.components.settings.test_settings import settings

TYPES = "sagemaker:InstanceTypes"
PLACEMENT = VpcPlacement(["subnet-1"], ["sg-1"], "*")


def types(found: Settings) -> list[str]:
    return roles.job_conditions(found, None)["ForAllValues:StringEquals"][TYPES]


class TestInstanceTypes:
    def test_are_exactly_those_that_an_attempt_can_be_planned_on(self) -> None:
        found = settings(retries__max_size_increases=2)
        [schedule] = function_config.document(found)["schedules"].values()
        retries = schedule["retries"]
        assert set(types(found)) == {*retries["instance_types"], *retries["larger"].values()}
        assert set(types(found)) > set(found.schedules["daily"].instance_types), (
            "the larger sizes too"
        )

    def test_are_the_jobs_own_where_no_other_is_tried(self) -> None:
        alone = settings(retries={"fallback_instance_types": [], "max_size_increases": 0})
        assert types(alone) == [alone.job.instance_type]


class TestConditions:
    def test_of_an_isolated_job_on_one_instance(self) -> None:
        found = settings(job__max_runtime_seconds=7200)
        assert roles.job_conditions(found, None) == {
            "NumericLessThanEquals": {"sagemaker:MaxRuntimeInSeconds": "7200"},
            "ForAllValues:StringEquals": {TYPES: types(found)},
            "Null": {TYPES: "false"},
            "Bool": {"sagemaker:NetworkIsolation": "true"},
        }

    def test_of_several_instances_want_their_traffic_encrypted(self) -> None:
        flags = roles.job_conditions(settings(job__instance_count=2), None)["Bool"]
        assert flags["sagemaker:InterContainerTrafficEncryption"] == "true"

    def test_admit_what_any_schedule_asks_for_and_nothing_beyond(self) -> None:
        own = {"instance_type": "ml.c5.xlarge", "max_runtime_seconds": 20_000, "instance_count": 2}
        weekly = {"expression": "rate(7 days)", "job": own}
        none: dict[str, Any] = {"fallback_instance_types": [], "max_size_increases": 0}
        found = settings(schedules__weekly=weekly, retries=none)
        conditions = roles.job_conditions(found, None)
        assert types(found) == ["ml.c5.xlarge", "ml.m5.xlarge"]
        runtime = conditions["NumericLessThanEquals"]["sagemaker:MaxRuntimeInSeconds"]
        assert runtime == "20000"
        assert conditions["Bool"]["sagemaker:InterContainerTrafficEncryption"] == "true"

    def test_of_a_job_in_a_vpc_name_the_only_subnets_and_security_groups(self) -> None:
        found = roles.job_conditions(settings(), PLACEMENT)
        lists = found["ForAllValues:StringEquals"]
        assert lists["sagemaker:VpcSubnets"] == ["subnet-1"]
        assert lists["sagemaker:VpcSecurityGroupIds"] == ["sg-1"]

    @pytest.mark.parametrize("placement", [None, PLACEMENT])
    def test_never_admit_a_request_that_leaves_a_list_out(
        self, placement: VpcPlacement | None
    ) -> None:
        found = roles.job_conditions(settings(), placement)
        assert found["Null"] == dict.fromkeys(found["ForAllValues:StringEquals"], "false")

    def test_leave_isolation_out_in_a_vpc(self) -> None:
        assert "Bool" not in roles.job_conditions(settings(network__mode="vpc"), PLACEMENT)


class TestKeylessWarning:
    def test_names_the_types_and_the_way_out(self) -> None:
        warning = instance_types.keyless(["ml.g5.xlarge", "ml.m5.large", "ml.r5d.large"])
        assert warning
        assert "ml.g5.xlarge, ml.r5d.large" in warning
        assert "ml.m5" not in warning
        assert "job.instance_type" in warning

    def test_has_the_types_that_nobody_had_on_spot_beside_it(self) -> None:
        warning = instance_types.never_on_spot(["ml.m5.large", "ml.r6i.large", "ml.t3.medium"])
        assert warning
        assert warning.startswith("jobs on ml.r6i.large, ml.t3.medium will hardly ever be on spot")
        assert instance_types.never_on_spot(["ml.m5.large", "ml.t3.large", "ml.g6e.xlarge"]) is None

    def test_is_none_where_every_type_takes_the_key(self) -> None:
        assert instance_types.keyless(["ml.t3.medium", "ml.m5.large"]) is None
