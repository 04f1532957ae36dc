"""What a preview and a refresh read: no data, and no secret.

A preview calls what the program looks up; with `--refresh` the provider describes each resource.
"""

from typing import Any

from bootstrap.policies import kinds
from bootstrap.policies.conditions import calls, of_own
from bootstrap.stack import Stack
from components.policies.statements import Statement, allow

_NETWORK = (
    "DescribeAvailabilityZones DescribeDhcpOptions DescribeFlowLogs DescribeNetworkAcls "
    "DescribeNetworkInterfaces DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules "
    "DescribeSecurityGroups DescribeSubnets DescribeVpcEncryptionControls "
    "DescribeVpcEndpointServices DescribeVpcEndpoints DescribeVpcs"
)
_KEY = "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags"
_ROLES = "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies"
_ANYWHERE = [
    *calls(
        "chatbot",
        "DescribeSlackChannelConfigurations GetMicrosoftTeamsChannelConfiguration "
        "ListMicrosoftTeamsChannelConfigurations ListTagsForResource",
    ),
    "ecr:GetAuthorizationToken",
    "kms:ListAliases",
    "logs:DescribeLogGroups",
]


def of_kinds(stack: Stack) -> list[Statement]:
    """Return what describes the resources of the stack's own names."""
    return [
        allow(f"See{each.name}", calls(each.service, each.see), each.arns)
        for each in kinds.of(stack)
    ]


def statements(stack: Stack) -> list[Statement]:
    """Return what else both roles of CI may read."""
    keys = stack.arns("kms", "key/*")
    images = stack.their_images
    schedules = stack.arns("scheduler", f"schedule/{stack.prefix}/*")
    alarms = stack.arns("cloudwatch", "alarm:*")
    return [
        allow("SeeRoles", calls("iam", _ROLES), [stack.roles]),
        # The ids of keys are KMS's: by the condition the stack's own.
        allow("SeeKey", calls("kms", _KEY), keys, of_own(stack)),
        # What describes a function or a schedule has its environment or input: ARNs and names.
        allow(
            "SeeEnvironments",
            ["kms:Decrypt"],
            keys,
            _shown(stack, "aws:lambda:FunctionArn", stack.functions),
        ),
        allow(
            "SeeInputs",
            ["kms:Decrypt"],
            keys,
            _shown(stack, "aws:scheduler:schedule:arn", schedules),
        ),
        # All of the region: that some may be described by their names is documented nowhere.
        allow("SeeAlarms", ["cloudwatch:DescribeAlarms"], alarms),
        # A preview says whether the image that it is given is there.
        *([allow("SeeTheirImages", ["ecr:DescribeImages"], images)] if images else ()),
        # "*": these know no resource. The token opens no repository; the rest is names.
        allow("SeeNames", _ANYWHERE, ["*"]),
        allow("SeeNetworks", calls("ec2", _NETWORK), ["*"]),
        allow("SeeVpcs", ["ec2:DescribeVpcAttribute"], stack.arns("ec2", "vpc/*")),
    ]


def _shown(stack: Stack, context: str, arns: list[str]) -> dict[str, Any]:
    return {**of_own(stack), "ArnLike": {f"kms:EncryptionContext:{context}": arns}}
