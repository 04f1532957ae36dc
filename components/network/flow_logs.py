"""Flow logs: who talked to whom in the created VPC."""

import pulumi
import pulumi_aws as aws

from components import names
from components.aws.account import Account
from components.policies import vpc
from components.policies.statements import from_source, trust
from components.role import create_role
from components.settings import Settings


def create(  # noqa: PLR0913 - each is one thing that it depends on
    name: str,
    *,
    account: Account,
    settings: Settings,
    vpc_id: pulumi.Input[str],
    key_arn: pulumi.Input[str],
    parent: pulumi.Resource,
) -> None:
    """Create the flow log of all traffic of a VPC, its encrypted log group, and its role."""
    group = aws.cloudwatch.LogGroup(
        name,
        name=names.flow_logs(settings.prefix),
        retention_in_days=settings.retention.log_days,
        kms_key_id=key_arn,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    any_flow_log = account.arn("ec2", "vpc-flow-log/*")
    role = create_role(
        name,
        settings,
        trust=trust("vpc-flow-logs.amazonaws.com", from_source(account, any_flow_log)),
        allowed=vpc.flow_logs(group.arn),
        parent=parent,
    )
    aws.ec2.FlowLog(
        name,
        vpc_id=vpc_id,
        traffic_type="ALL",
        log_destination=group.arn,
        iam_role_arn=role.arn,
        tags={"Name": f"{settings.prefix}-flow-logs"},
        # Without its permissions the first delivery would fail, and with it the flow log.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[role.policy]),
    )
