"""What the network adds to policies: the job's role in a VPC, endpoints, flow logs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pulumi

from components.aws.account import Account
from components.policies.data import Data
from components.policies.statements import Statement, allow, document

_DESCRIBE = [
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]


@dataclass(frozen=True)
class VpcPlacement:
    """Where in a VPC the jobs run, and nowhere else."""

    subnets: Sequence[pulumi.Input[str]]
    """Ids."""
    security_groups: Sequence[pulumi.Input[str]]
    """Ids."""
    owner: str
    """The account that owns them; `*` where it may be another one, which shares its VPC."""


def interfaces(account: Account, placement: VpcPlacement) -> list[Statement]:
    """Return what SageMaker needs of the job's role to put jobs into these subnets.

    The nine actions of https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html, with
    the resources and conditions that the Service Authorization Reference has for each. Without
    ec2:AuthorizedService: whether SageMaker names itself or an account of its own there when it
    acts with a job's role is not documented.
    """
    # Their ARNs hold the account of whoever shares them; ids are unique.
    owned = replace(account, id=placement.owner)
    subnet, group = owned.arn("ec2", "subnet/"), owned.arn("ec2", "security-group/")
    subnets = [pulumi.Output.concat(subnet, each) for each in placement.subnets]
    groups = [pulumi.Output.concat(group, each) for each in placement.security_groups]
    interface = account.arn("ec2", "network-interface/*")
    use = ["ec2:CreateNetworkInterfacePermission", "ec2:DeleteNetworkInterface"]
    return [
        allow("CreateInterfaces", ["ec2:CreateNetworkInterface"], [*subnets, *groups, interface]),
        # The interfaces' ids are not known before: the condition keeps to these subnets.
        allow("UseInterfaces", use, [interface], {"ArnEquals": {"ec2:Subnet": subnets}}),
        # "*": the request names a permission, and the reference says of its interface only that
        # it may be looked at. Refused, interfaces would stay until the subnet is full.
        allow("RemoveInterfacePermissions", ["ec2:DeleteNetworkInterfacePermission"], ["*"]),
        # "*": the actions know no resource; they show the account's networks, and change nothing.
        allow("DescribeNetwork", _DESCRIBE, ["*"]),
    ]


def buckets_only(account: Account, data: Data) -> dict[str, Any]:
    """Return the S3 endpoint's policy: these buckets, asked by this account.

    What the jobs' role may do there is the role's policy; this keeps others' buckets, and others'
    credentials, out of the VPC. Layers of the image come from S3 too, but SageMaker pulls them
    outside of the VPC (https://docs.aws.amazon.com/sagemaker/latest/dg/process-vpc.html).
    """
    buckets, here = data.bucket_arns(), _of_this_account(account)
    objects = [pulumi.Output.concat(bucket, "/*") for bucket in buckets]
    use = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    scratch = data.scratch()
    clear = allow("SpotJobsOfThisStack", ["s3:DeleteObject"], scratch, here, "*")
    return document(
        allow("ListBucketsOfThisStack", ["s3:ListBucket"], buckets, here, "*"),
        allow("ObjectsOfThisStack", use, objects, here, "*"),
        *([clear] if scratch else ()),
    )


def account_only(account: Account) -> dict[str, Any]:
    """Return an interface endpoint's policy: whatever its service does, for this account only.

    Action and resource are "*": what the jobs may do is the role's policy. This keeps credentials
    of another account from carrying data out through the endpoint.
    """
    return document(allow("OnlyThisAccount", ["*"], ["*"], _of_this_account(account), "*"))


def _of_this_account(account: Account) -> dict[str, Any]:
    """Return the condition beside principal "*": a gateway endpoint takes no other principal.

    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    return {"StringEquals": {"aws:PrincipalAccount": account.id}}


def flow_logs(log_group_arn: pulumi.Input[str]) -> list[Statement]:
    """Return what VPC Flow Logs may do: write into its one group.

    Without logs:CreateLogGroup, which AWS's example has: the group is there before.
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    streams = pulumi.Output.concat(log_group_arn, ":*")
    return [
        allow("WriteFlowLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [streams]),
        allow("FindFlowLogStreams", ["logs:DescribeLogStreams"], [log_group_arn, streams]),
        # "*": the action knows no resource; it shows names and settings of the account's groups.
        allow("FindLogGroups", ["logs:DescribeLogGroups"], ["*"]),
    ]
