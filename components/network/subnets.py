"""Zones and blocks: which private subnets a VPC gets."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network

import pulumi

from components.settings.addresses import subnet_length


def choose_zones(region: str, count: int, offered: Sequence[Iterable[str]]) -> list[str]:
    """Return the first `count` zones, by name, that are in all of `offered`.

    Those are the region's zones, and those of each interface endpoint's service.

    Raises:
        RunError: there are fewer.
    """
    zones = sorted(set[str].intersection(*map(set, offered)))
    if len(zones) < count:
        have = ", ".join(zones) or "none"
        raise pulumi.RunError(
            f"network.zones = {count}: {region} has {len(zones)} for this account and all "
            f"network.endpoints: {have}; set network.zones to at most {len(zones)}, or leave out "
            "the endpoint that is not in all zones"
        )
    return zones[:count]


def subnet_blocks(cidr: str, zones: Sequence[str]) -> dict[str, str]:
    """Return each zone's block, in the order of the zones: equally sized, none overlaps another.

    A further zone may change all blocks, and with them replace the subnets: it halves them when
    their number passes a power of two.
    """
    length = subnet_length(cidr, len(zones))
    blocks = IPv4Network(cidr).subnets(new_prefix=length)
    return dict(zip(zones, map(str, blocks), strict=False))
