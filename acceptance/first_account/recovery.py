"""What a second region leaves open."""

from typing import NamedTuple

from botocore.exceptions import ClientError

from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen, minutes
from acceptance.first_account.probe import Section
from components import names, replicated
from pipeline import aws_errors

RECOVERY = Section(
    "A second region",
    """These need a stack with `recovery.region` and its pilot light, both deployed; they also look
into the other region.""",
)


class _Pair(NamedTuple):
    """An object that has been replicated, as each region has it."""

    here: Json
    there: Json | None
    """None where there is no version of that id."""


def _replicated(look: Look) -> _Pair:
    """Return the first object of the latest output that S3 has tried to replicate.

    Raises:
        NotLookedAtError: there is none yet.
    """
    other, (job, found) = look.other(), look.written()
    uri: str = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    bucket = uri.removeprefix("s3://").partition("/")[0]
    key = found[0]["Key"]
    here = look.ask("s3", "head_object", Bucket=bucket, Key=key)
    if here.get("ReplicationStatus") not in ("COMPLETED", "FAILED"):
        raise NotLookedAtError("needs an output that was written since, and some minutes")
    wanted: Json = {"Key": key, "VersionId": here["VersionId"]}
    wanted["Bucket"] = f"{bucket.removesuffix(look.stack.region)}{other.stack.region}"
    try:
        return _Pair(here, other.ask("s3", "head_object", **wanted))
    except ClientError as error:
        if aws_errors.code(error) not in ("404", "NoSuchKey", "NoSuchVersion"):
            raise
        return _Pair(here, None)


@RECOVERY.probe(
    "nothing is replicated: name the key itself as `replica_kms_key_id` in "
    "`components/replication.py`"
)
def _key_by_its_alias(look: Look) -> Seen:
    """Does S3 find the other region's key by its alias, and encrypt replicas with it?"""
    other = look.other()
    found, key = _replicated(look), other.key()["Arn"]
    used = (found.there or {}).get("SSEKMSKeyId")
    return used == key, f"{found.here['ReplicationStatus']}, with {used or 'no replica'}"


@RECOVERY.probe(
    "no slot is whole in the other region: compare sizes and ETags in `lambda/pipeline/replica.py`"
)
def _versions(look: Look) -> Seen:
    """Do replicas keep version ids and times?"""
    here, there = _replicated(look)
    if not there:
        return False, f"{here['ReplicationStatus']}, and no version {here['VersionId']} there"
    times = here["LastModified"], there["LastModified"]
    return times[0] == times[1], f"{here['VersionId']} of {times[0]} and of {times[1]}"


@RECOVERY.probe("an alarm never goes off: `_of_replication` in `components/alarm_definitions.py`")
def _metrics_of_replication(look: Look) -> Seen:
    """Is latency measured where replicas arrive, and failures where they come from?"""
    other = look.other()
    _replicated(look)
    account: str = other.key()["AWSAccountId"]
    regions = look.stack.region, other.stack.region
    rule = next(each for each in replicated.rules(look.stack.settings) if each.bucket == "output")
    named = rule.dimensions(look.prefix, account, *regions)
    wanted: Json = {"Namespace": "AWS/S3"}
    wanted["Dimensions"] = [{"Name": name, "Value": value} for name, value in named.items()]
    late, failed = (
        [
            at.stack.region
            for at in (look, other)
            if at.ask("cloudwatch", "list_metrics", MetricName=metric, **wanted)["Metrics"]
        ]
        for metric in ("ReplicationLatency", "OperationsFailedReplication")
    )
    if not late:
        raise NotLookedAtError("needs a quarter of an hour since something was replicated")
    # Of failures there may be no metric before the first one.
    right = late == [other.stack.region] and other.stack.region not in failed
    return right, f"latency in {', '.join(late)}; failures in {', '.join(failed) or 'none'}"


@RECOVERY.probe("`_KEPT` in `bootstrap/images.py` is what keeps copies, and has to stay so")
def _tags_of_copies(look: Look) -> Seen:
    """Does ECR copy a tag that is put on an image later?"""
    other = look.other()
    job = look.job("a job that has ended", minutes)
    _, _, path = job["AppSpecification"]["ImageUri"].partition("/")
    repository, _, digest = path.partition("@")
    wanted: Json = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
    here, there = (
        {
            tag
            for each in at.ask("ecr", "describe_images", **wanted)["imageDetails"]
            for tag in each.get("imageTags", ())
        }
        for at in (look, other)
    )
    tested = {tag for tag in here if tag.startswith(names.TESTED)}
    if not tested:
        raise NotLookedAtError("needs a job with an image that ops promote tagged after its copy")
    return tested <= there, f"{', '.join(sorted(tested))} here; there: {', '.join(sorted(there))}"


@RECOVERY.probe(
    "the other region's switch is never read: `ReadOtherSwitch`, see `docs/security.md`"
)
def _switch(look: Look) -> Seen:
    """May the launcher read the other region's table, with the key known by its alias?"""
    other = look.other()
    role = f":assumed-role/{look.prefix}-{look.stack.region}-launcher/"
    calls = [
        each for each in other.events("Decrypt") if role in each["userIdentity"].get("arn", "")
    ]
    if not calls:
        raise NotLookedAtError("needs a launch by a schedule, a quarter of an hour ago")
    refused = [each["errorCode"] for each in calls if "errorCode" in each]
    return not refused, f"{len(calls)} calls of kms:Decrypt there, refused: {len(refused)}"
