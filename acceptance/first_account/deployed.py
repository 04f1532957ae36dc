"""What `pulumi up` leaves open."""

from collections import Counter
from datetime import timedelta

from acceptance.first_account.look import (
    DAYS,
    Json,
    Look,
    NotLookedAtError,
    Seen,
    minutes,
    name_of,
)
from acceptance.first_account.probe import Section
from components import names
from pipeline.outcome import Outcome

DEPLOYED = Section("After `pulumi up`")
_ALARM = "launcher-throttles"
_JUST_NOW = timedelta(minutes=30)
"""Within which one alarm does for several looks."""
_TAGS_TAKE = timedelta(minutes=5)
"""The longest until tags decide (AWS KMS developer guide, "ABAC for AWS KMS")."""


@DEPLOYED.probe("it fails at the first schedule: `source_arn` in `components/schedule_group.py`")
def _trust_of_schedules(look: Look) -> Seen:
    """Is the trust of schedules right with the group's ARN as `aws:SourceArn`?"""
    found = look.ask("scheduler", "list_schedules", GroupName=look.prefix)["Schedules"]
    return bool(found), f"{len(found)} schedules were created"


@DEPLOYED.probe(
    "jobs refuse `application/vnd.oci.…`: see `bad image` in the [runbook](runbook.md#messages); "
    "`application/vnd.docker.…` is known to run"
)
def _media_type(look: Look) -> Seen:
    """Does SageMaker run the media type that the image's manifest has?"""
    needs, refused = "a job that has ended", Outcome.BAD_IMAGE
    job = look.job(needs, lambda job: minutes(job) or look.outcome(job) == refused)
    registry, _, image = job["AppSpecification"]["ImageUri"].partition("/")
    repository, _, digest = image.partition("@")
    wanted: Json = {"repositoryName": repository, "imageIds": [{"imageDigest": digest}]}
    owner = registry.partition(".")[0]
    [found] = look.ask("ecr", "describe_images", registryId=owner, **wanted)["imageDetails"]
    outcome = look.outcome(job)
    return outcome != refused, f"{found['imageManifestMediaType']}: {outcome}"


@DEPLOYED.probe(
    "the image is a new one of the same files: ECR or Docker does not keep the inline cache "
    "([ADR 16](adr/0016-one-image-for-one-commit.md))"
)
def _rollback(look: Look) -> Seen:
    """Is a rollback from a machine without a build cache, such as a runner, the image of then?"""
    pushes = [each for each in look.events("PutImage") if _tag(look, each)]
    times = Counter(_tag(look, each) for each in pushes)
    if max(times.values(), default=0) < 2:
        raise NotLookedAtError("needs a change of process_data.sh, and a rollback of deploy.yml")
    # Of an image that is there as it is, ECR says ImageAlreadyExistsException.
    made = [
        each["responseElements"]["image"]["imageId"] for each in pushes if "errorCode" not in each
    ]
    images = Counter(tag for tag, _ in {(each["imageTag"], each["imageDigest"]) for each in made})
    several = [tag for tag, count in images.items() if count > 1]
    return not several, f"{max(times.values())} pushes of a tag; tags of two images: {several}"


def _tag(look: Look, push: Json) -> str | None:
    """Return the tag of an image that was pushed into the stack's repository."""
    asked: Json = push["requestParameters"] or {}
    return asked.get("imageTag") if asked.get("repositoryName") == look.prefix else None


@DEPLOYED.probe(
    "`observer-errors` goes off: the archive has to carry `tzdata` "
    "(`components/function_archive.py`)"
)
def _time_zones(look: Look) -> Seen:
    """Does Lambda's Python find all time zones?"""
    log: Json = {"logGroupName": names.function_logs(look.prefix, "observer")}
    if not look.ask("logs", "describe_log_streams", most=1, **log)["logStreams"]:
        raise NotLookedAtError("needs the observer's first run, within ten minutes of pulumi up")
    words = "ZoneInfoNotFoundError"
    found = look.ask("logs", "filter_log_events", filterPattern=words, **log)["events"]
    return not found, f"{len(found)} lines with {words}"


@DEPLOYED.probe(
    "the message is in the queue `$P-alerts-failures`, or the topic does not admit CloudWatch: "
    "`components/policies/resources.py`"
)
def _alarm(look: Look) -> Seen:
    """Does an alarm tell that it goes off, and once that it is over?"""
    if not _told(look):
        look.need_change()
        _set_off(look)
    failed = [each for each in _told(look) if not each.startswith("Successfully")]
    said = ", ".join(failed) or f"{len(_told(look))} actions succeeded"
    return not failed and bool(_told(look)) and _over(look) > 0, f"{said}; ends: {_over(look):.0f}"


