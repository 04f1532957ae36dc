"""What each operation needs: the actions and resources that AWS asks IAM for, in its order.

An operation that no role of the stack calls is not in the table, and is refused: nothing is allowed
by default. https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from local.aws.iam import kms
from local.aws.iam.evaluate import Access

if TYPE_CHECKING:
    from local.aws.iam.patterns import Value
    from local.aws.iam.store import Store

Parameters = dict[str, Any]
_Need = Callable[["Store", str, Parameters], "list[Access]"]
"""Returns what an operation needs: of the resources, `service:Operation` and its parameters."""

_NEEDS: dict[str, _Need] = {}
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
    need = _NEEDS.get(operation)
    if need is None:
        raise NotImplementedError(
            f"the local IAM does not know what {operation} needs; enter it in {__name__}"
        )
    return need(store, operation, asked)


def log_access(store: Store, action: str, group: str, stream: str) -> Access:
    """Return what an operation on a log stream needs."""
    return Access(action, store.arn("logs", f"log-group:{group}:log-stream:{stream}"))


def _needed_by(*operations: str) -> Callable[[_Need], _Need]:
    """Enter the decorated function for operations, such as `s3:PutObject`."""

    def enter(need: _Need) -> _Need:
        _NEEDS.update(dict.fromkeys(operations, need))
        return need

    return enter


@_needed_by("s3:ListObjectsV2")
def _list_bucket(_store: Store, _operation: str, asked: Parameters) -> list[Access]:
    return [Access("s3:ListBucket", _bucket(asked), _given(asked, _LISTING))]


@_needed_by("s3:GetObject")
def _get_object(store: Store, operation: str, asked: Parameters) -> list[Access]:
    return [Access(operation, _object(asked)), *kms.of_object(store, asked["Bucket"], asked["Key"])]


@_needed_by("s3:PutObject", "s3:CreateMultipartUpload", "s3:UploadPart")
@_needed_by("s3:CompleteMultipartUpload")
def _write_object(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    actions = ["kms:GenerateDataKey", *(["kms:Decrypt"] if operation != "s3:PutObject" else [])]
    return [
        Access("s3:PutObject", _object(asked), _given(asked, _ENCRYPTION)),
        *kms.to_write(store, asked["Bucket"], asked["Key"], asked.get("SSEKMSKeyId"), actions),
    ]


@_needed_by("s3:AbortMultipartUpload", "s3:DeleteObject")
def _remove_object(_store: Store, operation: str, asked: Parameters) -> list[Access]:
    return [Access(operation, _object(asked))]


@_needed_by("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query")
def _items(store: Store, operation: str, asked: Parameters) -> list[Access]:
    table = store.named("dynamodb", "table/", asked["TableName"])
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    return [Access(operation, table + index), *kms.of_table(store, table.rpartition("/")[2])]


@_needed_by("sagemaker:CreateProcessingJob")
def _create_job(store: Store, operation: str, asked: Parameters) -> list[Access]:
    job, tags = _job(store, asked), _tags(asked.get("Tags", []))
    tagging: dict[str, Value] = {"sagemaker:TaggingAction": "CreateProcessingJob", **tags}
    return [
        Access(operation, job, {**_asked_of_job(asked), **tags}),
        *([Access("sagemaker:AddTags", job, tagging)] if tags else []),
        _pass_role(asked["RoleArn"], "sagemaker.amazonaws.com"),
    ]


@_needed_by("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob")
def _follow_job(store: Store, operation: str, asked: Parameters) -> list[Access]:
    return [Access(operation, _job(store, asked))]


@_needed_by("sagemaker:ListProcessingJobs")
def _list_jobs(_store: Store, operation: str, _asked: Parameters) -> list[Access]:
    return [Access(operation, "*")]


@_needed_by("logs:CreateLogStream", "logs:PutLogEvents", "logs:GetLogEvents")
@_needed_by("logs:CreateLogGroup", "logs:DescribeLogStreams")
def _log(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # Without a stream, too, AWS asks for the ARN of one, as its messages tell.
    stream = asked.get("logStreamName", "")
    return [log_access(store, operation, asked["logGroupName"], stream)]


@_needed_by("sns:Publish")
def _publish(store: Store, operation: str, asked: Parameters) -> list[Access]:
    topic = store.named("sns", "", asked["TopicArn"])
    return [Access(operation, topic), *kms.to_send(store, topic)]


@_needed_by("events:PutEvents")
def _put_events(store: Store, operation: str, asked: Parameters) -> list[Access]:
    keys = {"Source": "events:source", "DetailType": "events:detail-type"}
    return [
        Access(
            operation,
            store.named("events", "event-bus/", entry.get("EventBusName", "default")),
            _given(entry, keys),
        )
        for entry in asked["Entries"]
    ]


@_needed_by("scheduler:CreateSchedule")
def _create_schedule(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    schedule, key = _schedule(store, asked), store.key_arn(asked.get("KmsKeyArn"))
    actions = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
    return [
        Access(operation, schedule),
        _pass_role(asked["Target"]["RoleArn"], "scheduler.amazonaws.com"),
        *kms.use(store, key, actions, "scheduler", scheduler_schedule_arn=schedule),
    ]


@_needed_by("scheduler:GetSchedule")
def _get_schedule(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # Whether it decrypts in the caller's name is not documented: here it does.
    schedule, key = _schedule(store, asked), store.key_of_schedule(*_group_and_name(asked))
    decrypted = kms.use(store, key, ["kms:Decrypt"], "scheduler", scheduler_schedule_arn=schedule)
    return [Access(operation, schedule), *decrypted]


@_needed_by("lambda:Invoke")
def _invoke(store: Store, _operation: str, asked: Parameters) -> list[Access]:
    name = asked["FunctionName"]
    if ":function:" in name and not name.startswith("arn:"):
        name = f"arn:aws:lambda:{store.region}:{name}"
    return [Access("lambda:InvokeFunction", store.named("lambda", "function:", name))]


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


def _group_and_name(asked: Parameters) -> tuple[str, str]:
    return asked.get("GroupName", "default"), asked["Name"]


def _schedule(store: Store, asked: Parameters) -> str:
    return store.arn("scheduler", "/".join(("schedule", *_group_and_name(asked))))
