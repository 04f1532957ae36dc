"""The kinds that one call of AWS's API creates, outside of the network."""

from local.aws.endpoint import S3_HOME
from local.aws.protocols import ServiceError
from local.deploy.kinds.kind import CREATE, Resources, State, calls

_LONGEST_POLICY = 10_240
"""Characters of all inline policies of a role, which has one here (IAM's quotas)."""

# The embedded AWS has one region, which is also the settings'.
CREATE["pulumi:providers:aws"] = lambda _local, _inputs: {}


# Nobody reads a chat here: what its topic gets is told like any other message.
for _kind in ("slack", "teams"):
    _token = f"aws:chatbot/{_kind}ChannelConfiguration:{_kind.title()}ChannelConfiguration"
    CREATE[_token] = lambda _local, _inputs: {}


def _described(_local: Resources, table: State) -> State:
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


def _short_enough(_local: Resources, policy: State) -> State:
    """Refuse what IAM refuses, in its words, and moto takes; white space does not count."""
    if len("".join(policy["policy"].split())) > _LONGEST_POLICY:
        said = f"Maximum policy size of {_LONGEST_POLICY} bytes exceeded for role {policy['role']}"
        raise ServiceError("LimitExceeded", said, 409)
    return policy


def _located(local: Resources, bucket: State) -> State:
    if local.aws.region == S3_HOME:
        return bucket
    return {**bucket, "createBucketConfiguration": {"locationConstraint": local.aws.region}}


def _reached_by_nobody(_local: Resources, subscription: State) -> State:
    """Refuse what moto would really post to a web address."""
    if subscription["protocol"] not in ("email", "sms"):
        raise NotImplementedError(f"the embedded AWS sends nothing by {subscription['protocol']}")
    return {**subscription, "returnSubscriptionArn": True}


calls("cloudwatch/Dashboard", "cloudwatch.put_dashboard")
calls("cloudwatch/EventRule", "events.put_rule", arn="{RuleArn}")
calls(
    "cloudwatch/EventTarget",
    "events.put_targets",
    "rule=Rule targetId=Targets.Id *=Targets.",
    id="{rule}-{targetId}",
)
calls(
    "cloudwatch/LogGroup",
    "logs.create_log_group",
    "name=logGroupName retentionInDays=",
    id="{name}",
    arn="arn:aws:logs:{region}:{account}:log-group:{name}",
)
calls(
    "dynamodb/Table",
    "dynamodb.create_table",
    "name=TableName attributes=AttributeDefinitions serverSideEncryption=SSESpecification "
    "hashKey= rangeKey= ttl= pointInTimeRecovery=",
    first=_described,
    id="{name}",
    arn="{TableDescription[TableArn]}",
)
calls(
    "ecr/LifecyclePolicy",
    "ecr.put_lifecycle_policy",
    "repository=repositoryName policy=lifecyclePolicyText",
)
calls(
    "ecr/Repository",
    "ecr.create_repository",
    "name=repositoryName encryptionConfigurations=encryptionConfiguration forceDelete=",
    arn="{repository[repositoryArn]}",
    repositoryUrl="{repository[repositoryUri]}",
    registryId="{repository[registryId]}",
)
calls(
    "ecr/RepositoryPolicy",
    "ecr.set_repository_policy",
    "repository=repositoryName policy=policyText",
)
calls(
    "iam/Role",
    "iam.create_role",
    "name=RoleName assumeRolePolicy=AssumeRolePolicyDocument",
    first=_bounded,
    id="{Role[RoleName]}",
    arn="{Role[Arn]}",
)
calls(
    "iam/RolePolicy",
    "iam.put_role_policy",
    "name=PolicyName role=RoleName policy=PolicyDocument",
    first=_short_enough,
)
calls("kms/Alias", "kms.create_alias", "name=AliasName")
calls(
    "kms/Key",
    "kms.create_key",
    "enableKeyRotation= deletionWindowInDays=",
    id="{KeyMetadata[KeyId]}",
    keyId="{KeyMetadata[KeyId]}",
    arn="{KeyMetadata[Arn]}",
)
calls(
    "lambda/Function",
    "lambda.create_function",
    "name=FunctionName code=Code.ZipFile",
    arn="{FunctionArn}",
)
calls("lambda/FunctionEventInvokeConfig", "lambda.put_function_event_invoke_config")
calls("lambda/Permission", "lambda.add_permission", "function=FunctionName")
calls(
    "s3/Bucket",
    "s3.create_bucket",
    "forceDestroy=",
    first=_located,
    id="{bucket}",
    arn="arn:aws:s3:::{bucket}",
)
calls(
    "s3/BucketLifecycleConfiguration",
    "s3.put_bucket_lifecycle_configuration",
    "rules=LifecycleConfiguration.Rules",
)
calls(
    "s3/BucketObjectLockConfiguration",
    "s3.put_object_lock_configuration",
    "rule=ObjectLockConfiguration.Rule objectLockEnabled=ObjectLockConfiguration.ObjectLockEnabled",
    first=lambda _local, lock: {"objectLockEnabled": "Enabled", **lock},
)
calls(
    "s3/BucketOwnershipControls", "s3.put_bucket_ownership_controls", "rule=OwnershipControls.Rules"
)
calls("s3/BucketPolicy", "s3.put_bucket_policy")
calls(
    "s3/BucketPublicAccessBlock",
    "s3.put_public_access_block",
    "bucket=Bucket *=PublicAccessBlockConfiguration.",
)
calls(
    "s3/BucketReplicationConfig",
    "s3.put_bucket_replication",
    "role=ReplicationConfiguration.Role rules=ReplicationConfiguration.Rules",
)
calls(
    "s3/BucketServerSideEncryptionConfiguration",
    "s3.put_bucket_encryption",
    "rules=ServerSideEncryptionConfiguration.Rules",
)
calls("s3/BucketVersioning", "s3.put_bucket_versioning")
calls("scheduler/Schedule", "scheduler.create_schedule", arn="{ScheduleArn}")
calls("scheduler/ScheduleGroup", "scheduler.create_schedule_group", arn="{ScheduleGroupArn}")
calls(
    "sns/Topic",
    "sns.create_topic",
    "displayName=Attributes.DisplayName kmsMasterKeyId=Attributes.KmsMasterKeyId",
    arn="{TopicArn}",
    id="{TopicArn}",
)
calls(
    "sns/TopicPolicy",
    "sns.set_topic_attributes",
    "arn=TopicArn policy=AttributeValue",
    first=lambda _local, inputs: {**inputs, "attributeName": "Policy"},
)
calls(
    "sns/TopicSubscription",
    "sns.subscribe",
    "topic=TopicArn",
    first=_reached_by_nobody,
    id="{SubscriptionArn}",
    arn="{SubscriptionArn}",
)
calls(
    "sqs/Queue",
    "sqs.create_queue",
    "name=QueueName messageRetentionSeconds=Attributes.MessageRetentionPeriod "
    "kmsMasterKeyId=Attributes.KmsMasterKeyId "
    "kmsDataKeyReusePeriodSeconds=Attributes.KmsDataKeyReusePeriodSeconds",
    id="{QueueUrl}",
    url="{QueueUrl}",
    arn="arn:aws:sqs:{region}:{account}:{name}",
)
calls("sqs/QueuePolicy", "sqs.set_queue_attributes", "policy=Attributes.Policy")
