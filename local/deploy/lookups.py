"""How each of the program's lookups (Pulumi's invokes) is answered."""

from collections.abc import Callable

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds import Resources, State


def _zones(local: Resources, inputs: State) -> State:
    filters = [{"Name": each["name"], "Values": each["values"]} for each in inputs["filters"]]
    filters.append({"Name": "state", "Values": [inputs["state"]]})
    found = local.aws.client("ec2").describe_availability_zones(Filters=filters)
    return {"names": [zone["ZoneName"] for zone in found["AvailabilityZones"]]}


def _endpoint_service(local: Resources, inputs: State) -> State:
    name = f"com.amazonaws.{local.aws.region}.{inputs['service']}"
    kind = {"ServiceType": inputs["serviceType"]}
    answer = local.aws.client("ec2").describe_vpc_endpoint_services(ServiceNames=[name])
    found = [each for each in answer["ServiceDetails"] if kind in each["ServiceType"]]
    if len(found) != 1:
        raise ValueError(f"{len(found)} matching EC2 VPC Endpoint Services found")
    return {
        "serviceName": name,
        "availabilityZones": found[0]["AvailabilityZones"],
        "privateDnsName": found[0].get("PrivateDnsName", ""),
        "vpcEndpointPolicySupported": found[0]["VpcEndpointPolicySupported"],
    }


def _subnet(local: Resources, inputs: State) -> State:
    found = local.aws.client("ec2").describe_subnets(SubnetIds=[inputs["id"]])["Subnets"][0]
    return {
        "vpcId": found["VpcId"],
        "ownerId": found["OwnerId"],
        "cidrBlock": found["CidrBlock"],
    }


def _vpc(local: Resources, inputs: State) -> State:
    """Return a VPC as AWS has it; moto gives a new one no options, AWS the region's own."""
    ec2, vpc = local.aws.client("ec2"), inputs["id"]
    options = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]
    if options == "default":
        own = {
            "domain-name": f"{local.aws.region}.compute.internal",
            "domain-name-servers": "AmazonProvidedDNS",
        }
        configurations = [{"Key": key, "Values": [value]} for key, value in own.items()]
        made = ec2.create_dhcp_options(DhcpConfigurations=configurations)["DhcpOptions"]
        options = made["DhcpOptionsId"]
        ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=vpc)
    support = ec2.describe_vpc_attribute(VpcId=vpc, Attribute="enableDnsSupport")
    return {"dhcpOptionsId": options, "enableDnsSupport": support["EnableDnsSupport"]["Value"]}


def _dhcp_options(local: Resources, inputs: State) -> State:
    ids = [inputs["dhcpOptionsId"]]
    [found] = local.aws.client("ec2").describe_dhcp_options(DhcpOptionsIds=ids)["DhcpOptions"]
    values = {
        each["Key"]: [value["Value"] for value in each["Values"]]
        for each in found["DhcpConfigurations"]
    }
    return {
        "domainName": "".join(values.get("domain-name", [])),
        "domainNameServers": values.get("domain-name-servers", []),
    }


def _group(local: Resources, inputs: State) -> State:
    ids = [inputs["id"]]
    [found] = local.aws.client("ec2").describe_security_groups(GroupIds=ids)["SecurityGroups"]
    group = f"security-group/{found['GroupId']}"
    return {"arn": f"arn:aws:ec2:{local.aws.region}:{found['OwnerId']}:{group}"}


def _group_rules(local: Resources, inputs: State) -> State:
    filters = [{"Name": each["name"], "Values": each["values"]} for each in inputs["filters"]]
    found = local.aws.client("ec2").describe_security_group_rules(Filters=filters)
    return {"ids": [rule["SecurityGroupRuleId"] for rule in found["SecurityGroupRules"]]}


def _group_rule(local: Resources, inputs: State) -> State:
    ids = [inputs["securityGroupRuleId"]]
    answer = local.aws.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=ids)
    [found] = answer["SecurityGroupRules"]
    return {
        "isEgress": found["IsEgress"],
        "ipProtocol": found["IpProtocol"],
        "fromPort": found.get("FromPort", -1),
        "toPort": found.get("ToPort", -1),
        "cidrIpv4": found.get("CidrIpv4", ""),
        "referencedSecurityGroupId": found.get("ReferencedGroupInfo", {}).get("GroupId", ""),
    }


_ANSWERS: dict[str, Callable[[Resources, State], State]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": lambda _local, _inputs: {"accountId": ACCOUNT},
    "aws:index/getPartition:getPartition": lambda _local, _inputs: {"partition": "aws"},
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:ec2/getVpcEndpointService:getVpcEndpointService": _endpoint_service,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:ec2/getVpcDhcpOptions:getVpcDhcpOptions": _dhcp_options,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _group,
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": _group_rules,
    "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": _group_rule,
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": lambda _local, _inputs: {
        "userName": "AWS",
        "password": "of-the-embedded-aws",
    },
}
"""Function token -> answers such an invoke."""


def answer(local: Resources, token: str, inputs: State) -> State:
    """Return the answer to one of the program's invokes.

    Raises:
        NotImplementedError: the embedded AWS has no answer.
    """
    if token not in _ANSWERS:
        raise NotImplementedError("the embedded AWS cannot answer it; see local/deploy/lookups.py")
    return _ANSWERS[token](local, inputs)
