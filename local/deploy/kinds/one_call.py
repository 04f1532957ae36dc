"""The kinds that one call of AWS's API creates."""

from local.deploy.kinds.kind import calls

calls(
    "aws:cloudwatch/dashboard:Dashboard", "cloudwatch.put_dashboard", "dashboardName dashboardBody"
)
calls(
    "aws:cloudwatch/eventRule:EventRule",
    "events.put_rule",
    "name description eventPattern state",
    arn="RuleArn",
)
calls(
    "aws:ec2/routeTable:RouteTable",
    "ec2.create_route_table",
    "vpcId",
    tagged="route-table",
    id="RouteTable.RouteTableId",
)
calls(
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "ec2.associate_route_table",
    "subnetId routeTableId",
)
calls(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "ecr.put_lifecycle_policy",
    "repository=repositoryName policy=lifecyclePolicyText",
)
calls(
    "aws:iam/rolePolicy:RolePolicy",
    "iam.put_role_policy",
    "name=PolicyName role=RoleName policy=PolicyDocument",
)
calls("aws:kms/alias:Alias", "kms.create_alias", "name=AliasName targetKeyId")
calls(
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "lambda.put_function_event_invoke_config",
    "functionName maximumRetryAttempts maximumEventAgeInSeconds destinationConfig",
)
calls(
    "aws:lambda/permission:Permission",
    "lambda.add_permission",
    "action function=FunctionName principal sourceArn sourceAccount statementId",
)
calls("aws:s3/bucketPolicy:BucketPolicy", "s3.put_bucket_policy", "bucket policy")
calls(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "s3.put_bucket_encryption",
    "bucket rules=ServerSideEncryptionConfiguration.Rules",
)
calls(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "s3.put_bucket_lifecycle_configuration",
    "bucket rules=LifecycleConfiguration.Rules",
)
calls(
    "aws:s3/bucketVersioning:BucketVersioning",
    "s3.put_bucket_versioning",
    "bucket versioningConfiguration",
)
calls(
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "scheduler.create_schedule_group",
    "name",
    arn="ScheduleGroupArn",
)
calls("aws:scheduler/schedule:Schedule", "scheduler.create_schedule", "", arn="ScheduleArn")
calls(
    "aws:sns/topic:Topic",
    "sns.create_topic",
    "name displayName=Attributes.DisplayName kmsMasterKeyId=Attributes.KmsMasterKeyId",
    arn="TopicArn",
    id="TopicArn",
)
calls(
    "aws:sqs/queuePolicy:QueuePolicy",
    "sqs.set_queue_attributes",
    "queueUrl policy=Attributes.Policy",
)
