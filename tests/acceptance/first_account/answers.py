"""Answers of AWS to what single probes ask, as tests/acceptance/first_account/cases.py has them."""

from datetime import datetime, timedelta
from typing import Any

from acceptance.first_account.look import Json
from tests.acceptance.first_account.recorded import (
    KEY,
    NIGHT,
    NOW,
    ROLE,
    job,
    jobs,
    lines,
    measured,
    objects,
    spot,
    steps,
    trail,
)
from tests.ops.test_prices import PROCESSING, TRAINING

OTHER_KEY = KEY.replace("eu-central-1", "eu-west-1")
VPC: Json = {
    "NetworkConfig": {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}
}


def standing(left: Any) -> Json:
    """Return answers of a group whose one-time schedule is listed as `left` says."""
    target = {"Arn": "arn:aws:lambda:eu-central-1:123456789012:function:x", "RoleArn": ROLE}
    one = {"KmsKeyArn": KEY, "Target": target}
    created = {"ScheduleArn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/a/b"}
    listed = {"get_schedule": one, "create_schedule": created, "list_schedules": left}
    return {**jobs(job()), **listed}


def history(summary: str, ends: float) -> Json:
    items = [{"HistorySummary": summary}]
    told = {"describe_alarm_history": {"AlarmHistoryItems": items}}
    return told | measured("Sum", ends)


def told(*, person: bool) -> Json:
    """Return answers of an alarm that is set off, and of who looks at what it is sent to."""

    def actions(request: Json) -> Json:
        since = request["StartDate"] > NOW - timedelta(minutes=30)
        return {"AlarmHistoryItems": [{"HistorySummary": "Successfully"}] if since else []}

    def ends(request: Json) -> Json:
        return {"Datapoints": [{"Sum": 1}] if request["EndTime"] > NOW else []}

    phone = {"protocol": "sms", "endpoint": "+491700000000"}
    slack = {"workspace": "T0123ABCD", "channel": "C0123ABCD"}
    alerts = {"subscriptions": [phone], "slack": slack}
    looked_at = {"describe_alarm_history": actions, "get_metric_statistics": ends}
    return {**looked_at, "set_alarm_state": {}, "person": person, "alerts": alerts}


def new_key(*calls: Json) -> Json:
    known = {"KeyId": "1234abcd", "Arn": KEY, "CreationDate": NIGHT}
    return {"describe_key": {"KeyMetadata": known}, **trail(*calls)}


def kept(end: str, start: str) -> Json:
    """Return answers of a log of two starts, and of what the checkpoint had when each ended."""
    said = {"start": "0 files, 0 bytes", "end": end}
    found = [*said.items(), ("start", start), ("end", start)]
    return lines(*(f"entrypoint: checkpoint at the {at}: {what}" for at, what in found))


def scanned(times: float) -> Json:
    scanning: Json = {"scanningConfiguration": {"scanType": "ENHANCED", "rules": []}}
    finding: Json = {
        "awsAccountId": "123456789012",
        "description": "x",
        "findingArn": "arn:aws:inspector2:eu-central-1:123456789012:finding/" + "0" * 32,
        "firstObservedAt": NOW - timedelta(days=1),
        "lastObservedAt": NOW,
        "remediation": {},
        "resources": [{"id": "x", "type": "AWS_ECR_CONTAINER_IMAGE"}],
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "type": "PACKAGE_VULNERABILITY",
    }
    found = {"list_findings": {"findings": [finding]}}
    return {"get_registry_scanning_configuration": scanning, **found, **measured("Sum", times)}


def vpc(found: Json, streams: int, metrics: int, *services: str) -> Json:
    endpoints = [{"ServiceName": f"com.amazonaws.eu-central-1.{each}"} for each in services]
    return {
        **jobs(found),
        "describe_subnets": {"Subnets": [{"VpcId": "vpc-1"}]},
        "describe_vpc_endpoints": {"VpcEndpoints": endpoints},
        "describe_log_streams": {"logStreams": [{"logStreamName": "x"}] * streams},
        "list_metrics": {"Metrics": [{"MetricName": "CPUUtilization"}] * metrics},
    }


def interfaces(count: int) -> Json:
    found = {"NetworkInterfaces": [{"SubnetId": "subnet-1"}] * count}
    return {**jobs(job(**VPC)), "describe_network_interfaces": found}


def shared(*visible: str) -> Json:
    vpcs = [{"DhcpOptionsId": "dopt-1", "OwnerId": "210987654321"}]
    return {
        "get_caller_identity": {"Account": "123456789012"},
        "describe_vpcs": {"Vpcs": vpcs},
        "describe_dhcp_options": {"DhcpOptions": [{"DhcpOptionsId": each} for each in visible]},
    }


def left(*arns: str) -> Json:
    found = [{"ResourceARN": f"arn:aws:{arn}"} for arn in arns]
    return {"get_resources": {"ResourceTagMappingList": found}}


def key(**answers: Any) -> Json:
    return {"describe_key": {"KeyMetadata": {"KeyId": "1234abcd", "Arn": KEY}}, **answers}


def grants(grantee: str) -> Json:
    role = f"arn:aws:iam::123456789012:role/{grantee}"
    grant = {"GranteePrincipal": role, "Operations": ["Decrypt"]}
    return key(list_grants={"Grants": [grant]})


def prices(storage: list[str]) -> Json:
    parts = {"Processing": PROCESSING, "Training": TRAINING, "Storage": storage}

    def answer(asked: Json) -> Json:
        return {"PriceList": parts[asked["Filters"][1]["Value"]]}

    return {"get_products": answer}


def reclaimed(*after: str, **known: Any) -> Json:
    transitions = steps("Starting", "Training", "Interrupted", *after)
    told: Json = {**transitions, "TrainingTimeInSeconds": 1200, **known}
    return jobs(spot(**told))


def replicated(there: Any, status: str = "COMPLETED", **elsewhere: Any) -> Json:
    """Return answers of a pair, of an object that S3 has tried to replicate."""
    bucket = "processing-dev-output-123456789012-eu-central-1"
    place = f"s3://{bucket}/output/daily/20260105T020000Z/"
    ran = job()
    ran["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = place
    here = {"VersionId": "v1", "LastModified": NIGHT, "ReplicationStatus": status}
    of_key = {"KeyId": "1", "Arn": OTHER_KEY, "AWSAccountId": "123456789012"}
    known = {"head_object": there, "describe_key": {"KeyMetadata": of_key}, **elsewhere}
    found = objects("output/daily/20260105T020000Z/part.csv")
    return {**jobs(ran), **found, "head_object": here, "there": known}


def replica(key: str = OTHER_KEY, at: datetime = NIGHT) -> Json:
    return {"VersionId": "v1", "LastModified": at, "SSEKMSKeyId": key}


def measures(*names: str) -> Json:
    """Return answers of a region that has these metrics of replication."""

    def listed(request: Json) -> Json:
        name = request["MetricName"]
        return {"Metrics": [{"MetricName": name}] if name in names else []}

    return {"list_metrics": listed}


def tagged(*there: str) -> Json:
    """Return answers of a pair, of an image that was tagged as tested after its copy."""

    def image(*tags: str) -> Json:
        return {"describe_images": {"imageDetails": [{"imageTags": list(tags)}]}}

    return {**jobs(job()), **image("1a2b", "tested-20260105"), "there": image(*there)}
