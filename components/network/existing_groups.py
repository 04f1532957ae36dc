"""What a cluster needs of the security groups that the settings name."""

from collections.abc import Iterator, Sequence

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.aws.security_groups import Rule, Traffic, missing

_UNSEEN = (
    "cannot be looked at; whoever deploys needs ec2:DescribeSecurityGroups and "
    "DescribeSecurityGroupRules"
)


def problems(
    groups: Sequence[str], blocks: Sequence[str], account: Account, opts: pulumi.InvokeOptions
) -> Iterator[str]:
    """Yield what the groups' rules do not let through between the hosts of a job, and the way out.

    `blocks` are the subnets'. Groups of another account, which shares them, are left out: their
    rules may be out of sight.
    """
    try:
        if any(_owner(each, opts) != account.id for each in groups):
            return
        rules = _rules(groups, opts)
    except Exception as error:  # Pulumi's invokes raise nothing narrower
        yield f"{', '.join(groups)} {_UNSEEN}: {error}"
        return
    for is_egress, way in ((False, "in"), (True, "out")):
        if lacking := missing(rules, groups, blocks, is_egress=is_egress):
            names = ", ".join(each.name for each in lacking)
            command = "egress" if is_egress else "ingress"
            permissions = " ".join(_permission(groups[0], each) for each in lacking)
            yield (
                f"{', '.join(groups)} must let {way} {names} between the hosts of a job, as "
                f"job.cluster is set: aws ec2 authorize-security-group-{command} "
                f"--group-id {groups[0]} --ip-permissions {permissions}"
            )


def _owner(group: str, opts: pulumi.InvokeOptions) -> str:
    return aws.ec2.get_security_group(id=group, opts=opts).arn.split(":")[4]


def _rules(groups: Sequence[str], opts: pulumi.InvokeOptions) -> list[Rule]:
    of_groups = aws.vpc.GetSecurityGroupRulesFilterArgs(name="group-id", values=[*groups])
    ids = aws.vpc.get_security_group_rules(filters=[of_groups], opts=opts).ids
    found = [
        aws.vpc.get_security_group_rule(security_group_rule_id=each, opts=opts) for each in ids
    ]
    return [
        Rule(
            each.is_egress,
            each.ip_protocol,
            (each.from_port, each.to_port),
            each.referenced_security_group_id or each.cidr_ipv4 or None,
        )
        for each in found
    ]


def _permission(group: str, traffic: Traffic) -> str:
    first, last = traffic.ports or (None, None)
    ports = f",FromPort={first},ToPort={last}" if traffic.ports else ""
    return f"'IpProtocol={traffic.protocol}{ports},UserIdGroupPairs=[{{GroupId={group}}}]'"
