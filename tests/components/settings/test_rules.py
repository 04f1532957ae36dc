"""What the settings of a network's mode may be, and whether it reaches the script's secrets."""

from typing import Any

import pytest

from components.settings.loader import SettingsError, read
from tests.components.settings.test_settings import keys_of
from tests.conftest import PROJECT

EXISTING: dict[str, Any] = {
    "network__mode": "existing",
    "network__subnets": ["subnet-0123456789abcdef0"],
    "network__security_groups": ["sg-0123456789abcdef0"],
}
SEVERAL: dict[str, Any] = {"job__cluster": True, "job__instance_count": 2}
SECRETS: dict[str, Any] = {"job__secrets": ["database"]}


def problems(**changes: Any) -> list[str]:
    """Return the problems of a configuration."""
    try:
        read(keys_of(**changes), PROJECT, "prod")
    except SettingsError as error:
        own = f"  {PROJECT}:"
        lines = str(error).split("\n")
        return [line.removeprefix(own) for line in lines if line.startswith(own)]
    return []


def problem(**changes: Any) -> str:
    [found] = problems(**changes)
    return found


class TestSecrets:
    def test_need_a_network(self) -> None:
        found = problem(**SECRETS)
        assert found.startswith("job.secrets the script has no network to fetch them; ")
        assert "set network.mode to vpc and add secretsmanager to network.endpoints" in found

    def test_need_an_endpoint_in_a_created_vpc(self) -> None:
        found = problem(**SECRETS, network__mode="vpc")
        assert found.startswith("job.secrets the VPC does not reach them; ")
        assert problems(**SECRETS, network__mode="vpc", network__endpoints=["secretsmanager"]) == []

    def test_are_the_owners_affair_in_existing_subnets(self) -> None:
        assert problems(**SECRETS, **EXISTING) == []


class TestClusters:
    def test_need_a_network_that_lets_their_hosts_reach_each_other(self) -> None:
        found = problem(**SEVERAL)
        assert found.startswith(
            "job.cluster needs a network, since between the hosts of an isolated "
        )
        assert "set network.mode to vpc, or to existing" in found
        assert problems(**SEVERAL, network__mode="vpc") == []
        assert problems(**SEVERAL, **EXISTING) == []

    def test_need_several_instances_in_a_schedule_that_has_the_key(self) -> None:
        vpc = {"network__mode": "vpc"}
        found = problem(**vpc, job__cluster=True)
        assert found.startswith("job.cluster has no effect on one instance; ")
        two = {"instance_type": "ml.m5.large", "instance_count": 2, "volume_gb": 30}
        one = {"instance_type": "ml.m5.large", "volume_gb": 30, "up_to_gb": 5}
        assert problems(**vpc, job__cluster=True, job__sizes=[one, two]) == []
        small = {"expression": "cron(0 5 * * ? *)", "job": {"instance_count": 1}}
        large = {"expression": "cron(0 4 * * ? *)", "job": {"instance_count": 2}}
        schedules = {"small": small, "large": large}
        assert problems(**vpc, job__cluster=True, schedules=schedules) == []
        small["job"] = {"cluster": True}
        found = problem(**vpc, schedules=schedules)
        assert found.startswith("schedules.small.job.cluster has no effect")


class TestModes:
    def test_vpc_has_s3_without_asking(self) -> None:
        found = problem(network__mode="vpc", network__endpoints=["logs", "s3"])
        assert "s3 is reached by a gateway endpoint in any case" in found

    def test_existing_needs_subnets_and_groups(self) -> None:
        found = problems(network__mode="existing")
        assert [line.partition(":")[0] for line in found] == [
            "network.subnets is empty; mode existing needs at least one id",
            "network.security_groups is empty; mode existing needs at least one id",
        ]


@pytest.mark.parametrize(
    ("mode", "key", "value"),
    [
        ("isolated", "cidr", "10.1.0.0/24"),
        ("isolated", "zones", 3),
        ("isolated", "endpoints", ["sts"]),
        ("isolated", "subnets", ["subnet-0123456789abcdef0"]),
        ("vpc", "security_groups", ["sg-0123456789abcdef0"]),
    ],
)
def test_what_has_no_effect_in_a_mode_is_refused(mode: str, key: str, value: Any) -> None:
    found = problem(**{"network__mode": mode, f"network__{key}": value})
    assert found.startswith(f"network.{key} is only for mode ")
