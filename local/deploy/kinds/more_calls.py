"""The kinds that need a check, or another call, beside the one that creates them."""

from local.aws.endpoint import ACCOUNT
from local.deploy.kinds.kind import CREATE, Resources, State, calls, request

# The embedded AWS has one region, which is also the settings'.
CREATE["pulumi:providers:aws"] = lambda _local, _inputs: {}


def _alarm(local: Resources, inputs: State) -> State:
    """Create an alarm; a new one has not enough data for any other state."""
    client, name = local.aws.client("cloudwatch"), inputs["name"]
    wanted = request(client, "put_metric_alarm", "name=AlarmName", inputs)
    client.put_metric_alarm(**wanted)
    client.set_alarm_state(
        AlarmName=name, StateValue="INSUFFICIENT_DATA", StateReason="Unchecked: Initial creation"
    )
    arn = f"arn:aws:cloudwatch:{local.aws.region}:{ACCOUNT}:alarm:{name}"
    local.alarms[name] = wanted
    return {"id": name, "arn": arn}


CREATE["aws:cloudwatch/metricAlarm:MetricAlarm"] = _alarm


def _located(local: Resources, bucket: State) -> State:
    return {**bucket, "createBucketConfiguration": {"locationConstraint": local.aws.region}}


calls(
    "aws:s3/bucket:Bucket",
    "s3.create_bucket",
    "forceDestroy=",
    first=_located,
    id="{bucket}",
    arn="arn:aws:s3:::{bucket}",
)


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


def _kept(local: Resources, table: State) -> State:
    """Let the table forget what has expired, and nothing else."""
    client = local.aws.client("dynamodb")
    ttl, recovery = table["ttl"], table["pointInTimeRecovery"]
    client.update_time_to_live(
        TableName=table["name"],
        TimeToLiveSpecification={"Enabled": ttl["enabled"], "AttributeName": ttl["attributeName"]},
    )
    client.update_continuous_backups(
        TableName=table["name"],
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": recovery["enabled"]},
    )
    return {}


calls(
    "aws:dynamodb/table:Table",
    "dynamodb.create_table",
    "name=TableName attributes=AttributeDefinitions serverSideEncryption=SSESpecification "
    "hashKey= rangeKey= ttl= pointInTimeRecovery=",
    first=_described,
    then=_kept,
    id="{name}",
    arn="{TableDescription[TableArn]}",
)


def _rotated(local: Resources, key: State) -> State:
    if key["enableKeyRotation"]:
        local.aws.client("kms").enable_key_rotation(KeyId=key["id"])
    return {"keyId": key["id"]}


calls(
    "aws:kms/key:Key",
    "kms.create_key",
    "enableKeyRotation= deletionWindowInDays=",
    then=_rotated,
    id="{KeyMetadata[KeyId]}",
    arn="{KeyMetadata[Arn]}",
)


def _bounded(local: Resources, role: State) -> State:
    """Ask for a role's boundary: it has to exist, as on AWS, which moto does not look at."""
    if boundary := role.get("permissionsBoundary"):
        local.aws.client("iam").get_policy(PolicyArn=boundary)
    return role


calls(
    "aws:iam/role:Role",
    "iam.create_role",
    "name=RoleName assumeRolePolicy=AssumeRolePolicyDocument",
    first=_bounded,
    id="{Role[RoleName]}",
    arn="{Role[Arn]}",
)


def _retained(local: Resources, group: State) -> State:
    local.aws.client("logs").put_retention_policy(
        logGroupName=group["name"], retentionInDays=group["retentionInDays"]
    )
    return {}


calls(
    "aws:cloudwatch/logGroup:LogGroup",
    "logs.create_log_group",
    "name=logGroupName retentionInDays=",
    then=_retained,
    id="{name}",
    arn="arn:aws:logs:{region}:{account}:log-group:{name}",
)


def _reached_by_nobody(_local: Resources, subscription: State) -> State:
    """Refuse what moto would really post to a web address."""
    if subscription["protocol"] not in ("email", "sms"):
        raise NotImplementedError(f"the embedded AWS sends nothing by {subscription['protocol']}")
    return {**subscription, "returnSubscriptionArn": True}


calls(
    "aws:sns/topicSubscription:TopicSubscription",
    "sns.subscribe",
    "topic=TopicArn",
    first=_reached_by_nobody,
    id="{SubscriptionArn}",
    arn="{SubscriptionArn}",
)
