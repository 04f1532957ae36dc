"""Zones and addresses of the created VPC."""

from ipaddress import IPv4Network
from itertools import combinations

import pulumi
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from components.network.subnets import choose_zones, subnet_blocks
from components.settings.addresses import subnet_length

zones = st.integers(1, 6)
blocks = st.builds("10.{}.0.0/{}".format, st.integers(0, 255), st.integers(16, 28))
ZONES = [f"eu-central-1{letter}" for letter in "abcdef"]


class TestSubnets:
    @given(blocks, zones)
    def test_are_equal_parts_of_the_block_and_do_not_overlap(self, cidr: str, count: int) -> None:
        assume(subnet_length(cidr, count) <= 28)
        found = subnet_blocks(cidr, ZONES[:count])
        networks = [IPv4Network(block) for block in found.values()]
        assert list(found) == ZONES[:count]
        assert len({network.prefixlen for network in networks}) == 1
        assert all(network.subnet_of(IPv4Network(cidr)) for network in networks)
        assert not any(one.overlaps(other) for one, other in combinations(networks, 2))

    @given(blocks, zones)
    def test_waste_less_than_half_of_the_block(self, cidr: str, count: int) -> None:
        assume(subnet_length(cidr, count) <= 28)
        found = subnet_blocks(cidr, ZONES[:count]).values()
        used = sum(IPv4Network(block).num_addresses for block in found)
        assert used * 2 > IPv4Network(cidr).num_addresses

    def test_keep_their_blocks_when_a_zone_is_added_within_a_power_of_two(self) -> None:
        three = subnet_blocks("10.0.0.0/24", ZONES[:3])
        four = subnet_blocks("10.0.0.0/24", ZONES[:4])
        assert three.items() <= four.items()


class TestZones:
    @given(st.permutations(ZONES), zones)
    def test_are_the_first_by_name_whatever_the_order_of_the_answer(
        self, answer: list[str], count: int
    ) -> None:
        assert choose_zones("eu-central-1", count, [answer]) == ZONES[:count]

    def test_are_those_that_every_endpoint_has(self) -> None:
        found = choose_zones("eu-central-1", 2, [ZONES, ZONES[1:], ZONES[:3]])
        assert found == ZONES[1:3]

    def test_too_few_are_named_with_the_way_out(self) -> None:
        with pytest.raises(pulumi.RunError) as error:
            choose_zones("eu-central-1", 3, [ZONES, ZONES[:2]])
        assert str(error.value).startswith("network.zones = 3: eu-central-1 has 2")
        assert "eu-central-1a, eu-central-1b; set network.zones to at most 2" in str(error.value)
