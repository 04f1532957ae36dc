"""Whether the rules of groups let their members reach each other."""

import pytest

from components.aws.security_groups import CLUSTER, Rule, missing

GROUPS = ["sg-1", "sg-2"]
BLOCKS = ["10.1.0.0/25", "10.1.0.128/25"]
NEEDED = [
    Rule(False, "tcp", (0, 65535), "sg-1"),
    Rule(False, "udp", (500, 500), "sg-1"),
    Rule(False, "50", (-1, -1), "sg-1"),
]


def lacking(*rules: Rule, is_egress: bool = False) -> list[str]:
    return [each.name for each in missing(rules, GROUPS, BLOCKS, is_egress=is_egress)]


def test_each_protocol_needs_a_rule_in_its_own_direction() -> None:
    assert lacking() == [each.name for each in CLUSTER]
    assert lacking(*NEEDED) == []
    assert lacking(*NEEDED, is_egress=True) == ["TCP", "UDP 500", "ESP"]
    assert [lacking(*NEEDED[:n], *NEEDED[n + 1 :]) for n in range(3)] == [
        ["TCP"],
        ["UDP 500"],
        ["ESP"],
    ]


@pytest.mark.parametrize("peer", ["sg-2", "10.1.0.0/24", "0.0.0.0/0"])
def test_every_group_of_the_job_and_every_block_around_its_subnets_is_its_members(
    peer: str,
) -> None:
    assert lacking(Rule(False, "-1", (-1, -1), peer)) == []


@pytest.mark.parametrize("peer", ["sg-3", "10.1.0.0/25", "10.2.0.0/16", None])
def test_no_other_peer_is(peer: str | None) -> None:
    assert lacking(Rule(False, "-1", (-1, -1), peer)) != []


@pytest.mark.parametrize(
    ("ports", "enough"), [((1, 65535), True), ((1024, 65535), False), ((0, 8786), False)]
)
def test_a_range_counts_that_has_every_port(ports: tuple[int, int], enough: bool) -> None:
    assert (lacking(Rule(False, "tcp", ports, "sg-1"), *NEEDED[1:]) == []) == enough
