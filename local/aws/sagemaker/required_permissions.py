"""What SageMaker does in the name of a job's role before the job runs: pull, encrypt, connect.

What it does while the job runs are requests of their own: to S3 and to Logs.
https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
"""

from collections.abc import Mapping
from typing import Any

from local.aws.iam import Access
from local.aws.iam.store import Store
from local.aws.sagemaker.job import Spec

_PULL = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")
_LOOK = ("DescribeDhcpOptions", "DescribeNetworkInterfaces", "DescribeSecurityGroups")
_LOOK_FURTHER = ("DescribeSubnets", "DescribeVpcs")
_INTERFACE = "network-interface/eni-0123456789abcdef0"
"""Whichever it is: no policy can know the id before."""


def needed(store: Store, spec: Spec) -> list[Access]:
    """Return what a job's role needs for the job to start."""
    key = store.key_arn(spec.cluster.get("VolumeKmsKeyId"))
    name = spec.image.partition("/")[2].partition("@")[0].partition(":")[0]
    repository = store.arn("ecr", f"repository/{name}")
    return [
        Access("ecr:GetAuthorizationToken", "*"),
        *(Access(f"ecr:{action}", repository) for action in _PULL),
        # No condition keys: whose name kms:ViaService has, and whether kms:GrantIsForAWSResource is
        # sent, is not documented for the volumes of jobs.
        *(Access(action, key) for action in ("kms:DescribeKey", "kms:CreateGrant") if key),
        *_network(store, spec.network.get("VpcConfig")),
    ]


def _network(store: Store, vpc: Mapping[str, Any] | None) -> list[Access]:
    """Return the nine actions of EC2, which SageMaker needs in a VPC."""
    if not vpc:
        return []
    interface = store.arn("ec2", _INTERFACE)
    groups = [store.arn("ec2", f"security-group/{each}") for each in vpc["SecurityGroupIds"]]
    subnets = [store.arn("ec2", f"subnet/{each}") for each in vpc["Subnets"]]
    create = "ec2:CreateNetworkInterface"
    return [
        *(Access(f"ec2:{action}", "*") for action in (*_LOOK, *_LOOK_FURTHER)),
        # Of its interface AWS's reference says only that it may be looked at.
        Access("ec2:DeleteNetworkInterfacePermission", "*"),
        *(Access(create, each) for each in (*groups, *subnets)),
        *(
            Access(action, interface, {"ec2:Subnet": subnet})
            for subnet in subnets
            for action in (create, f"{create}Permission", "ec2:DeleteNetworkInterface")
        ),
    ]
