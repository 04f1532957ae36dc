"""For each probe what confirms it, and what does not."""

from datetime import timedelta
from typing import Any

from acceptance.first_account.look import Json
from components.aws import instance_types
from tests.acceptance.first_account.answers import (
    VPC,
    grants,
    history,
    interfaces,
    kept,
    key,
    left,
    measures,
    new_key,
    prices,
    reclaimed,
    replica,
    replicated,
    scanned,
    shared,
    standing,
    tagged,
    told,
    vpc,
)
from tests.acceptance.first_account.own_things import error, eventbridge, lambda_
from tests.acceptance.first_account.recorded import (
    IMAGE,
    KEY,
    NIGHT,
    Case,
    call,
    job,
    jobs,
    lines,
    measured,
    objects,
    pushed,
    quotas,
    spot,
    steps,
    task,
    trail,
)
from tests.ops.test_prices import STORAGE

DENIED = "ClientError: AccessDenied: not authorized to perform: sagemaker:AddTags"
SCRIPT = "AlgorithmError: , exit code: 1"
LIMIT = "ResourceLimitExceeded"
QUOTA = (
    "The account-level service limit 'ml.m5.large for processing job usage' is 0 Instances, with "
    "current utilization of 0 Instances and a request delta of 1 Instances."
)
LINE = '{"_aws": {"CloudWatchMetrics": [{"Metrics": [{"Name": "CanaryLines"}]}]}}'
_CLUSTER = {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 10}
THEIRS: Json = {"AppSpecification": {"ImageUri": IMAGE.replace("123456789012", "210987654321")}}
TWO: Json = {"ProcessingResources": {"ClusterConfig": _CLUSTER}}
ZERO = quotas("processing job usage", ml_m5_large=0, ml_t3_medium=4)


def without(name: str, found: Json) -> Json:
    return {key: value for key, value in found.items() if key != name}


