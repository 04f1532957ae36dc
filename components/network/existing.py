"""What jobs need of a VPC that the settings name: refused in a preview, not found out at night."""

from collections.abc import Iterator

import pulumi
import pulumi_aws as aws

from components.aws.account import Account
from components.network import existing_groups
from components.policies.vpc import VpcPlacement
from components.settings import Settings

_OWN_RESOLVER = "AmazonProvidedDNS"
_UNSEEN = (
    "cannot be looked at; whoever deploys needs ec2:DescribeVpcs, DescribeVpcAttribute, "
    "DescribeRouteTables and DescribeDhcpOptions"
)


def placement(settings: Settings, account: Account, parent: pulumi.Resource) -> VpcPlacement:
    """Return the subnets and groups of the settings, after a check of the subnets' VPCs.

    One that another account shares is left out: its owner's options may be out of sight.

    Raises:
        RunError: AWS knows no such subnet, the names that jobs need would not be resolved there,
            or the hosts of a cluster could not reach each other; names all problems, each with the
            way out.
    """
    network = settings.network
    opts = pulumi.InvokeOptions(parent=parent)
    problems: list[str] = []
    vpcs: dict[str, str] = {}
    blocks: list[str] = []
    for id_ in network.subnets:
        try:
            subnet = aws.ec2.get_subnet(id=id_, opts=opts)
        except Exception as error:  # Pulumi's invokes raise nothing narrower
            problems.append(f"{id_} is not found in {account.region}: {error}; name another one")
            continue
        blocks.append(subnet.cidr_block)
        if subnet.owner_id == account.id:
            vpcs.setdefault(subnet.vpc_id, id_)
    for vpc, subnet in vpcs.items():
        where = f"{subnet} is in {vpc}, "
        try:
            problems += [where + each for each in _problems(vpc, account.region, opts)]
        except Exception as error:
            problems.append(f"{where}which {_UNSEEN}: {error}")
    problems = [f"network.subnets: {each}" for each in problems]
    if settings.has_cluster:
        found = existing_groups.problems(network.security_groups, blocks, account, opts)
        problems += [f"network.security_groups: {each}" for each in found]
    if problems:
        raise pulumi.RunError("\n".join(problems))
    return VpcPlacement(network.subnets, network.security_groups, "*")


def _problems(id_: str, region: str, opts: pulumi.InvokeOptions) -> Iterator[str]:
    vpc = aws.ec2.get_vpc(id=id_, opts=opts)
    domain, servers = "", list[str]()
    if vpc.dhcp_options_id != "default":  # EC2's word for none
        found = aws.ec2.get_vpc_dhcp_options(dhcp_options_id=vpc.dhcp_options_id, opts=opts)
        domain, servers = found.domain_name, found.domain_name_servers
    # Of a region's default options (VPC guide, "DHCP option sets").
    usual = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    if not domain or not servers:
        # SageMaker: "expected DHCP options to include keys domain-name-servers and domain-name".
        yield (
            "whose DHCP options must have a domain-name and domain-name-servers, or SageMaker "
            "fails every job there: "
            "aws ec2 create-dhcp-options --dhcp-configurations "
            f"Key=domain-name,Values={domain or usual} "
            f"Key=domain-name-servers,Values={','.join(servers) or _OWN_RESOLVER}, then "
            f"aws ec2 associate-dhcp-options --vpc-id {id_} --dhcp-options-id with its id"
        )
    if _OWN_RESOLVER in servers and not vpc.enable_dns_support:
        yield (
            "where nothing answers AmazonProvidedDNS: "
            f"aws ec2 modify-vpc-attribute --vpc-id {id_} --enable-dns-support Value=true"
        )
