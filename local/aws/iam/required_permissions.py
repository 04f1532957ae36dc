"""What each operation needs: the actions and resources that AWS asks IAM for, in its order.

An operation that no role of the stack calls is not in the table, and is refused: nothing is allowed
by default. https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from typing import Any

from local.aws.iam import kms
from local.aws.iam.evaluate import Access
from local.aws.iam.patterns import Value
from local.aws.iam.store import Store

Parameters = dict[str, Any]

_NOT_PLAYED = {
    "VersionId": "a version of an object",
    "ExpectedBucketOwner": "a bucket's expected owner",
    "Tagging": "tags of objects",
    "ACL": "ACLs of objects",
}
_LISTING = {"Prefix": "s3:prefix", "Delimiter": "s3:delimiter", "MaxKeys": "s3:max-keys"}
_ENCRYPTION = {
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
}


def required(store: Store, operation: str, asked: Parameters) -> list[Access]:
    """Return everything that an operation such as s3:PutObject needs.

    Its service is named as in a request's signature, itself as in the service's model.

    Raises:
        NotImplementedError: no role of the stack calls it.
    """
    services = {"s3": _of_s3, "sagemaker": _of_sagemaker, "scheduler": _of_scheduler}
    needs = services.get(operation.partition(":")[0], _of_others)
    needed = needs(store, operation, asked)
    if needed is None:
        raise NotImplementedError(
            f"the local IAM does not know what {operation} needs; enter it in {__name__}"
        )
    return needed


def log_access(store: Store, action: str, group: str, stream: str) -> Access:
    """Return what an operation on a log stream needs."""
    return Access(action, store.arn("logs", f"log-group:{group}:log-stream:{stream}"))


def _of_s3(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    match operation.removeprefix("s3:"):
        case "ListObjectsV2":
            return [Access("s3:ListBucket", _bucket(asked), _given(asked, _LISTING))]
        case "GetObject":
            bucket, name = asked["Bucket"], asked["Key"]
            key = store.key_of_object(bucket, name)
            decrypt = kms.of_object(store, bucket, name, key, ["kms:Decrypt"])
            return [Access(operation, _object(asked)), *decrypt]
        case "PutObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload":
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
            parts = operation != "s3:PutObject"
            actions = ["kms:GenerateDataKey", *(["kms:Decrypt"] if parts else [])]
            key = asked.get("SSEKMSKeyId")
            return [
                Access("s3:PutObject", _object(asked), _given(asked, _ENCRYPTION)),
                *kms.of_object(store, asked["Bucket"], asked["Key"], key, actions),
            ]
        case "AbortMultipartUpload" | "DeleteObject":
            return [Access(operation, _object(asked))]
        case _:
            return None


def _of_sagemaker(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    match operation.removeprefix("sagemaker:"):
        case "CreateProcessingJob" as create:
            job, tags = _job(store, asked), _tags(asked.get("Tags", []))
            tagging: dict[str, Value] = {"sagemaker:TaggingAction": create, **tags}
            return [
                Access(operation, job, {**_asked_of_job(asked), **tags}),
                *([Access("sagemaker:AddTags", job, tagging)] if tags else []),
                _pass_role(asked["RoleArn"], "sagemaker.amazonaws.com"),
            ]
        case "DescribeProcessingJob" | "StopProcessingJob":
            return [Access(operation, _job(store, asked))]
        case "ListProcessingJobs":
            return [Access(operation, "*")]
        case _:
            return None


def _of_scheduler(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    group, name = asked.get("GroupName", "default"), asked.get("Name", "")
    schedule = store.arn("scheduler", f"schedule/{group}/{name}")
    match operation.removeprefix("scheduler:"):
        case "CreateSchedule":
            key = store.key_arn(asked.get("KmsKeyArn"))
            actions = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
            passed = [_pass_role(asked["Target"]["RoleArn"], "scheduler.amazonaws.com")]
        case "GetSchedule":
            # Whether it decrypts in the caller's name is not documented: here it does.
            key, actions, passed = store.key_of_schedule(group, name), ("kms:Decrypt",), []
        case _:
            return None
    of_key = kms.use(store, key, actions, "scheduler", scheduler_schedule_arn=schedule)
    return [Access(operation, schedule), *passed, *of_key]


def _of_others(store: Store, operation: str, asked: Parameters) -> list[Access] | None:
    match operation:
        case "dynamodb:GetItem" | "dynamodb:PutItem" | "dynamodb:UpdateItem" | "dynamodb:Query":
            table = store.named("dynamodb", "table/", asked["TableName"])
            index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
            name = table.rpartition("/")[2]
            # Read or written: DynamoDB made the data key itself.
            # https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
            key, actions = store.key_of_table(name), ["kms:Decrypt"]
            decrypt = kms.use(store, key, actions, "dynamodb", dynamodb_tableName=name)
            return [Access(operation, table + index), *decrypt]
        case (
            "logs:CreateLogGroup"
            | "logs:CreateLogStream"
            | "logs:DescribeLogStreams"
            | "logs:GetLogEvents"
            | "logs:PutLogEvents"
        ):
            # Without a stream, too, AWS asks for the ARN of one, as its messages tell.
            stream = asked.get("logStreamName", "")
            return [log_access(store, operation, asked["logGroupName"], stream)]
        case "sns:Publish":
            topic = store.named("sns", "", asked["TopicArn"])
            return [Access(operation, topic), *kms.to_send(store, topic)]
        case "events:PutEvents":
            return [_put_event(store, operation, entry) for entry in asked["Entries"]]
        case "lambda:Invoke":
            name = asked["FunctionName"]
            if ":function:" in name and not name.startswith("arn:"):  # of account and name
                name = f"arn:aws:lambda:{store.region}:{name}"
            function = store.named("lambda", "function:", name)
            return [Access("lambda:InvokeFunction", function)]
        case _:
            return None


def _put_event(store: Store, operation: str, entry: Parameters) -> Access:
    bus = store.named("events", "event-bus/", entry.get("EventBusName", "default"))
    keys = {"Source": "events:source", "DetailType": "events:detail-type"}
    return Access(operation, bus, _given(entry, keys))


def _bucket(asked: Parameters) -> str:
    for parameter in asked.keys() & _NOT_PLAYED.keys():
        what = _NOT_PLAYED[parameter]
        raise NotImplementedError(f"the local IAM does not know what {what} needs")
    return f"arn:aws:s3:::{asked['Bucket']}"


def _object(asked: Parameters) -> str:
    return f"{_bucket(asked)}/{asked['Key']}"


def _given(asked: Parameters, keys: dict[str, str]) -> dict[str, Value]:
    """Return the condition keys of the parameters that are given."""
    return {key: str(asked[name]) for name, key in keys.items() if name in asked}


def _asked_of_job(asked: Parameters) -> dict[str, Value]:
    """Return the condition keys of CreateProcessingJob that the request has a value for."""
    cluster = asked["ProcessingResources"]["ClusterConfig"]
    network: dict[str, Any] = asked.get("NetworkConfig", {})
    vpc: dict[str, Any] = network.get("VpcConfig", {})
    values: dict[str, Any] = {
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


def _tags(tags: list[dict[str, str]]) -> dict[str, Value]:
    if not tags:
        return {}
    requested = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in tags}
    return {**requested, "aws:TagKeys": [tag["Key"] for tag in tags]}


def _pass_role(role_arn: str, service: str) -> Access:
    return Access("iam:PassRole", role_arn, {"iam:PassedToService": service})


def _job(store: Store, asked: Parameters) -> str:
    return store.arn("sagemaker", f"processing-job/{asked['ProcessingJobName']}")
