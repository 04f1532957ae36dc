"""The private VPC: subnets, routes, endpoints, security groups and flow logs."""

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import Resources, State, calls

_RULE = (
    "securityGroupId=GroupId ipProtocol=IpPermissions.IpProtocol fromPort=IpPermissions.FromPort "
    "toPort=IpPermissions.ToPort prefixListId=IpPermissions.PrefixListIds.PrefixListId "
    "referencedSecurityGroupId=IpPermissions.UserIdGroupPairs.GroupId description="
)


def _prefix_list(local: Resources, endpoint: State) -> State:
    """Return a gateway endpoint's prefix list, which an interface has none of."""
    if endpoint["vpcEndpointType"] != "Gateway":
        return {}
    named = {"Name": "prefix-list-name", "Values": [endpoint["serviceName"]]}
    ec2 = local.aws.client("ec2")
    [found] = ec2.describe_managed_prefix_lists(Filters=[named])["PrefixLists"]
    return {"prefixListId": found["PrefixListId"]}


def _default(_local: Resources, group: State) -> State:
    if group["ingress"] or group["egress"]:
        raise NotImplementedError("the embedded AWS only empties it")
    wanted = {"vpc-id": group["vpcId"], "group-name": "default"}
    filters = [{"name": name, "values": [value]} for name, value in wanted.items()]
    return {**group, "filters": filters}


def _emptied(local: Resources, group: State) -> State:
    """Take away the rules that AWS gives to every group, as the provider does."""
    ec2 = local.aws.client("ec2")
    [found] = ec2.describe_security_groups(GroupIds=[group["id"]])["SecurityGroups"]
    for rules, revoke in (
        ("IpPermissions", ec2.revoke_security_group_ingress),
        ("IpPermissionsEgress", ec2.revoke_security_group_egress),
    ):
        if found[rules]:
            revoke(GroupId=group["id"], IpPermissions=found[rules])
    return {}


def _with_ports(_local: Resources, rule: State) -> State:
    """Add the ports that moto wants for a protocol without any, such as ESP; AWS does not."""
    return {"fromPort": -1, "toPort": -1, **rule}


def _of_vpc(_local: Resources, flow_log: State) -> State:
    group = flow_log["logDestination"].rpartition(":")[2]
    return {**flow_log, "resourceType": "VPC", "logDestination": group}


def _trusted(local: Resources, flow_log: State) -> State:
    """Look at the role now; AWS would report only later that it is no good."""
    arn = f"arn:aws:ec2:{local.aws.region}:{ACCOUNT}:vpc-flow-log/{flow_log['id']}"
    if not local.aws.iam.trusts(flow_log["iamRoleArn"], "vpc-flow-logs.amazonaws.com", arn):
        raise PermissionError(f"{flow_log['iamRoleArn']} does not trust VPC Flow Logs")
    return {}


calls(
    "ec2/Vpc",
    "ec2.create_vpc",
    "enableDnsSupport= enableDnsHostnames=",
    tagged="vpc",
    id="{Vpc[VpcId]}",
)
calls(
    "ec2/Subnet",
    "ec2.create_subnet",
    "mapPublicIpOnLaunch=",
    tagged="subnet",
    id="{Subnet[SubnetId]}",
)
calls(
    "ec2/RouteTable",
    "ec2.create_route_table",
    tagged="route-table",
    id="{RouteTable[RouteTableId]}",
)
calls("ec2/RouteTableAssociation", "ec2.associate_route_table")
calls(
    "ec2/VpcEndpoint",
    "ec2.create_vpc_endpoint",
    "policy=PolicyDocument",
    tagged="vpc-endpoint",
    then=_prefix_list,
    id="{VpcEndpoint[VpcEndpointId]}",
)
calls(
    "ec2/SecurityGroup",
    "ec2.create_security_group",
    "namePrefix=GroupName",
    tagged="security-group",
    then=_emptied,
    id="{GroupId}",
)
calls(
    "ec2/DefaultSecurityGroup",
    "ec2.describe_security_groups",
    "vpcId= ingress= egress= tags=",
    first=_default,
    then=_emptied,
    id="{SecurityGroups[0][GroupId]}",
)
for _way in ("Ingress", "Egress"):
    calls(
        f"vpc/SecurityGroup{_way}Rule",
        f"ec2.authorize_security_group_{_way.lower()}",
        _RULE,
        first=_with_ports,
        id="{SecurityGroupRules[0][SecurityGroupRuleId]}",
    )
calls(
    "ec2/FlowLog",
    "ec2.create_flow_logs",
    "vpcId=ResourceIds iamRoleArn=DeliverLogsPermissionArn logDestination=LogGroupName",
    tagged="vpc-flow-log",
    first=_of_vpc,
    then=_trusted,
    id="{FlowLogIds[0]}",
)
