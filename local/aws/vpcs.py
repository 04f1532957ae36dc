"""Which VPC a subnet or security group of the embedded AWS is in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local.aws.endpoint import LocalAws


def vpc_of(aws: LocalAws, id_: str) -> str | None:
    """Return the VPC's id, or None where there is no such subnet or group."""
    ec2 = aws.client("ec2")
    if id_.startswith("subnet-"):
        wanted = [{"Name": "subnet-id", "Values": [id_]}]
        found = ec2.describe_subnets(Filters=wanted)["Subnets"]
    else:
        wanted = [{"Name": "group-id", "Values": [id_]}]
        found = ec2.describe_security_groups(Filters=wanted)["SecurityGroups"]
    return found[0]["VpcId"] if found else None
