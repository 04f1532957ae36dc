"""What security groups let through between their own members, as EC2 decides it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network


@dataclass(frozen=True)
class Traffic:
    """A protocol by EC2's name or number, and its first and last port, if it has ports."""

    name: str
    protocol: str
    ports: tuple[int, int] | None = None


TCP = Traffic("TCP", "tcp", (0, 65535))
ENCRYPTED = (Traffic("UDP 500", "udp", (500, 500)), Traffic("ESP", "50"))
"""In which SageMaker encrypts what the hosts of a job tell each other:
https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html
"""
CLUSTER = (TCP, *ENCRYPTED)
"""What the hosts of a job need that work as one."""


@dataclass(frozen=True)
class Rule:
    """One rule of a group: from or to one peer."""

    is_egress: bool
    protocol: str
    ports: tuple[int, int] | None
    peer: str | None
    """A group's id or an IPv4 block; None for others."""

    def lets(self, traffic: Traffic) -> bool:
        """Return whether it is for all of the traffic."""
        if self.protocol == "-1" or not (traffic.ports and self.ports):
            return self.protocol in {"-1", traffic.protocol}
        (first, last), (needed, needed_last) = self.ports, traffic.ports
        # Nothing listens on port 0, so that many rules begin with 1.
        covers = first <= max(needed, 1) and last >= needed_last
        return self.protocol == traffic.protocol and covers


def missing(
    rules: Iterable[Rule], groups: Sequence[str], blocks: Sequence[str], *, is_egress: bool
) -> list[Traffic]:
    """Return what of CLUSTER no rule lets out, or in, between members of all these groups.

    `rules` are those of all the groups, which add up; `blocks` are the members' subnets.
    """

    def is_of_members(peer: str | None) -> bool:
        if peer is None or "/" not in peer:
            return peer in groups
        return all(IPv4Network(each).subnet_of(IPv4Network(peer)) for each in blocks)

    ways = [each for each in rules if each.is_egress == is_egress and is_of_members(each.peer)]
    return [each for each in CLUSTER if not any(way.lets(each) for way in ways)]
