"""The kinds that one call of AWS's API creates, outside of the network."""

from local.deploy.kinds.kind import CREATE, Resources, State, calls

# The embedded AWS has one region, which is also the settings'.
CREATE["pulumi:providers:aws"] = lambda _local, _inputs: {}


def _described(_local: Resources, table: State) -> State:
    """Return a table's keys and its encryption as DynamoDB describes them."""
    keys, encryption = (("HASH", "hashKey"), ("RANGE", "rangeKey")), table["serverSideEncryption"]
    return {
        **table,
        "keySchema": [{"keyType": kind, "attributeName": table[key]} for kind, key in keys],
        "attributes": [
            {"attributeName": each["name"], "attributeType": each["type"]}
            for each in table["attributes"]
        ],
        "serverSideEncryption": {
            "enabled": encryption["enabled"],
            "sseType": "KMS",
            "kmsMasterKeyId": encryption["kmsKeyArn"],
        },
    }


def _bounded(local: Resources, role: State) -> State:
    """Ask for a role's boundary: it has to exist, as on AWS, which moto does not look at."""
    if boundary := role.get("permissionsBoundary"):
        local.aws.client("iam").get_policy(PolicyArn=boundary)
    return role


def _located(local: Resources, bucket: State) -> State:
    return {**bucket, "createBucketConfiguration": {"locationConstraint": local.aws.region}}


def _reached_by_nobody(_local: Resources, subscription: State) -> State:
    """Refuse what moto would really post to a web address."""
    if subscription["protocol"] not in ("email", "sms"):
        raise NotImplementedError(f"the embedded AWS sends nothing by {subscription['protocol']}")
    return {**subscription, "returnSubscriptionArn": True}


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
    "aws:cloudwatch/logGroup:LogGroup",
    "logs.create_log_group",
    "name=logGroupName retentionInDays=",
    id="{name}",
    arn="arn:aws:logs:{region}:{account}:log-group:{name}",
)
calls(
    "aws:dynamodb/table:Table",
    "dynamodb.create_table",
    "name=TableName attributes=AttributeDefinitions serverSideEncryption=SSESpecification "
    "hashKey= rangeKey= ttl= pointInTimeRecovery=",
    first=_described,
    id="{name}",
    arn="{TableDescription[TableArn]}",
)
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
    "aws:iam/role:Role",
    "iam.create_role",
    "name=RoleName assumeRolePolicy=AssumeRolePolicyDocument",
    first=_bounded,
    id="{Role[RoleName]}",
    arn="{Role[Arn]}",
)
calls(
    "aws:iam/rolePolicy:RolePolicy",
    "iam.put_role_policy",
    "name=PolicyName role=RoleName policy=PolicyDocument",
)
calls("aws:kms/alias:Alias", "kms.create_alias", "name=AliasName")
calls(
    "aws:kms/key:Key",
    "kms.create_key",
    "enableKeyRotation= deletionWindowInDays=",
    id="{KeyMetadata[KeyId]}",
    keyId="{KeyMetadata[KeyId]}",
    arn="{KeyMetadata[Arn]}",
)
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
    "aws:s3/bucket:Bucket",
    "s3.create_bucket",
    "forceDestroy=",
    first=_located,
    id="{bucket}",
    arn="arn:aws:s3:::{bucket}",
)
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
    "aws:sns/topicSubscription:TopicSubscription",
    "sns.subscribe",
    "topic=TopicArn",
    first=_reached_by_nobody,
    id="{SubscriptionArn}",
    arn="{SubscriptionArn}",
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
