"""What the real AWS provider does with each type: replaces, names by itself, fills in, computes.

The source of each entry is the schema in terraform-provider-aws (`internal/service/<file>`:
ForceNew, Default, Computed; RequiresReplace in newer ones), under Pulumi's names. Names and
delete-before-replace come from pulumi-aws (provider/resources.go) and its bridge (pkg/tfbridge). A
type without an entry is refused.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Rule:
    """What the provider does with one type."""

    force_new: frozenset[str] = frozenset()
    """Inputs whose change replaces the resource."""
    name: str = ""
    """The input that the bridge fills in by the logical name and seven random digits."""
    longest: int = 255
    """Characters that the provider's validation allows the name."""
    defaults: dict[str, Any] = field(default_factory=dict[str, Any])
    """Terraform's defaults, which the bridge writes into the inputs."""
    delete_first: bool = False
    """DeleteBeforeReplace in pulumi-aws, whoever named it."""
    one_of: frozenset[str] = frozenset()
    """Inputs of which exactly one is set; setting another one replaces the resource."""
    moves: tuple[str, ...] = ()
    """Outputs that a preview of an update does not know, though the resource stays."""


_ENDS = frozenset({"cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"})
"""ConfigValidators and ModifyPlan of a security group's rule: "you cannot change the rule's source
type"."""


def _rule(force_new: str = "", name: str = "", longest: int = 255, **others: Any) -> Rule:
    return Rule(frozenset(force_new.split()), name, longest, **others)


DATA = {
    "aws:dynamodb/table:Table",
    "aws:ecr/repository:Repository",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
}
"""Kinds that hold what nobody can make again."""

