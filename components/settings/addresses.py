"""Addresses: whether network.cidr is a block for a VPC, and a stack's jobs fit into its subnets."""

from collections.abc import Iterator
from ipaddress import IPv4Network

SMALLEST_SUBNET = 28
LARGEST_VPC = 16
"""Prefix lengths: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html"""
RESERVED = 5
"""Addresses of each subnet that AWS keeps: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html"""
PER_INSTANCE = 2
"""Addresses that SageMaker needs for each instance: its own interface, and the container's
(https://docs.aws.amazon.com/sagemaker/latest/dg/process-vpc.html)."""
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""RFC 1918, and the shared addresses of RFC 6598, which AWS takes too."""


def block_problem(cidr: str) -> str | None:
    """Return why a block is none that a VPC may have, or None."""
    try:
        network = IPv4Network(cidr)
    except ValueError as error:
        return f"must be an IPv4 block such as 10.0.0.0/24: {error}"
    private = any(network.subnet_of(IPv4Network(block)) for block in _PRIVATE)
    if private and LARGEST_VPC <= network.prefixlen <= SMALLEST_SUBNET:
        return None
    blocks = ", ".join(_PRIVATE)
    return f"must be /{LARGEST_VPC} to /{SMALLEST_SUBNET} in {blocks}, such as 10.0.0.0/24"


def subnet_length(cidr: str, zones: int) -> int:
    """Return the prefix length of the subnets, equally sized, of a block for so many zones."""
    return IPv4Network(cidr).prefixlen + (zones - 1).bit_length()


def problems(cidr: str, zones: int, endpoints: int, instances: int) -> Iterator[str]:
    """Yield why a block is too small for so many of each, with what would do.

    SageMaker chooses the subnet, so that each must hold all instances that may run at once, and
    each holds an interface of every interface endpoint.
    """
    needed = RESERVED + endpoints + PER_INSTANCE * instances
    longest = min(SMALLEST_SUBNET, 32 - (needed - 1).bit_length())
    excess = subnet_length(cidr, zones) - longest
    if excess > 0:
        block = IPv4Network(cidr).prefixlen - excess
        yield (
            f"network.cidr: {cidr} is too small for {zones} subnets of /{longest}, of whose "
            f"addresses AWS keeps {RESERVED}, endpoints need {endpoints}, and each of {instances} "
            f"instances at once {PER_INSTANCE}; set a block of /{block} or larger, fewer "
            "network.zones, or a smaller limits.max_concurrent_instances"
        )
