"""The private VPC: subnets, routes, endpoints, security groups and flow logs."""

from typing import Any

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Resources, State, calls, creates, given, tags


@creates("aws:ec2/vpc:Vpc", "cidrBlock enableDnsSupport enableDnsHostnames instanceTenancy tags")
def _vpc(local: Resources, inputs: State) -> State:
    ec2 = local.aws.client("ec2")
    vpc = ec2.create_vpc(
        CidrBlock=inputs["cidrBlock"],
        InstanceTenancy=inputs["instanceTenancy"],
        TagSpecifications=tags("vpc", inputs),
    )["Vpc"]["VpcId"]
    for key in ("enableDnsSupport", "enableDnsHostnames"):
        # EC2 takes one attribute a call.
        attribute = {f"{key[0].upper()}{key[1:]}": {"Value": inputs[key]}}
        ec2.modify_vpc_attribute(VpcId=vpc, **attribute)
    return {"id": vpc}


@creates("aws:ec2/subnet:Subnet", "vpcId availabilityZone cidrBlock mapPublicIpOnLaunch tags")
def _subnet(local: Resources, inputs: State) -> State:
    if inputs["mapPublicIpOnLaunch"]:
        raise NotImplementedError("the embedded AWS has no public addresses")
    answer = local.aws.client("ec2").create_subnet(
        VpcId=inputs["vpcId"],
        AvailabilityZone=inputs["availabilityZone"],
        CidrBlock=inputs["cidrBlock"],
        TagSpecifications=tags("subnet", inputs),
    )
    return {"id": answer["Subnet"]["SubnetId"]}


def _prefix_list(local: Resources, inputs: State) -> State:
    """Return a gateway endpoint's prefix list, which an interface has none of."""
    if inputs["vpcEndpointType"] != "Gateway":
        return {}
    named = {"Name": "prefix-list-name", "Values": [inputs["serviceName"]]}
    ec2 = local.aws.client("ec2")
    [found] = ec2.describe_managed_prefix_lists(Filters=[named])["PrefixLists"]
    return {"prefixListId": found["PrefixListId"]}


calls(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "ec2.create_vpc_endpoint",
    "vpcId serviceName vpcEndpointType routeTableIds subnetIds securityGroupIds privateDnsEnabled "
    "policy=PolicyDocument",
    tagged="vpc-endpoint",
    then=_prefix_list,
    id="VpcEndpoint.VpcEndpointId",
)


@creates("aws:ec2/securityGroup:SecurityGroup", "namePrefix description vpcId tags")
def _security_group(local: Resources, inputs: State) -> State:
    """Create a group without rules: like the provider, take away AWS's own one."""
    ec2 = local.aws.client("ec2")
    group = ec2.create_security_group(
        GroupName=f"{inputs['namePrefix']}1",
        Description=inputs["description"],
        VpcId=inputs["vpcId"],
        TagSpecifications=tags("security-group", inputs),
    )["GroupId"]
    _empty(ec2, group)
    return {"id": group}


@creates("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId ingress egress tags")
def _default_security_group(local: Resources, inputs: State) -> State:
    """Adopt the VPC's own group, and take away what it allows."""
    if inputs["ingress"] or inputs["egress"]:
        raise NotImplementedError("the embedded AWS only empties it")
    ec2 = local.aws.client("ec2")
    wanted = {"vpc-id": inputs["vpcId"], "group-name": "default"}
    filters = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
    [group] = ec2.describe_security_groups(Filters=filters)["SecurityGroups"]
    _empty(ec2, group["GroupId"])
    return {"id": group["GroupId"]}


def _empty(ec2: Any, group: str) -> None:  # noqa: ANN401 - boto3's client
    [found] = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    for rules, revoke in (
        ("IpPermissions", ec2.revoke_security_group_ingress),
        ("IpPermissionsEgress", ec2.revoke_security_group_egress),
    ):
        if found[rules]:
            revoke(GroupId=group, IpPermissions=found[rules])


_RULE = (
    "securityGroupId ipProtocol fromPort toPort prefixListId referencedSecurityGroupId description"
)


@creates("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", _RULE)
def _ingress(local: Resources, inputs: State) -> State:
    return _authorized(local.aws.client("ec2").authorize_security_group_ingress, inputs)


@creates("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", _RULE)
def _egress(local: Resources, inputs: State) -> State:
    return _authorized(local.aws.client("ec2").authorize_security_group_egress, inputs)


def _authorized(authorize: Any, inputs: State) -> State:  # noqa: ANN401 - boto3's method
    told = {"Description": inputs["description"]}
    permission = given(
        IpProtocol=inputs["ipProtocol"],
        FromPort=inputs.get("fromPort"),
        ToPort=inputs.get("toPort"),
    )
    if group := inputs.get("referencedSecurityGroupId"):
        permission["UserIdGroupPairs"] = [{"GroupId": group, **told}]
    else:
        permission["PrefixListIds"] = [{"PrefixListId": inputs["prefixListId"], **told}]
    answer = authorize(GroupId=inputs["securityGroupId"], IpPermissions=[permission])
    return {"id": answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]}


@creates("aws:ec2/flowLog:FlowLog", "vpcId trafficType logDestination iamRoleArn tags")
def _flow_log(local: Resources, inputs: State) -> State:
    """Create a flow log; AWS would report only later that its role or group is no good."""
    answer = local.aws.client("ec2").create_flow_logs(
        ResourceIds=[inputs["vpcId"]],
        ResourceType="VPC",
        TrafficType=inputs["trafficType"],
        LogGroupName=inputs["logDestination"].rpartition(":")[2],
        DeliverLogsPermissionArn=inputs["iamRoleArn"],
        TagSpecifications=tags("vpc-flow-log", inputs),
    )
    [flow_log] = answer["FlowLogIds"]
    arn = f"arn:aws:ec2:{local.aws.region}:{ACCOUNT}:vpc-flow-log/{flow_log}"
    if not local.aws.iam.trusts(inputs["iamRoleArn"], "vpc-flow-logs.amazonaws.com", arn):
        raise PermissionError(f"{inputs['iamRoleArn']} does not trust VPC Flow Logs")
    return {"id": flow_log}
