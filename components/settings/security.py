"""Settings of what is locked: the jobs' network, and the limits that no run may pass."""

from __future__ import annotations

import ipaddress
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from components.settings.values import Frozen, InstanceCount, InstanceType, Runtime, refuse


def _cidr_problem(cidr: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        return f"must be an IPv4 block such as 10.0.0.0/24: {error}"
    # https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
    private = any(network.subnet_of(block) for block in _PRIVATE)
    if not private or not 16 <= network.prefixlen <= 28:
        blocks = ", ".join(map(str, _PRIVATE))
        return f"must be a block of /16 to /28 in {blocks}, such as 10.0.0.0/24"
    return None


_PRIVATE = [
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
]
"""RFC 1918, and the shared addresses of RFC 6598, which AWS takes too."""


def _checked_cidr(cidr: str) -> str:
    refuse(_cidr_problem(cidr))
    return cidr


def _identified(kind: str) -> AfterValidator:
    """Return a validator of ids such as `subnet-0123456789abcdef0`."""
    form = re.compile(rf"{kind}-([0-9a-f]{{8}}|[0-9a-f]{{17}})")

    def check(value: str) -> str:
        fits = form.fullmatch(value) is not None
        refuse(None if fits else f"must be an id such as {kind}-0123456789abcdef0")
        return value

    return AfterValidator(check)


Cidr = Annotated[str, AfterValidator(_checked_cidr)]
SubnetId = Annotated[str, _identified("subnet")]
SecurityGroupId = Annotated[str, _identified("sg")]
EndpointName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9.-]{0,62}$")]
"""Of an interface endpoint: what follows com.amazonaws.<region>."""


class NetworkSettings(Frozen):
    """What a job's container can reach."""

    mode: Literal["isolated", "vpc", "existing"] = "isolated"
    """Nothing; a VPC of the stack's own, without a way out; or subnets that exist."""
    isolation: bool = True
    """Whether the container is cut off in a VPC too: then only SageMaker itself uses the VPC."""
    cidr: Cidr = "10.0.0.0/24"
    """Of the created VPC."""
    zones: Annotated[int, Field(ge=1, le=6)] = 2
    """Availability zones, and private subnets, of the created VPC."""
    endpoints: tuple[EndpointName, ...] = ("logs", "monitoring")
    """Interface endpoints of the created VPC, as in com.amazonaws.<region>.<name>; S3 has its own.

    About $7.30 a month for each and zone.
    """
    subnets: Annotated[tuple[SubnetId, ...], Field(max_length=16)] = ()
    """Of mode existing."""
    security_groups: Annotated[tuple[SecurityGroupId, ...], Field(max_length=5)] = ()
    """Of mode existing."""


class LimitSettings(Frozen):
    """Guard rails: what no run of the stack may pass, whoever changes the other settings."""

    instance_types: tuple[InstanceType, ...] | None = None
    """The only types that may run; null: every type that the other settings name."""
    max_runtime_seconds: Runtime | None = None
    """The longest that job.max_runtime_seconds may be."""
    max_instances: InstanceCount | None = None
    """Instances of the whole stack that may run at once; a run beyond it waits, as for a quota."""