def _told(look: Look, since: timedelta = timedelta(days=DAYS)) -> list[str]:
    """Return what came of each message of the alarm that a look may set off."""
    asked: Json = {"AlarmName": names.alarm(look.prefix, _ALARM), "HistoryItemType": "Action"}
    asked["StartDate"] = look.now() - since
    history = look.ask("cloudwatch", "describe_alarm_history", **asked)
    return [each["HistorySummary"] for each in history["AlarmHistoryItems"]]


def _over(look: Look) -> float:
    return look.counted("Invocations", f"{look.prefix}-alarms-over")


def _set_off(look: Look) -> str:
    """Set the alarm off, unless it went off just now, until its end is told; return its name."""
    alarm = names.alarm(look.prefix, _ALARM)
    if not _told(look, _JUST_NOW):
        ends = _over(look)
        state: Json = {"StateValue": "ALARM", "StateReason": "make first-account"}
        look.ask("cloudwatch", "set_alarm_state", AlarmName=alarm, **state)
        look.within(15, lambda: _told(look, _JUST_NOW) and _over(look) > ends)
    return alarm


@DEPLOYED.probe("tell phones by the observer only, with a filter policy on their subscription")
def _short_text(look: Look) -> Seen:
    """Is a phone's text of an alarm short?"""
    if not any(each.protocol == "sms" for each in look.stack.settings.alerts.subscriptions):
        raise NotLookedAtError("needs a phone in alerts.subscriptions, verified (`ops doctor`)")
    look.need_person()
    return look.seen(f"one text on the phone that says in a line that {_set_off(look)} went off")


@DEPLOYED.probe("`notification` in `lambda/pipeline/chat.py`")
def _chats(look: Look) -> Seen:
    """Do Slack and Teams show a failure, an alarm and its end, each in its block with links?"""
    if not look.stack.settings.alerts.has_chat:
        raise NotLookedAtError("needs alerts.slack or alerts.teams")
    look.need_person()
    failure, alarm = name_of(look.canary("fail")), _set_off(look)
    return look.seen(
        f"in each chat three messages: {failure} failed, with its facts in a grey block and links "
        f"to click below; {alarm} went off, with its description; and {alarm} is over"
    )


@DEPLOYED.probe(
    "run it again, since tags may take five minutes: the conditions in `bootstrap/policies/`"
)
def _tags_of_a_new_key(look: Look) -> Seen:
    """May a deploy role do with a key at once what the tags allow that it is created with?"""
    key, role = look.key(), names.role(look.prefix, look.stack.region, "deploy")
    times = {"StartTime": key["CreationDate"], "EndTime": key["CreationDate"] + _TAGS_TAKE}
    calls = [
        each
        for each in look.events("kms.amazonaws.com", "EventSource", **times)
        if f":assumed-role/{role}/" in each["userIdentity"].get("arn", "")
        and key["KeyId"] in str(each)  # of a refusal only the message may name it
        and each["eventName"] not in ("CreateKey", "TagResource")  # which ask for no tag of it
    ]
    if not calls:
        raise NotLookedAtError("needs deploy.yml to have made the key, in the last 90 days")
    refused = [each["eventName"] for each in calls if "AccessDenied" in each.get("errorCode", "")]
    return not refused, f"{len(calls)} calls at once, refused: {', '.join(refused) or 0}"


@DEPLOYED.probe("`components/event_messages.py`")
def _inspector(look: Look) -> Seen:
    """Has Inspector's event, of enhanced scanning, the form that the rule expects?"""
    scanning = look.ask("ecr", "get_registry_scanning_configuration")["scanningConfiguration"]
    if scanning["scanType"] != "ENHANCED":
        raise NotLookedAtError("needs enhanced scanning of the registry")
    wanted = {"ecrImageRepositoryName": look.prefix, "severity": "CRITICAL"}
    equals = {key: [{"comparison": "EQUALS", "value": value}] for key, value in wanted.items()}
    findings = look.ask("inspector2", "list_findings", filterCriteria=equals)["findings"]
    recent = look.now() - timedelta(days=DAYS)
    if not any(each["firstObservedAt"] > recent for each in findings):
        raise NotLookedAtError(f"needs a critical finding of the last {DAYS} days")
    times = look.counted("TriggeredRules", f"{look.prefix}-image-finding-enhanced")
    return times > 0, f"{len(findings)} critical findings, the rule matched {times:.0f} times"
