from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import addresses
from tests.components.settings.test_settings import refusal, settings

zones = st.integers(1, 6)
blocks = st.builds("10.{}.0.0/{}".format, st.integers(0, 255), st.integers(16, 28))


@pytest.mark.parametrize(
    ("cidr", "count", "instances"),
    [("10.0.0.0/24", 2, 60), ("10.0.0.0/26", 4, 4), ("10.0.0.0/28", 1, 4), ("10.0.0.0/27", 2, 4)],
)
def test_as_many_instances_as_fit_are_accepted_and_not_one_more(
    cidr: str, count: int, instances: int
) -> None:
    network = {"network__mode": "vpc", "network__cidr": cidr, "network__zones": count}
    settings(**network, limits__max_concurrent_instances=instances)
    refused = refusal(**network, limits__max_concurrent_instances=instances + 1)
    assert f"each of {instances + 1} instances at once 2" in refused


class TestTooSmallABlock:
    @given(blocks, zones, st.integers(1, 100), st.integers(0, 5))
    def test_is_refused_exactly_where_a_subnet_lacks_addresses_or_is_smaller_than_aws_allows(
        self, cidr: str, count: int, instances: int, endpoints: int
    ) -> None:
        problems = [*addresses.problems(cidr, count, endpoints, instances)]
        length = IPv4Network(cidr).prefixlen + {1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[count]
        room = 2 ** (32 - length) - 5 - endpoints
        assert (not problems) == (length <= 28 and room >= 2 * instances)

    def test_names_a_block_that_would_do(self) -> None:
        network = {"network__mode": "vpc", "network__zones": 3}
        refused = refusal(**network, network__cidr="10.0.0.0/28")
        assert "too small for 3 subnets of /28" in refused
        assert "set a block of /26 or larger" in refused
        settings(**network, network__cidr="10.0.0.0/26")
        refused = refusal(**network, network__cidr="10.0.0.0/28", network__endpoints=[])
        assert "set a block of /26 or larger" in refused
        refused = refusal(
            **network,
            network__cidr="10.0.0.0/26",
            network__endpoints=["a", "b", "c", "d", "e"],
            limits__max_concurrent_instances=20,
        )
        assert "set a block of /24 or larger" in refused
        settings(**network, network__cidr="10.0.0.0/24", limits__max_concurrent_instances=20)

    def test_counts_a_job_of_each_schedule_where_no_limit_is_set(self) -> None:
        schedule = {"expression": "rate(1 day)", "timezone": "UTC"}
        refused = refusal(
            job__instance_count=3,
            schedules={"one": schedule, "two": schedule},
            network__mode="vpc",
            network__cidr="10.0.0.0/28",
        )
        assert "each of 6 instances at once 2" in refused

    def test_does_not_matter_without_a_created_vpc(self) -> None:
        assert settings(limits__max_concurrent_instances=100).network.mode == "isolated"
