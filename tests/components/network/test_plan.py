"""Zones and addresses of the created VPC."""

from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.network import plan
from tests.components.settings.test_settings import refusal, settings

zones = st.integers(1, 6)
blocks = st.builds("10.{}.0.0/{}".format, st.integers(0, 255), st.integers(16, 28))
ZONES = [f"eu-central-1{letter}" for letter in "abcdef"]


class TestSubnets:
    @given(blocks, zones)
    def test_are_equal_parts_of_the_block_and_do_not_overlap(self, cidr: str, count: int) -> None:
        assume(plan.subnet_length(cidr, count) <= 28)
        found = plan.subnets(cidr, ZONES[:count])
        networks = [IPv4Network(block) for block in found.values()]
        assert list(found) == ZONES[:count]
        assert len({network.prefixlen for network in networks}) == 1
        assert all(network.subnet_of(IPv4Network(cidr)) for network in networks)
        assert not any(one.overlaps(other) for one, other in combinations(networks, 2))

    @given(blocks, zones)
    def test_waste_less_than_half_of_the_block(self, cidr: str, count: int) -> None:
        assume(plan.subnet_length(cidr, count) <= 28)
        found = plan.subnets(cidr, ZONES[:count]).values()
        used = sum(IPv4Network(block).num_addresses for block in found)
        assert used * 2 > IPv4Network(cidr).num_addresses

    def test_keep_their_blocks_when_a_zone_is_added_within_a_power_of_two(self) -> None:
        three = plan.subnets("10.0.0.0/24", ZONES[:3])
        four = plan.subnets("10.0.0.0/24", ZONES[:4])
        assert three.items() <= four.items()


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
    assert f"each of {instances + 1} instances at once" in refused


class TestTooSmallABlock:
    @given(blocks, zones, st.integers(1, 100), st.integers(0, 5))
    def test_is_refused_exactly_where_a_subnet_lacks_addresses_or_is_smaller_than_aws_allows(
        self, cidr: str, count: int, instances: int, endpoints: int
    ) -> None:
        found = settings(
            network__mode="vpc",
            network__cidr="10.0.0.0/16",
            network__endpoints=[f"e{number}" for number in range(endpoints)],
            limits__max_concurrent_instances=instances,
        )
        changed = found.network.model_copy(update={"cidr": cidr, "zones": count})
        problem = plan.problem(found.model_copy(update={"network": changed}))
        length = IPv4Network(cidr).prefixlen + {1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 6: 3}[count]
        room = 2 ** (32 - length) - 5 - endpoints
        assert (problem is None) == (length <= 28 and room >= 2 * instances)

    def test_names_a_block_that_would_do(self) -> None:
        network = {"network__mode": "vpc", "network__zones": 3}
        refused = refusal(**network, network__cidr="10.0.0.0/28")
        assert "subnets of /30; AWS allows /28 or larger; set a block of /26 or larger" in refused
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
        found = settings(
            job__instance_count=3,
            schedules={"one": schedule, "two": schedule},
            network__mode="vpc",
        )
        assert plan.instances_at_once(found) == 6

    def test_does_not_matter_without_a_created_vpc(self) -> None:
        assert settings(limits__max_concurrent_instances=100).network.mode == "isolated"


class TestZones:
    @given(st.permutations(ZONES), zones)
    def test_are_the_first_by_name_whatever_the_order_of_the_answer(
        self, answer: list[str], count: int
    ) -> None:
        assert plan.choose("eu-central-1", count, [answer]) == ZONES[:count]

    def test_are_those_that_every_endpoint_has(self) -> None:
        found = plan.choose("eu-central-1", 2, [ZONES, ZONES[1:], ZONES[:3]])
        assert found == ZONES[1:3]

    def test_too_few_are_named_with_the_way_out(self) -> None:
        with pytest.raises(plan.ZonesError) as error:
            plan.choose("eu-central-1", 3, [ZONES, ZONES[:2]])
        assert str(error.value).startswith("network.zones = 3: eu-central-1 has 2")
        assert "eu-central-1a, eu-central-1b; set network.zones to at most 2" in str(error.value)
