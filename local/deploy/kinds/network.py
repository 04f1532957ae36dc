"""The private VPC: subnets, routes, endpoints, security groups and flow logs."""

from __future__ import annotations

from typing import Any

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Deployment, State, creates, given, tags


@creates(
    "aws:ec2/vpc:Vpc",
    *("cidrBlock", "enableDnsSupport", "enableDnsHostnames", "instanceTenancy", "tags"),
)
def _vpc(local: Deployment, inputs: State) -> State:
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


@creates(
    "aws:ec2/subnet:Subnet",
    *("vpcId", "availabilityZone", "cidrBlock", "mapPublicIpOnLaunch", "tags"),
)
def _subnet(local: Deployment, inputs: State) -> State:
    if inputs["mapPublicIpOnLaunch"]:
        raise NotImplementedError("the embedded AWS has no public addresses")
    answer = local.aws.client("ec2").create_subnet(
        VpcId=inputs["vpcId"],
        AvailabilityZone=inputs["availabilityZone"],
        CidrBlock=inputs["cidrBlock"],
        TagSpecifications=tags("subnet", inputs),
    )
    return {"id": answer["Subnet"]["SubnetId"]}


@creates(
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    *("vpcId", "serviceName", "vpcEndpointType", "routeTableIds", "subnetIds"),
    *("securityGroupIds", "privateDnsEnabled", "policy", "tags"),
)
def _endpoint(local: Deployment, inputs: State) -> State:
    ec2 = local.aws.client("ec2")
    answer = ec2.create_vpc_endpoint(
        VpcId=inputs["vpcId"],
        ServiceName=inputs["serviceName"],
        VpcEndpointType=inputs["vpcEndpointType"],
        TagSpecifications=tags("vpc-endpoint", inputs),
        **given(
            RouteTableIds=inputs.get("routeTableIds"),
            SubnetIds=inputs.get("subnetIds"),
            SecurityGroupIds=inputs.get("securityGroupIds"),
            PrivateDnsEnabled=inputs.get("privateDnsEnabled"),
            PolicyDocument=inputs.get("policy"),
        ),
    )
    state: State = {"id": answer["VpcEndpoint"]["VpcEndpointId"]}
    if inputs["vpcEndpointType"] == "Gateway":
        named = {"Name": "prefix-list-name", "Values": [inputs["serviceName"]]}
        [found] = ec2.describe_managed_prefix_lists(Filters=[named])["PrefixLists"]
        state["prefixListId"] = found["PrefixListId"]
    return state


@creates("aws:ec2/securityGroup:SecurityGroup", "namePrefix", "description", "vpcId", "tags")
def _security_group(local: Deployment, inputs: State) -> State:
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


@creates("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "vpcId", "ingress", "egress", "tags")
def _default_security_group(local: Deployment, inputs: State) -> State:
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
    *("securityGroupId", "ipProtocol", "fromPort", "toPort", "prefixListId"),
    *("referencedSecurityGroupId", "description"),
)


@creates("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", *_RULE)
def _ingress(local: Deployment, inputs: State) -> State:
    return _authorized(local.aws.client("ec2").authorize_security_group_ingress, inputs)


@creates("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", *_RULE)
def _egress(local: Deployment, inputs: State) -> State:
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


@creates("aws:ec2/flowLog:FlowLog", "vpcId", "trafficType", "logDestination", "iamRoleArn", "tags")
def _flow_log(local: Deployment, inputs: State) -> State:
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
