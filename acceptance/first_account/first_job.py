"""What any job shows that completed, or was refused."""

import json
from datetime import timedelta

from botocore.exceptions import ClientError

from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen, minutes, name_of
from acceptance.first_account.probe import Section
from components.aws import instance_types
from observer import account_limit
from ops import prices
from ops.stack import OpsError
from pipeline import aws_errors
from pipeline.contract import METRIC_NAMESPACE
from pipeline.outcome import Outcome

JOB = Section(
    "The first job",
    """That a job completed confirms at once: the conditions of `StartJobs`
(`sagemaker:InstanceTypes`, `MaxRuntimeInSeconds`, `NetworkIsolation`); that ECR pulls without
rights to the key, by its own grants; that `ListInput`'s `s3:prefix` fits the listing that SageMaker
itself makes; an image whose user is root. Each would be an access error that names it.""",
)
_REFUSED = (Outcome.ACCESS_DENIED, Outcome.BAD_IMAGE, Outcome.KEY_UNUSABLE)
_SOON = 4
"""Minutes that the watch leaves a one-time schedule before it asks again."""


@JOB.probe("what the refusal names: `components/policies/`")
def _completes(look: Look) -> Seen:
    """Does a job complete?"""
    ends = (Outcome.COMPLETED, *_REFUSED)
    job = look.job("a job that has ended", lambda job: look.outcome(job) in ends)
    return look.outcome(job) == Outcome.COMPLETED, look.end_of(job)


@JOB.probe("the pull is refused: `aws:PrincipalArn` in `components/policies/resources.py`")
def _image_of_another_account(look: Look) -> Seen:
    """Does SageMaker pull an image of another account as the job's role?"""

    def is_one(job: Json) -> bool:
        owner = job["AppSpecification"]["ImageUri"].partition(".")[0]
        ends = (Outcome.COMPLETED, *_REFUSED)
        return owner != job["RoleArn"].split(":")[4] and look.outcome(job) in ends

    job = look.job("a job with image.uri of another account", is_one)
    return look.outcome(job) == Outcome.COMPLETED, look.end_of(job)


@JOB.probe("the script's metrics are missing; nothing else depends on them")
def _metrics_of_lines(look: Look) -> Seen:
    """Does CloudWatch read metrics from the lines in `/aws/sagemaker/ProcessingJobs`?"""
    lines = [line for line in look.lines(look.completed()) if line.startswith('{"_aws"')]
    if not lines:
        raise NotLookedAtError("needs a job whose script sends a metric, such as the canary")
    name: str = json.loads(lines[0])["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Name"]
    wanted: Json = {"Namespace": METRIC_NAMESPACE, "MetricName": name}
    found = look.ask("cloudwatch", "list_metrics", **wanted)["Metrics"]
    return bool(found), f"{name} was printed, and is {len(found)} metrics"


@JOB.probe("consumers and `_SUCCESS` have keys with `//`, unlike here: `lambda/pipeline/prefix.py`")
def _double_slash(look: Look) -> Seen:
    """Are prefix and path joined without `//` in the keys of outputs?"""
    keys = [each["Key"] for each in look.written()[1]]
    wrong = [key for key in keys if "//" in key]
    return not wrong, f"{len(wrong)} of {len(keys)} keys have it"


@JOB.probe(
    "`_SUCCESS` calls the job's own objects `stale`, and a run `empty output`: "
    "`lambda/observer/success_marker.py`"
)
def _age_of_outputs(look: Look) -> Seen:
    """Is no output older than its job, by S3's clock?"""
    job, found = look.written()
    created = job["CreationTime"].replace(microsecond=0)
    early = [each["Key"] for each in found if each["LastModified"] < created]
    return not early, f"{len(early)} objects are older than {name_of(job)}"


@JOB.probe(
    "the class is `quota` and not `quota too low`, and the slot waits: add the text to "
    "`tests/observer/recorded_reasons.json`"
)
def _quota(look: Look) -> Seen:
    """Does a quota refuse in words that `lambda/observer/account_limit.py` reads?"""
    most = look.quotas("processing job usage")
    none = sorted(name for name in most.keys() & instance_types.known() if not most[name])
    if not none:
        raise NotLookedAtError("needs a type whose quota is 0")
    look.need_change()
    job, name = look.completed(), f"{look.prefix}-first-account"
    cluster = {"InstanceType": none[0], "InstanceCount": 1, "VolumeSizeInGB": 10}
    parts = ("AppSpecification", "NetworkConfig", "RoleArn")
    wanted: Json = {part: job[part] for part in parts if part in job}
    wanted |= {"ProcessingJobName": name, "ProcessingResources": {"ClusterConfig": cluster}}
    try:
        look.ask("sagemaker", "create_processing_job", **wanted)
    except ClientError as error:
        if aws_errors.code(error) != "ResourceLimitExceeded":
            raise
        limit = account_limit.read(aws_errors.message(error))
        return bool(limit and limit.never_fits), aws_errors.message(error)
    look.ask("sagemaker", "stop_processing_job", ProcessingJobName=name)
    return False, f"{none[0]} has the quota 0, and its job was taken; it is stopped"


@JOB.probe(
    'AWS says "shortly after"; until it is gone the watch cannot ask for that slot again, which '
    "then starts later: `lambda/observer/next_launch.py`"
)
def _one_time_schedule(look: Look) -> Seen:
    """Is a one-time schedule gone within four minutes after its time?"""
    look.need_change()
    ran, at = look.stack.attempt_of(name_of(look.completed())), look.now() + timedelta(minutes=1)
    group: Json = {"GroupName": look.prefix}
    standing = look.ask("scheduler", "get_schedule", Name=ran.schedule, **group)
    once: Json = {
        "Name": f"{look.prefix}--first-account",
        "ScheduleExpression": f"at({at:%Y-%m-%dT%H:%M:%S})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
        "KmsKeyArn": standing["KmsKeyArn"],
        # Of a job that has run, so that nothing starts.
        "Target": {**standing["Target"], "Input": json.dumps(ran.as_event)},
    }
    look.ask("scheduler", "create_schedule", **group, **once)

    def left() -> list[Json]:
        name: Json = {"NamePrefix": once["Name"]}
        return look.ask("scheduler", "list_schedules", **name, **group)["Schedules"]

    look.within(2, lambda: look.now() > at)
    is_gone = look.within(_SOON, lambda: not left())
    return is_gone, f"planned for {at:%H:%M:%S}, looked for until {look.now():%H:%M:%S}"


@JOB.probe("`ops prices` says what it does not find, and writes nothing: `_component` there")
def _usage_types(look: Look) -> Seen:
    """Are the Price List API's usage types spelled as `ops/prices.py` reads them?"""
    try:
        found = prices.card(look.stack.region, lambda of: look.ask("pricing", "get_products", **of))
    except OpsError as error:
        return False, str(error)
    counts = [f"{len(each['hourly'])} types for {name}" for name, each in found.items()]
    return True, ", ".join(counts)


@JOB.probe("`_LEAST_POINTS` in `ops/findings.py` counts something else than minutes")
def _once_a_minute(look: Look) -> Seen:
    """Is an instance measured once a minute, and each time by one number?"""
    job = look.job("a job that ran for three minutes", lambda job: minutes(job) >= 3)
    counts, ran = look.measured(job, "CPUUtilization", "SampleCount"), minutes(job)
    return set(counts) == {1} and abs(len(counts) - ran) <= 2, f"{ran:.0f} minutes: {counts}"
