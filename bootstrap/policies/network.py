"""What a deployment writes with `network.mode: vpc`, where EC2 chooses all names."""

from bootstrap.policies.conditions import adopted, calls, of_own, when_created
from bootstrap.stack import Stack
from components.policies.statements import Statement, allow

_PLACES = ("vpc", "subnet", "route-table", "security-group")
"""In which others are made."""
_TAGGED = (*_PLACES, "vpc-endpoint", "vpc-flow-log")
_CREATING = (
    "CreateFlowLogs CreateRouteTable CreateSecurityGroup CreateSubnet CreateVpc CreateVpcEndpoint"
)
_RULES = "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress"
_KEEP = (
    "AssociateRouteTable CreateTags DeleteFlowLogs DeleteRouteTable DeleteSecurityGroup "
    "DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints DisassociateRouteTable "
    "ModifySecurityGroupRules ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
    "ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
    "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress"
)


def statements(stack: Stack) -> list[Statement]:
    """Return what a deployment may create, change and delete in EC2."""
    made = stack.arns("ec2", *(f"{each}/*" for each in _TAGGED))
    places = stack.arns("ec2", *(f"{each}/*" for each in _PLACES))
    rules = stack.arns("ec2", "security-group-rule/*")
    within = _CREATING.replace(" CreateVpc ", " ")
    at_creation = when_created(stack)
    at_creation["StringEquals"]["ec2:CreateAction"] = f"{_CREATING} {_RULES}".split()
    return [
        # What is created has no tags yet but those of the request; what it is made in has its own.
        allow("CreateNetwork", calls("ec2", _CREATING), made, when_created(stack)),
        allow("CreateRules", calls("ec2", _RULES), rules, when_created(stack)),
        allow("CreateInNetwork", calls("ec2", f"{within} {_RULES}"), places, of_own(stack)),
        allow("TagNewNetwork", ["ec2:CreateTags"], [*made, *rules], at_creation),
        allow("KeepNetwork", calls("ec2", _KEEP), [*made, *rules], of_own(stack)),
        # AWS makes a VPC's default group without tags, before anybody could ask for some. Others'
        # groups mostly have a name.
        allow(
            "AdoptDefaultGroup",
            ["ec2:CreateTags"],
            stack.arns("ec2", "security-group/*"),
            adopted(stack, "aws:ResourceTag/Name"),
        ),
    ]
