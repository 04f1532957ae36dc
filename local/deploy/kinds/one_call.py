"""The kinds that one call of AWS's API creates."""

from local.deploy.kinds.kind import calls

calls("aws:cloudwatch/dashboard:Dashboard", "cloudwatch.put_dashboard")
calls("aws:cloudwatch/eventRule:EventRule", "events.put_rule", arn="{RuleArn}")
calls(
    "aws:cloudwatch/eventTarget:EventTarget",
    "events.put_targets",
    "targetId=Targets.Id arn=Targets.Arn roleArn=Targets.RoleArn input=Targets.Input "
    "inputTransformer=Targets.InputTransformer deadLetterConfig=Targets.DeadLetterConfig",
    id="{rule}-{targetId}",
)
calls(
    "aws:ec2/routeTable:RouteTable",
    "ec2.create_route_table",
    tagged="route-table",
    id="{RouteTable[RouteTableId]}",
)
calls("aws:ec2/routeTableAssociation:RouteTableAssociation", "ec2.associate_route_table")
calls(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "ecr.put_lifecycle_policy",
    "repository=repositoryName policy=lifecyclePolicyText",
)
calls(
    "aws:ecr/repository:Repository",
    "ecr.create_repository",
    "name=repositoryName encryptionConfigurations=encryptionConfiguration forceDelete=",
    arn="{repository[repositoryArn]}",
    repositoryUrl="{repository[repositoryUri]}",
    registryId="{repository[registryId]}",
)
calls(
    "aws:iam/rolePolicy:RolePolicy",
    "iam.put_role_policy",
    "name=PolicyName role=RoleName policy=PolicyDocument",
)
calls("aws:kms/alias:Alias", "kms.create_alias", "name=AliasName")
calls(
    "aws:lambda/function:Function",
    "lambda.create_function",
    "name=FunctionName code=Code.ZipFile",
    arn="{FunctionArn}",
)
calls(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "lambda.put_function_event_invoke_config",
)
calls("aws:lambda/permission:Permission", "lambda.add_permission", "function=FunctionName")
calls(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3.put_bucket_lifecycle_configuration",
    "rules=LifecycleConfiguration.Rules",
)
calls(
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "s3.put_bucket_ownership_controls",
    "rule=OwnershipControls.Rules",
)
calls("aws:s3/bucketPolicy:BucketPolicy", "s3.put_bucket_policy")
calls(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "s3.put_public_access_block",
    "blockPublicAcls=PublicAccessBlockConfiguration.BlockPublicAcls "
    "blockPublicPolicy=PublicAccessBlockConfiguration.BlockPublicPolicy "
    "ignorePublicAcls=PublicAccessBlockConfiguration.IgnorePublicAcls "
    "restrictPublicBuckets=PublicAccessBlockConfiguration.RestrictPublicBuckets",
)
calls(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3.put_bucket_encryption",
    "rules=ServerSideEncryptionConfiguration.Rules",
)
calls("aws:s3/bucketVersioning:BucketVersioning", "s3.put_bucket_versioning")
calls("aws:scheduler/schedule:Schedule", "scheduler.create_schedule", arn="{ScheduleArn}")
calls(
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "scheduler.create_schedule_group",
    arn="{ScheduleGroupArn}",
)
calls(
    "aws:sns/topic:Topic",
    "sns.create_topic",
    "displayName=Attributes.DisplayName kmsMasterKeyId=Attributes.KmsMasterKeyId",
    arn="{TopicArn}",
    id="{TopicArn}",
)
calls(
    "aws:sns/topicPolicy:TopicPolicy",
    "sns.set_topic_attributes",
    "arn=TopicArn policy=AttributeValue",
    first=lambda _local, inputs: {**inputs, "attributeName": "Policy"},
)
calls(
    "aws:sqs/queue:Queue",
    "sqs.create_queue",
    "name=QueueName messageRetentionSeconds=Attributes.MessageRetentionPeriod "
    "kmsMasterKeyId=Attributes.KmsMasterKeyId "
    "kmsDataKeyReusePeriodSeconds=Attributes.KmsDataKeyReusePeriodSeconds",
    id="{QueueUrl}",
    url="{QueueUrl}",
    arn="arn:aws:sqs:{region}:{account}:{name}",
)
calls("aws:sqs/queuePolicy:QueuePolicy", "sqs.set_queue_attributes", "policy=Attributes.Policy")
