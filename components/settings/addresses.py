"""Addresses: whether network.cidr is a block for a VPC, and a stack's jobs fit into its subnets."""

from __future__ import annotations

from ipaddress import IPv4Network

SMALLEST_SUBNET = 28
LARGEST_VPC = 16
"""Prefix lengths: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
RESERVED = 5
"""Addresses of each subnet that AWS keeps: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
PER_INSTANCE = 2
"""Addresses that SageMaker needs for each instance: its own interface, and the container's
(https://docs.aws.amazon.com/sagemaker/latest/dg/process-vpc.html)."""


def block_problem(cidr: str) -> str | None:
    """Return why a block is none that a VPC may have, or None."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return f"must be an IPv4 block such as 10.0.0.0/24: {error}"
    private = any(network.subnet_of(block) for block in _PRIVATE)
    if private and LARGEST_VPC <= network.prefixlen <= SMALLEST_SUBNET:
        return None
    return (
        f"must be a block of /{LARGEST_VPC} to /{SMALLEST_SUBNET} in "
        f"{', '.join(map(str, _PRIVATE))}, such as 10.0.0.0/24"
    )


_PRIVATE = [
    IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
"""RFC 1918, and the shared addresses of RFC 6598, which AWS takes too."""


def subnet_length(cidr: str, zones: int) -> int:
    """Return the prefix length of the subnets, equally sized, of a block for so many zones."""
    return IPv4Network(cidr).prefixlen + (zones - 1).bit_length()


def addresses_needed(instances: int, endpoints: int) -> int:
    """Return the addresses that a subnet must have.

    SageMaker chooses the subnet, so that each must hold all instances that may run at once, and
    each holds an interface of every interface endpoint.
    """
    return RESERVED + endpoints + PER_INSTANCE * instances


def problem(cidr: str, zones: int, endpoints: int, instances: int) -> str | None:
    """Return why a block is too small for so many of each, with what would do, or None."""
    length = subnet_length(cidr, zones)
    needed = addresses_needed(instances, endpoints)
    if length <= SMALLEST_SUBNET and 2 ** (32 - length) >= needed:
        return None
    longest = _longest_that_does(zones, needed)
    way_out = (
        f"set a block of /{longest} or larger, or fewer network.zones"
        if longest
        else "set fewer network.zones, or a smaller limits.max_concurrent_instances"
    )
    if length > SMALLEST_SUBNET:
        why = f"for {zones} zones makes subnets of /{length}; AWS allows /28 or larger"
    else:
        why = (
            f"for {zones} zones makes subnets of {2 ** (32 - length)} addresses, of which "
            f"{needed} are needed: {RESERVED} that AWS keeps, {endpoints} for "
            f"endpoints, {PER_INSTANCE} for each of {instances} instances at once"
        )
    return f"network.cidr: {cidr} {why}; {way_out}"


def _longest_that_does(zones: int, needed: int) -> int | None:
    """Return the prefix length of the smallest block with so many addresses in each zone."""
    bits = max((needed - 1).bit_length(), 32 - SMALLEST_SUBNET) + (zones - 1).bit_length()
    return 32 - bits if 32 - bits >= LARGEST_VPC else None
