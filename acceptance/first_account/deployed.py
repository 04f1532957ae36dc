"""What `pulumi up` leaves open."""

from collections import Counter
from datetime import timedelta

from acceptance.first_account.look import DAYS, Json, Look, NotLookedAtError, Seen, minutes
from acceptance.first_account.probe import Section
from components import names
from pipeline.outcome import Outcome

DEPLOYED = Section("After `pulumi up`")


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
    alarm: Json = {"AlarmName": names.alarm(look.prefix, "launcher-throttles")}
    since: Json = {"StartDate": look.now() - timedelta(days=DAYS), "HistoryItemType": "Action"}

    def told() -> list[str]:
        history = look.ask("cloudwatch", "describe_alarm_history", **alarm, **since)
        return [each["HistorySummary"] for each in history["AlarmHistoryItems"]]

    def over() -> float:
        return look.counted("Invocations", f"{look.prefix}-alarms-over")

    if not told():
        look.need_change()
        state: Json = {"StateValue": "ALARM", "StateReason": "make first-account"}
        look.ask("cloudwatch", "set_alarm_state", **alarm, **state)
        look.within(15, lambda: told() and over())
    failed = [each for each in told() if not each.startswith("Successfully")]
    said = ", ".join(failed) or f"{len(told())} actions succeeded"
    return not failed and bool(told()) and over() > 0, f"{said}; ends told: {over():.0f}"


DEPLOYED.by_hand(
    "short-text",
    "Is a phone's text of an alarm short?",
    "a phone that is subscribed, and verified (`ops doctor`): `aws cloudwatch set-alarm-state "
    '--alarm-name "$P--launcher-throttles" --state-value ALARM --state-reason test`',
    "tell phones by the observer only, with a filter policy on their subscription",
)
DEPLOYED.by_hand(
    "chats",
    "Do Slack and Teams show a failure, an alarm and its end, each in its block with links?",
    "`alerts.slack` or `alerts.teams`, a slot that fails, and the alarm above",
    "`notification` in `lambda/pipeline/chat.py`",
)


DEPLOYED.by_hand(
    "tags-of-a-new-key",
    "May a deploy role do with a key at once what the tags allow that it is created with?",
    "a first deployment by `deploy.yml`, with the role that `bootstrap/` made: it is not refused",
    "run it again, since tags may take five minutes: the conditions in `bootstrap/policies/`",
)


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
