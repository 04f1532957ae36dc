"""What operations of the services need that start, carry, tell and log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.aws.iam import keys
from local.aws.iam.evaluate import Access
from local.aws.iam.needs import Parameters, needed_by

if TYPE_CHECKING:
    from local.aws.iam.patterns import Value
    from local.aws.iam.store import Store


@needed_by("sagemaker:CreateProcessingJob")
def _create_job(store: Store, operation: str, asked: Parameters) -> list[Access]:
    job, tags = _job(store, asked), _tags(asked.get("Tags", []))
    tagging: dict[str, Value] = {"sagemaker:TaggingAction": "CreateProcessingJob", **tags}
    return [
        Access(operation, job, {**_asked_of_job(asked), **tags}),
        *([Access("sagemaker:AddTags", job, tagging)] if tags else []),
        _pass_role(asked["RoleArn"], "sagemaker.amazonaws.com"),
    ]


@needed_by("sagemaker:DescribeProcessingJob", "sagemaker:StopProcessingJob")
def _follow_job(store: Store, operation: str, asked: Parameters) -> list[Access]:
    return [Access(operation, _job(store, asked))]


@needed_by("sagemaker:ListProcessingJobs")
def _list_jobs(_store: Store, operation: str, _asked: Parameters) -> list[Access]:
    return [Access(operation, "*")]


@needed_by("logs:CreateLogStream", "logs:PutLogEvents", "logs:GetLogEvents")
@needed_by("logs:CreateLogGroup", "logs:DescribeLogStreams")
def _log(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # Without a stream, too, AWS asks for the ARN of one, as its messages tell.
    stream = asked.get("logStreamName", "")
    return [log_access(store, operation, asked["logGroupName"], stream)]


def log_access(store: Store, action: str, group: str, stream: str) -> Access:
    """Return what an operation on a log stream needs."""
    return Access(action, store.arn("logs", f"log-group:{group}:log-stream:{stream}"))


@needed_by("sns:Publish")
def _publish(store: Store, operation: str, asked: Parameters) -> list[Access]:
    topic = store.named("sns", "", asked["TopicArn"])
    return [Access(operation, topic), *keys.of_topic(store, topic)]


def send_message(store: Store, queue_arn: str) -> list[Access]:
    """Return what sending to a queue needs."""
    return [Access("sqs:SendMessage", queue_arn), *keys.of_queue(store, queue_arn)]


@needed_by("events:PutEvents")
def _put_events(store: Store, operation: str, asked: Parameters) -> list[Access]:
    names = {"Source": "events:source", "DetailType": "events:detail-type"}
    return [
        Access(
            operation,
            store.named("events", "event-bus/", entry.get("EventBusName", "default")),
            {key: entry[name] for name, key in names.items() if name in entry},
        )
        for entry in asked["Entries"]
    ]


@needed_by("scheduler:CreateSchedule")
def _create_schedule(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/encryption-rest.html
    schedule, key = _schedule(store, asked), store.key_arn(asked.get("KmsKeyArn"))
    actions = ("kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
    return [
        Access(operation, schedule),
        _pass_role(asked["Target"]["RoleArn"], "scheduler.amazonaws.com"),
        *keys.use(store, key, actions, "scheduler", scheduler_schedule_arn=schedule),
    ]


@needed_by("scheduler:GetSchedule")
def _get_schedule(store: Store, operation: str, asked: Parameters) -> list[Access]:
    # Whether it decrypts in the caller's name is not documented: here it does.
    schedule, key = _schedule(store, asked), store.key_of_schedule(*_group_and_name(asked))
    decrypted = keys.use(store, key, ["kms:Decrypt"], "scheduler", scheduler_schedule_arn=schedule)
    return [Access(operation, schedule), *decrypted]


@needed_by("lambda:Invoke")
def _invoke(store: Store, _operation: str, asked: Parameters) -> list[Access]:
    name = asked["FunctionName"]
    if ":function:" in name and not name.startswith("arn:"):
        name = f"arn:aws:lambda:{store.region}:{name}"
    return [Access("lambda:InvokeFunction", store.named("lambda", "function:", name))]


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
