"""Answers of AWS, by its models, that confirm each question, and others that do not."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel

from acceptance.first_account.look import Json, Look, kind_of, name_of
from components.aws import models
from components.settings import loader
from ops.stack import Stack
from tests.conftest import PROJECT, stack_keys

NOW = datetime(2026, 1, 6, 12, tzinfo=UTC)
NIGHT = datetime(2026, 1, 5, 2, tzinfo=UTC)
IMAGE = f"123456789012.dkr.ecr.eu-central-1.amazonaws.com/processing-dev@sha256:{'ab' * 32}"
ROLE = "arn:aws:iam::123456789012:role/processing-dev-eu-central-1-job"
KEY = "arn:aws:kms:eu-central-1:123456789012:key/1234abcd"


class Case(NamedTuple):
    """Operation -> its answer, or what returns it for a request."""

    confirmed: Json
    otherwise: Json


class Account:
    """What answers a look, and keeps what it was asked."""

    def __init__(self, answers: Json, *, run: bool = True) -> None:
        self.answers, self.asked = answers, list[tuple[str, str]]()
        self.now = NOW
        ran: dict[str, str] = answers.get("ran", {}) if run else {}
        stack = _stack(json.dumps(answers.get("alerts", {})))
        self.look = Look(stack, self.ask, lambda: self.now, self.pause, run, ran)
        self.look.person = lambda _: answers.get("person")
        if "there" in answers:
            self.look = replace(self.look, stack=_paired())
            there = Account(answers["there"], run=run)
            there.asked = self.asked
            self.look.there = replace(there.look, stack=_paired("eu-west-1"))

    def pause(self) -> None:
        self.now += timedelta(seconds=30)

    def ask(self, service: str, operation: str, /, most: int = 0, **request: Any) -> Any:
        del most
        model = _operation(service, operation)
        wrong = models.violations(models.shape(service, model.name), request)
        assert not wrong, f"{operation}: {wrong}"
        self.asked.append((service, operation))
        found = self.answers[operation]
        found = found(request) if callable(found) else found
        if isinstance(found, Exception):
            raise found
        wrong = models.violations(model.output_shape, found) if model.output_shape else []
        assert not wrong, f"AWS cannot answer this to {operation}: {wrong}"
        return found


@cache
def _stack(alerts: str) -> Stack:
    keys = stack_keys("dev") | {f"{PROJECT}:alerts": alerts}
    found = Stack(loader.read(keys, PROJECT, "dev"))
    found.__dict__["_caller"] = {"Account": "123456789012", "Arn": ROLE}
    return found


@cache
def _paired(region: str = "eu-central-1") -> Stack:
    """Return either stack of a pair."""
    other = "eu-west-1" if region == "eu-central-1" else "eu-central-1"
    recovery = json.dumps({"region": other})
    keys = {**stack_keys("dev"), "aws:region": region, f"{PROJECT}:recovery": recovery}
    return Stack(loader.read(keys, PROJECT, "dev"))


@cache
def _session() -> botocore.session.Session:
    found = botocore.session.Session()
    found.register_component("data_loader", models.loader())  # which has read most of them
    return found


@cache
def _operation(service: str, operation: str) -> OperationModel:
    model = _session().get_service_model(service)
    [name] = [each for each in model.operation_names if xform_name(each) == operation]
    return model.operation_model(name)


def job(status: str = "Completed", reason: str = "", minutes: int = 5, **known: Any) -> Json:
    """Return what Describe tells of a processing job that has ended after some minutes."""
    name = known.pop("name", "processing-dev--daily-20260105T020000Z-1")
    place = "s3://out-bucket/output/daily/20260105T020000Z/"
    upload = {"LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
    return {
        "ProcessingJobName": name,
        "ProcessingJobArn": f"arn:aws:sagemaker:eu-central-1:123456789012:processing-job/{name}",
        "ProcessingJobStatus": status,
        "CreationTime": NIGHT,
        "ProcessingStartTime": NIGHT + timedelta(minutes=2),
        "ProcessingEndTime": NIGHT + timedelta(minutes=2 + minutes),
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE},
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": 300},
        "ProcessingOutputConfig": {
            "Outputs": [{"OutputName": "output", "S3Output": {"S3Uri": place, **upload}}]
        },
        **({"FailureReason": reason} if reason else {}),
        **known,
    }


def spot(status: str = "Completed", reason: str = "", detail: str = "", **known: Any) -> Json:
    """Return what Describe tells of a training job on spot that has ended."""
    name = "processing-dev--daily-20260105T020000Z-1"
    place = "s3://out-bucket/_spot/daily"
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
    return {
        "TrainingJobName": name,
        "TrainingJobArn": f"arn:aws:sagemaker:eu-central-1:123456789012:training-job/{name}",
        "TrainingJobStatus": status,
        "SecondaryStatus": detail or status,
        "CreationTime": NIGHT,
        "TrainingEndTime": NIGHT + timedelta(hours=1),
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": place},
        "ModelArtifacts": {"S3ModelArtifacts": f"{place}/{name}/output/model"},
        "ResourceConfig": cluster,
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
        **({"FailureReason": reason} if reason else {}),
        **known,
    }


def steps(*statuses: str) -> Json:
    """Return transitions of ten minutes each."""
    times = [NIGHT + timedelta(minutes=10 * number) for number in range(len(statuses) + 1)]
    known = zip(statuses, times, times[1:], strict=False)
    return {
        "SecondaryStatusTransitions": [
            {"Status": status, "StartTime": start, "EndTime": end} for status, start, end in known
        ]
    }


def jobs(*found: Json, **ran: str) -> Json:
    """Return answers of SageMaker that has these jobs, newest first; `ran` are the canary's."""
    kind = kind_of(found[0])
    keys = [kind.key(part) for part in ("Name", "Arn", "Status")]
    listed = [{key: each[key] for key in (*keys, "CreationTime")} for each in found]
    by_name = {name_of(each): each for each in found}

    def describe(request: Json) -> Json:
        return by_name[request[kind.key("Name")]]

    names = f"{kind.lower()}_job"
    lists = {f"list_{names}s": {f"{kind}JobSummaries": listed}}
    return {**lists, f"describe_{names}": describe, "ran": ran}