RULES: dict[str, Rule] = {
    # kms/key.go, kms/alias.go
    "aws:kms/key:Key": _rule(
        "customerMasterKeySpec keyUsage multiRegion customKeyStoreId xksKeyId",
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
    ),
    "aws:kms/alias:Alias": _rule("name", "name", 256),
    # s3/bucket.go, s3/bucket_*.go
    "aws:s3/bucket:Bucket": _rule(
        "bucket bucketPrefix objectLockEnabled", "bucket", 63, defaults={"forceDestroy": False}
    ),
    "aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration": _rule(
        "bucket expectedBucketOwner objectLockEnabled", defaults={"objectLockEnabled": "Enabled"}
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _rule("bucket"),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _rule("bucket"),
    "aws:s3/bucketPolicy:BucketPolicy": _rule("bucket"),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": _rule("bucket"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _rule(
        "bucket expectedBucketOwner"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _rule("bucket expectedBucketOwner"),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _rule(
        "bucket expectedBucketOwner"
    ),
    # dynamodb/table.go
    "aws:dynamodb/table:Table": _rule("name hashKey rangeKey localSecondaryIndexes", "name"),
    # ecr/repository.go, ecr/lifecycle_policy.go, ecr/repository_policy.go
    "aws:ecr/repository:Repository": _rule(
        "name region encryptionConfigurations",
        "name",
        256,
        defaults={"imageTagMutability": "MUTABLE"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _rule("repository policy", delete_first=True),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": _rule("repository"),
    # ecr/replication_configuration.go
    "aws:ecr/replicationConfiguration:ReplicationConfiguration": _rule("region"),
    # sns/topic.go, sns/topic_policy.go, sns/topic_subscription.go
    "aws:sns/topic:Topic": _rule("name namePrefix fifoTopic", "name", 256),
    "aws:sns/topicPolicy:TopicPolicy": _rule("arn"),
    "aws:sns/topicSubscription:TopicSubscription": _rule("topic protocol endpoint"),
    # chatbot/*_channel_configuration.go
    "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration": _rule(),
    "aws:chatbot/teamsChannelConfiguration:TeamsChannelConfiguration": _rule(),
    # events/rule.go, events/target.go; pulumi-aws names targets, too
    "aws:cloudwatch/eventRule:EventRule": _rule(
        "name namePrefix eventBusName", "name", 64, defaults={"eventBusName": "default"}
    ),
    "aws:cloudwatch/eventTarget:EventTarget": _rule(
        "rule targetId eventBusName", "targetId", 64, defaults={"eventBusName": "default"}
    ),
    # lambda/function.go, lambda/permission.go, lambda/function_event_invoke_config.go
    "aws:lambda/function:Function": _rule(
        "name packageType tenancyConfig",
        "name",
        64,
        defaults={
            "memorySize": 128,
            "packageType": "Zip",
            "publish": False,
            "reservedConcurrentExecutions": -1,
            "skipDestroy": False,
            "timeout": 3,
        },
        moves=("lastModified", "sourceCodeSize"),
    ),
    "aws:lambda/permission:Permission": _rule(
        "action eventSourceToken function functionUrlAuthType principal principalOrgId qualifier "
        "sourceAccount sourceArn statementId statementIdPrefix",
        "statementId",
        100,
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": _rule(
        "functionName qualifier"
    ),
    # sqs/queue.go, sqs/queue_policy.go
    "aws:sqs/queue:Queue": _rule("name namePrefix fifoQueue", "name", 80),
    "aws:sqs/queuePolicy:QueuePolicy": _rule("queueUrl"),
    # iam/role.go, iam/role_policy.go, iam/policy.go, iam/role_policy_attachment.go
    "aws:iam/role:Role": _rule(
        "name namePrefix path",
        "name",
        64,
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
    ),
    "aws:iam/rolePolicy:RolePolicy": _rule("name namePrefix role", "name", 128),
    "aws:iam/policy:Policy": _rule(
        "description name namePrefix path",
        "name",
        128,
        defaults={"delayAfterPolicyCreationInMs": 0, "path": "/"},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _rule("policyArn role"),
    # iam/openid_connect_provider.go
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _rule("url"),
    # logs/group.go
    "aws:cloudwatch/logGroup:LogGroup": _rule(
        "name namePrefix logGroupClass", "name", 512, defaults={"skipDestroy": False}
    ),
    # scheduler/schedule.go, scheduler/schedule_group.go
    "aws:scheduler/scheduleGroup:ScheduleGroup": _rule(
        "name namePrefix", "name", 64, moves=("lastModificationDate",)
    ),
    "aws:scheduler/schedule:Schedule": _rule(
        "name namePrefix groupName",
        "name",
        64,
        defaults={"scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
    ),
    # cloudwatch/metric_alarm.go, cloudwatch/dashboard.go
    "aws:cloudwatch/metricAlarm:MetricAlarm": _rule(
        "name", "name", 255, defaults={"actionsEnabled": True, "treatMissingData": "missing"}
    ),
    "aws:cloudwatch/dashboard:Dashboard": _rule("dashboardName"),
    # ec2/vpc_.go, ec2/vpc_subnet.go, ec2/vpc_route_table*.go, ec2/vpc_endpoint.go
    "aws:ec2/vpc:Vpc": _rule(
        "cidrBlock ipv4IpamPoolId ipv4NetmaskLength",
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
    ),
    "aws:ec2/subnet:Subnet": _rule(
        "vpcId availabilityZone availabilityZoneId cidrBlock ipv6Native outpostArn",
        defaults={
            "assignIpv6AddressOnCreation": False,
            "enableDns64": False,
            "enableResourceNameDnsARecordOnLaunch": False,
            "enableResourceNameDnsAaaaRecordOnLaunch": False,
            "ipv6Native": False,
            "mapPublicIpOnLaunch": False,
        },
    ),
    "aws:ec2/routeTable:RouteTable": _rule("vpcId"),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _rule("subnetId gatewayId"),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _rule(
        "vpcId serviceName vpcEndpointType resourceConfigurationArn serviceNetworkArn "
        "serviceRegion",
        defaults={"vpcEndpointType": "Gateway"},
    ),
    # ec2/vpc_default_security_group.go, ec2/vpc_security_group*.go
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _rule("vpcId"),
    "aws:ec2/securityGroup:SecurityGroup": _rule(
        "name namePrefix description vpcId",
        "name",
        255,
        defaults={"description": "Managed by Pulumi", "revokeRulesOnDelete": False},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(
        "securityGroupId", one_of=_ENDS
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(
        "securityGroupId", one_of=_ENDS
    ),
    # ec2/vpc_flow_log.go
    "aws:ec2/flowLog:FlowLog": _rule(
        "deliverCrossAccountRole destinationOptions eniId iamRoleArn logDestination "
        "logDestinationType logFormat maxAggregationInterval subnetId trafficType "
        "transitGatewayAttachmentId transitGatewayId vpcId",
        defaults={"logDestinationType": "cloud-watch-logs", "maxAggregationInterval": 600},
    ),
}
