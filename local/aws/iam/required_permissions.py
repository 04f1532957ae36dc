"""What each operation needs: the actions and resources that AWS asks IAM for, in its order.

An operation that no role of the stack calls is not in the table, and is refused: nothing is allowed
by default. https://docs.aws.amazon.com/service-authorization/latest/reference/

What is encrypted with a customer's key needs that, too, which services use in the caller's name.
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from local.aws.iam.evaluate import Access
from local.aws.iam.patterns import Value
from local.aws.iam.store import Store

Parameters = dict[str, Any]

_OF_JOBS = re.compile("sagemaker:(Create|Describe|List|Stop)(Processing|Training)Jobs?")
_NOT_PLAYED = {"VersionId", "ExpectedBucketOwner", "Tagging", "ACL", "IndexName"}
"""Parameters that ask for more than is in the table."""


def required(store: Store, operation: str, asked: Parameters) -> list[Access]:
    """Return everything that an operation such as s3:PutObject needs.

    Its service is named as in a request's signature, itself as in the service's model.

    Raises:
        NotImplementedError: no role of the stack calls it.
    """
    tables = {
        "ec2": _of_ec2,
        "s3": _of_s3,
        "sagemaker": _of_sagemaker,
        "scheduler": _of_scheduler,
    }
    needed = tables.get(operation.partition(":")[0], _of_others)(store, operation, asked)
    unknown = sorted(asked.keys() & _NOT_PLAYED)
    if needed is None or unknown:
        what = " with ".join([operation, *unknown])
        raise NotImplementedError(
            f"the local IAM does not know what {what} needs; enter it in {__name__}"
        )
    return needed


def key_use(
    store: Store,
    key: str | None,
    actions: Sequence[str],
    encrypted: tuple[str, str],
    caller: Mapping[str, Value] | None = None,
) -> list[Access]:
    """Return what a service's use of a key, which is named in any way, needs.

    `encrypted` is the encryption context: a kind of resource, such as s3:arn, and which one it is.
    `caller` is the other keys that are sent: without it those of a service in the caller's name.
    """
    kind, name = encrypted
    if caller is None:
        via = f"{kind.partition(':')[0]}.{store.region}.amazonaws.com"
        caller = {"kms:CallerAccount": store.account, "kms:ViaService": via}
    bound = {**caller, f"kms:EncryptionContext:aws:{kind}": name}
    arn = store.key_arn(key)
    return [
        # What only looks at the key has no encryption context.
        Access(action, arn, caller if action == "kms:DescribeKey" else bound)
        for action in actions
        if arn
    ]


def to_send(store: Store, arn: str, source: Mapping[str, Value] | None = None) -> list[Access]:
    """Return what sending to a queue, or publishing to a topic, needs of its key.

    A service of AWS that does so in its own name has a `source`: AWS documents only it and the
    encryption context as what the policies of keys can use.
    """
    kind = "sns:topicArn" if arn.split(":")[2] == "sns" else "sqs:arn"
    key = getattr(store.resource(arn), "kms_master_key_id", None)
    return key_use(store, key, ["kms:GenerateDataKey", "kms:Decrypt"], (kind, arn), source)


def _of_ec2(_store: Store, operation: str, _asked: Parameters) -> list[Access] | None:
    known = operation in {"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets"}
    return [Access(operation, "*")] if known else None


def _of_s3(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    bucket, key = asked.get("Bucket", ""), asked.get("Key", "")
    arn = f"arn:aws:s3:::{bucket}/{key}"
    match operation.removeprefix("s3:"):
        case "ListObjectsV2" | "ListObjectVersions" as lists:
            prefix = {"s3:prefix": asked["Prefix"]} if "Prefix" in asked else {}
            action = "s3:ListBucket" + ("Versions" if lists == "ListObjectVersions" else "")
            return [Access(action, arn.removesuffix("/"), prefix)]
        case "GetObject" | "HeadObject":
            found = store.state("s3").buckets.get(bucket)
            own = getattr(found and found.keys.get(key), "kms_key_id", None)
            decrypt = object_key_use(store, bucket, key, own, ["kms:Decrypt"])
            return [Access("s3:GetObject", arn), *decrypt]
        case "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload":
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
            parts = operation != "s3:PutObject"
            actions = ["kms:GenerateDataKey", *(["kms:Decrypt"] if parts else [])]
            of_key = object_key_use(store, bucket, key, asked.get("SSEKMSKeyId"), actions)
            return [Access("s3:PutObject", arn), *of_key]
        case "CopyObject" | "UploadPartCopy" as copy:
            source, name = unquote(asked["CopySource"]).lstrip("/").split("/", 1)
            read = _of_s3(store, "s3:GetObject", {"Bucket": source, "Key": name}) or []
            write = "s3:PutObject" if copy == "CopyObject" else "s3:UploadPart"
            return [*read, *(_of_s3(store, write, asked) or [])]
        case "AbortMultipartUpload" | "DeleteObject" | "DeleteObjects":
            named = asked.get("Delete", {"Objects": [{"Key": key}]})["Objects"]
            action = operation.removesuffix("s")
            return [Access(action, f"arn:aws:s3:::{bucket}/{each['Key']}") for each in named]
        case _:
            return None


def object_key_use(
    store: Store, bucket: str, name: str, key: str | None, actions: Sequence[str]
) -> list[Access]:
    """Return what an object needs of `key`, or of the bucket's default key without it."""
    found = store.state("s3").buckets.get(bucket)
    default: dict[str, Any] = _encryption(found).get("ApplyServerSideEncryptionByDefault", {})
    # What S3 binds the object's key to: its bucket, if that has a bucket key.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
    encrypted = f"arn:aws:s3:::{bucket}" + ("" if has_bucket_key(found) else f"/{name}")
    return key_use(store, key or default.get("KMSMasterKeyID"), actions, ("s3:arn", encrypted))


