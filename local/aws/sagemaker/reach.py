"""Whether the hosts of a job reach each other: in a VPC, where its security groups let them."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.aws.security_groups import Rule, missing


def hosts_reach_each_other(network: Mapping[str, Any], ec2: Any) -> bool:  # noqa: ANN401 - boto3's
    """Return whether a job's network (Spec.network) lets everything through between its hosts.

    None is let through under network isolation. Without a VPC, too, is not played: whether hosts
    reach each other there is not documented.
    """
    if network.get("EnableNetworkIsolation") or "VpcConfig" not in network:
        return False
    groups, subnets = network["VpcConfig"]["SecurityGroupIds"], network["VpcConfig"]["Subnets"]
    found = ec2.describe_security_groups(GroupIds=groups)["SecurityGroups"]
    rules = [rule for group in found for rule in _rules(group)]
    of_vpc = ec2.describe_subnets(SubnetIds=subnets)["Subnets"]
    blocks = [each["CidrBlock"] for each in of_vpc]
    return not any(missing(rules, groups, blocks, is_egress=each) for each in (False, True))


def _rules(group: Mapping[str, Any]) -> Iterator[Rule]:
    for is_egress, way in ((False, "IpPermissions"), (True, "IpPermissionsEgress")):
        for each in group[way]:
            peers = [pair["GroupId"] for pair in each["UserIdGroupPairs"]]
            peers += [block["CidrIp"] for block in each["IpRanges"]]
            for peer in peers:
                ports = (each.get("FromPort", -1), each.get("ToPort", -1))
                yield Rule(is_egress, each["IpProtocol"], ports, peer)