def task(name: str, found: Json | None = None, **answers: Any) -> Json:
    """Return answers after the canary did a task in a job."""
    done = found or job()
    return {**jobs(done, **{name: name_of(done)}), **answers}


def lines(*texts: str) -> Json:
    """Return answers of a log that holds these lines."""
    return {"filter_log_events": {"events": [{"message": text} for text in texts]}}


def objects(*keys: str, at: datetime = NIGHT + timedelta(minutes=5)) -> Json:
    """Return answers of a bucket that holds these objects."""
    return {"list_objects_v2": {"Contents": [{"Key": key, "LastModified": at} for key in keys]}}


def measured(statistic: str, *values: float) -> Json:
    """Return answers of a metric that has these values."""
    return {"get_metric_statistics": {"Datapoints": [{statistic: value} for value in values]}}


def quotas(usage: str, **most: float) -> Json:
    """Return answers of Service Quotas: a type with _ for its dots -> the most of a usage."""
    names = {f"{name.replace('_', '.')} for {usage}": value for name, value in most.items()}
    listed = [{"QuotaName": name, "Value": value} for name, value in names.items()]
    return {"list_service_quotas": {"Quotas": listed}}


def trail(*events: Json) -> Json:
    """Return answers of CloudTrail that has these events."""
    return {"lookup_events": {"Events": [{"CloudTrailEvent": json.dumps(each)} for each in events]}}


def call(role: str = "job", **who: str) -> Json:
    """Return an event of a role's call with the stack's key."""
    arn = f"arn:aws:sts::123456789012:assumed-role/processing-dev-eu-central-1-{role}/session"
    return {"userIdentity": {"arn": arn, **who}, "resources": [{"ARN": KEY}]}


def pushed(tag: str, digest: str) -> Json:
    """Return an event of an image's push."""
    named = {"repositoryName": "processing-dev", "imageTag": tag}
    image = {"imageId": {"imageTag": tag, "imageDigest": f"sha256:{digest * 64}"}}
    return {"requestParameters": named, "responseElements": {"image": image}}