def has_bucket_key(bucket: Any) -> bool:  # noqa: ANN401 - moto has no public types
    """Return whether new objects of a bucket share a key that S3 has made of the KMS key."""
    return str(_encryption(bucket).get("BucketKeyEnabled", False)).lower() == "true"


def _encryption(bucket: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    encryption: dict[str, Any] = (bucket and bucket.encryption) or {}
    return encryption.get("Rule", {})


def _of_sagemaker(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    matched = _OF_JOBS.fullmatch(operation)
    if not matched:
        return None
    verb, kind = matched.groups()
    if verb == "List":
        return [Access(operation, "*")]
    job = store.arn("sagemaker", f"{kind.lower()}-job/{asked.get(f'{kind}JobName')}")
    if verb != "Create":
        return [Access(operation, job)]
    tagging = Access("sagemaker:AddTags", job, {"sagemaker:TaggingAction": f"Create{kind}Job"})
    return [
        Access(operation, job, _asked_of_job(asked)),
        *([tagging] if asked.get("Tags") else []),
        _pass_role(asked["RoleArn"], "sagemaker"),
    ]


def _of_scheduler(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    group, name = asked.get("GroupName", "default"), asked.get("Name", "")
    schedule = store.arn("scheduler", f"schedule/{group}/{name}")
    match operation.removeprefix("scheduler:"):
        case "CreateSchedule":
            key, actions = asked.get("KmsKeyArn"), ["kms:DescribeKey", "kms:GenerateDataKey"]
            passed = [_pass_role(asked["Target"]["RoleArn"], "scheduler")]
        case "GetSchedule":
            # Whether it decrypts in the caller's name is not documented: here it does.
            found = store.state("scheduler").schedule_groups.get(group)
            key = getattr(found and found.schedules.get(name), "kms_key_arn", None)
            actions, passed = [], []
        case _:
            return None
    bound = ("scheduler:schedule:arn", schedule)
    of_key = key_use(store, key, [*actions, "kms:Decrypt"], bound)
    return [Access(operation, schedule), *passed, *of_key]


def _of_others(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    match operation:
        case "dynamodb:GetItem" | "dynamodb:PutItem" | "dynamodb:UpdateItem" | "dynamodb:Query":
            table = store.named("dynamodb", "table/", asked["TableName"])
            # Read or written: DynamoDB made the data key itself.
            # https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
            name = table.rpartition("/")[2]
            found = store.state("dynamodb").tables.get(name)
            settings: Parameters = (found and found.sse_specification) or {}
            key = settings.get("KMSMasterKeyId") if settings.get("Enabled") else None
            decrypt = key_use(store, key, ["kms:Decrypt"], ("dynamodb:tableName", name))
            return [Access(operation, table, _leading_keys(found, asked)), *decrypt]
        case (
            "logs:CreateLogGroup"
            | "logs:CreateLogStream"
            | "logs:DescribeLogStreams"
            | "logs:GetLogEvents"
            | "logs:PutLogEvents"
        ):
            # Without a stream, too, AWS asks for the ARN of one, as its messages tell.
            stream = f"log-stream:{asked.get('logStreamName', '')}"
            group = store.arn("logs", f"log-group:{asked['logGroupName']}")
            return [Access(operation, f"{group}:{stream}")]
        case "sns:Publish":
            topic = store.named("sns", "", asked["TopicArn"])
            return [Access(operation, topic), *to_send(store, topic)]
        case "events:PutEvents":
            return [_put_event(store, entry) for entry in asked["Entries"]]
        case "lambda:Invoke":
            function = store.named("lambda", "function:", asked["FunctionName"])
            return [Access("lambda:InvokeFunction", function)]
        case _:
            return None


def _leading_keys(table: Any, asked: Parameters) -> dict[str, Value]:  # noqa: ANN401 - as above
    """Return the partition that an item is in; of a query it is not told here, as if of all."""
    item: Parameters = asked.get("Key") or asked.get("Item") or {}
    found = item.get(table.hash_key_attr) if table else None
    return {"dynamodb:LeadingKeys": [*found.values()]} if found else {}


def _put_event(store: Store, entry: Parameters) -> Access:
    bus = store.named("events", "event-bus/", entry.get("EventBusName", "default"))
    return Access("events:PutEvents", bus, {"events:source": entry.get("Source", "")})


def _asked_of_job(asked: Parameters) -> dict[str, Value]:
    """Return the condition keys that the request, of either kind, has a value for."""
    resources: Parameters = asked.get("ProcessingResources", {})
    cluster: Parameters = resources.get("ClusterConfig") or asked.get("ResourceConfig", {})
    network: Parameters = asked.get("NetworkConfig", asked)
    vpc: Parameters = network.get("VpcConfig", {})
    values = {
        "InstanceTypes": [cluster["InstanceType"]] if "InstanceType" in cluster else None,
        "MaxRuntimeInSeconds": asked.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "NetworkIsolation": network.get("EnableNetworkIsolation"),
        "InterContainerTrafficEncryption": network.get("EnableInterContainerTrafficEncryption"),
        "VpcSubnets": vpc.get("Subnets"),
        "VpcSecurityGroupIds": vpc.get("SecurityGroupIds"),
    }
    return {
        f"sagemaker:{name}": value if isinstance(value, list) else str(value)
        for name, value in values.items()
        if value is not None
    }


def _pass_role(role_arn: str, service: str) -> Access:
    return Access("iam:PassRole", role_arn, {"iam:PassedToService": f"{service}.amazonaws.com"})