def waits(seconds: int) -> Json:
    return {"StoppingCondition": {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": seconds}}


def emf(metrics: int) -> Json:
    listed = {"Metrics": [{"MetricName": "CanaryLines"}] * metrics}
    return {**jobs(job()), **lines("line", LINE), "list_metrics": listed}


def oom(found: Json) -> Json:
    report = job(name="processing-dev--canary-20260105T020001Z-1")
    ran = {"measure": report["ProcessingJobName"], "oom": found["ProcessingJobName"]}
    return {**jobs(report, found, **ran), **lines("/proc/vmstat:oom_kill 3")}


def failed(message: str = "", reason: str = SCRIPT, **known: Any) -> Json:
    said: Json = {"ExitMessage": message} if message else {}
    return job("Failed", reason, **said, **known)


ROTATED: Json = call("deploy") | {"eventName": "EnableKeyRotation"}
NOT_TAGGED: Json = without("resources", call("deploy")) | {
    "eventName": "GetKeyPolicy",
    "errorCode": "AccessDenied",
    "errorMessage": f"User: x is not authorized to perform: kms:GetKeyPolicy on resource: {KEY}",
}
ELSEWHERE = (
    NOT_TAGGED | {"errorMessage": "of another key"},
    NOT_TAGGED | call("someone"),
    NOT_TAGGED | {"eventName": "TagResource"},
)
STREAMS = {"describe_log_streams": {"logStreams": [{"logStreamName": "x"}]}}
OURS = "processing-dev-launcher"
ON_SPOT: Json = {
    each.replace(".", "_"): 1.0 for each in instance_types.known() if instance_types.has_spot(each)
}
IMAGES = {"describe_images": {"imageDetails": [{"imageManifestMediaType": "application/vnd.x"}]}}
MARKED: Json = {"FailureReason": f"AlgorithmError: {'x' * 10}, exit code: 3"}
KILLED = (
    "probe.sh failed with exit code 137, the kernel killed 1 of its processes for lack of memory"
)
USED = ("probe used: 25%", "probe whole:  /dev/nvme1n1", "probe output: /dev/nvme1n1")

CASES = {
    "trust-of-schedules": Case(
        {"list_schedules": {"Schedules": [{"Name": "daily"}]}},
        {"list_schedules": {"Schedules": []}},
    ),
    "media-type": Case(
        {**jobs(job()), **IMAGES},
        {
            **jobs(failed(reason="ClientError: Cannot pull the image: manifest media type")),
            **IMAGES,
        },
    ),
    "rollback": Case(
        trail(pushed("a", "1"), pushed("b", "2"), pushed("a", "1")),
        trail(pushed("a", "3"), pushed("b", "2"), pushed("a", "1")),
    ),
    "time-zones": Case({**STREAMS, **lines()}, {**STREAMS, **lines("ZoneInfoNotFoundError: 'x'")}),
    "alarm": Case(
        history("Successfully executed action arn:aws:sns:eu-central-1:123456789012:x", 1),
        history("Failed to execute action arn:aws:sns:eu-central-1:123456789012:x", 1),
    ),
    "short-text": Case(told(person=True), told(person=False)),
    "chats": Case(task("fail", **told(person=True)), task("fail", **told(person=False))),
    "tags-of-a-new-key": Case(new_key(ROTATED, *ELSEWHERE), new_key(ROTATED, NOT_TAGGED)),
    "inspector": Case(scanned(1), scanned(0)),
    "completes": Case(jobs(failed(), job()), jobs(failed(), failed(reason=DENIED))),
    "image-of-another-account": Case(
        jobs(job(**THEIRS)), jobs(failed(reason="ClientError: Cannot pull the image", **THEIRS))
    ),
    "metrics-of-lines": Case(emf(1), emf(0)),
    "double-slash": Case(
        {**jobs(job()), **objects("output/a")}, {**jobs(job()), **objects("output//a")}
    ),
    "age-of-outputs": Case(
        {**jobs(job()), **objects("output/a", at=NIGHT)},
        {**jobs(job()), **objects("output/a", at=NIGHT - timedelta(seconds=1))},
    ),
    "quota": Case(
        {**jobs(job()), **ZERO, "create_processing_job": error(LIMIT, QUOTA)},
        {**jobs(job()), **ZERO, "create_processing_job": error(LIMIT, "No more, please")},
    ),
    "one-time-schedule": Case(
        standing({"Schedules": []}), standing({"Schedules": [{"Name": "processing-dev--x"}]})
    ),
    "usage-types": Case(prices(STORAGE), prices([])),
    "once-a-minute": Case(
        {**jobs(job(minutes=5)), **measured("SampleCount", *[1] * 5)},
        {**jobs(job(minutes=5)), **measured("SampleCount", *[12] * 5)},
    ),
    "outputs-of-a-failure": Case(
        task("fail", failed(), list_objects_v2={}), task("fail", failed(), **objects("output/a"))
    ),
    "oom-counts": Case(oom(failed(KILLED)), oom(failed("probe.sh failed with exit code 137"))),
    "maximum-runtime": Case(
        task("slow", job("Stopped", minutes=5)), task("slow", failed(reason="Terminated"))
    ),
    "memory": Case(
        task("measure", **measured("Maximum", 9, 24)), task("measure", **measured("Maximum", 9, 52))
    ),
    "disk": Case(
        task("measure", **measured("Maximum", 1, 27), **lines(*USED)),
        task("measure", **measured("Maximum", 1, 2), **lines(*USED)),
    ),
    "volume-of-all": Case(
        task("measure", **lines(*USED)),
        task("measure", **lines("probe whole: overlay", "probe output: /dev/nvme1n1")),
    ),
    "strange-keys": Case(
        task("list", failed(reason="ClientError: a//b.csv"), **lines()),
        task("list", **lines("/opt/ml/processing/input/a/b.csv")),
    ),
    "exit-code": Case(jobs(spot("Failed", **MARKED)), jobs(spot("Failed", "AlgorithmError: x"))),
    "types-with-quotas": Case(
        quotas("spot training job usage", **ON_SPOT),
        quotas("spot training job usage", **ON_SPOT, ml_t3_medium=0),
    ),
    "conditions": Case(jobs(spot()), jobs(spot("Failed", DENIED))),
    "longest-wait": Case(
        {**jobs(spot(**waits(2_419_200))), "scan": {"Items": []}},
        {"scan": {"Items": [{"reason": {"S": "ValidationException: MaxWaitTimeInSeconds"}}]}},
    ),
    "resumed": Case(
        reclaimed("Starting", "Completed"), reclaimed("Failed", TrainingJobStatus="Failed")
    ),
    "never-started": Case(
        jobs(spot("Stopped", detail="MaxWaitTimeExceeded", **steps("Starting"))),
        jobs(spot("Stopped", detail="MaxWaitTimeExceeded", TrainingStartTime=NIGHT)),
    ),
    "artifacts": Case(
        jobs(spot()),
        jobs(spot(ModelArtifacts={"S3ModelArtifacts": "s3://out-bucket/model.tar.gz"})),
    ),
    "time-without-waits": Case(
        reclaimed("Starting", "Training"),
        reclaimed("Starting", "Training", TrainingTimeInSeconds=3000),
    ),
    "status-of-a-wait": Case(
        reclaimed("Starting", "Training"), reclaimed("Restarting", "Training")
    ),
    "checkpoints": Case(
        {**reclaimed("Starting", "Training"), **kept("2 files, 20 bytes", "2 files, 20 bytes")},
        {**reclaimed("Starting", "Training"), **kept("2 files, 20 bytes", "1 files, 10 bytes")},
    ),
    "vpc-conditions": Case(jobs(job(**VPC)), jobs(failed(reason=DENIED, **VPC))),
    "logs": Case(vpc(job(**VPC), 1, 0, "logs"), vpc(job(**VPC), 0, 1, "logs")),
    "metrics-of-hosts": Case(vpc(job(**VPC), 0, 1, "logs"), vpc(job(**VPC), 1, 0, "logs")),
    "endpoints": Case(vpc(job(**VPC), 0, 1, "s3"), vpc(job(**VPC), 1, 1, "s3")),
    "addresses": Case(interfaces(0), interfaces(1)),
    "hosts-reach-each-other": Case(task("hosts", job()), task("hosts", failed())),
    "shared-input": Case(
        jobs(failed(**VPC, **TWO)), jobs(without("ProcessingStartTime", failed(**VPC, **TWO)))
    ),
    "options-of-a-shared-vpc": Case(shared("dopt-2"), shared("dopt-1", "dopt-2")),
    "key-by-its-alias": Case(
        replicated(replica()), replicated(error("404", "HeadObject"), "FAILED")
    ),
    "versions": Case(replicated(replica()), replicated(replica(at=NIGHT + timedelta(seconds=9)))),
    "metrics-of-replication": Case(
        replicated(replica(), **measures("ReplicationLatency"))
        | measures("OperationsFailedReplication"),
        replicated(replica(), **measures("OperationsFailedReplication"))
        | measures("ReplicationLatency"),
    ),
    "tags-of-copies": Case(tagged("1a2b", "tested-20260105"), tagged("1a2b")),
    "switch": Case(
        {"there": trail(call("launcher"), call("job"))},
        {"there": trail(call("launcher"), call("launcher") | {"errorCode": "AccessDenied"})},
    ),
    "nothing-left": Case(
        left("kms:eu-central-1:123456789012:key/1"), left("s3:::processing-dev-input")
    ),
    "grant-for-the-volume": Case(
        {**jobs(job()), **key(), **trail(call())},
        {**jobs(job()), **key(), **trail(call(invokedBy="sagemaker.amazonaws.com"))},
    ),
    "encrypt": Case(
        {**jobs(job()), **key(), **trail(call())},
        {**jobs(job()), **key(), **trail(call(invokedBy="sagemaker.amazonaws.com"))},
    ),
    "reads-of-schedules": Case(
        key(**trail(call("observer"), call("observer", invokedBy="scheduler.amazonaws.com"))),
        key(**trail(call("observer"))),
    ),
    "grant-of-a-function": Case(grants("processing-dev-eu-central-1-job"), grants(f"{OURS}-role")),
    "source-account": Case(lambda_(sends=False), lambda_(sends=True)),
    "source-arn": Case(eventbridge(sends=False), eventbridge(sends=True)),
}
