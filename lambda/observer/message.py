"""The one message about a slot, as plain text: facts in, text out."""

import json
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from observer.job_log import Log
from pipeline import chat
from pipeline.attempt import slot_text
from pipeline.config import ObserverConfig
from pipeline.contract import OPS
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from pipeline.text import duration

LONGEST_SUBJECT = 99
"""Characters that SNS takes: fewer than 100, no line break, and email wants ASCII."""
LONGEST_SMS = 300
"""Characters: two parts in the alphabet of GSM. SNS takes 1,600, and bills each part."""
LONGEST_TEXT = 1024
"""Characters of a reason or an exit message: SageMaker's own limit."""
LOG_LINES = 20
LONGEST_LINE = 240
"""Characters of a log line, so that twenty of them stay readable."""

_LOOKED_AT = 10
"""Times the longest text: so much of one is looked through for what can be shown."""
_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}

ADVICE = {
    Outcome.SCRIPT_FAILED: "Read the last log lines; fix the script or its input, then replay.",
    Outcome.TIMED_OUT: "It ran into job.max_runtime_seconds: raise that, or give it less to do.",
    Outcome.STOPPED: "Somebody stopped it. Replay it if it is still wanted.",
    Outcome.REPLACED: "A later slot took its place (overlap: Replace). Nothing to do.",
    Outcome.CAPACITY: "AWS had no machine of any configured type. Add types to "
    "retries.fallback_instance_types, or replay later.",
    Outcome.SPOT_NEVER_CAME: "There was no spot instance in time, and no attempt on demand could "
    "follow. Replay, with job.capacity: on-demand if it is urgent.",
    Outcome.SPOT_RECLAIMED: "AWS took the spot instance back for good, and no attempt on demand "
    "could follow. Replay, with job.capacity: on-demand if it is urgent.",
    Outcome.QUOTA: "Raise the limit that the reason names, then replay: "
    "limits.max_concurrent_instances is the stack's, '<type> for processing job usage' is the "
    "account's, in Service Quotas.",
    Outcome.QUOTA_TOO_LOW: "The account's limit is below what one job asks for, so no wait "
    "helps: raise what the reason names in Service Quotas, or ask for less (another "
    "job.instance_type, fewer instances, a smaller job.volume_gb), then replay.",
    Outcome.NO_ADDRESSES: "The subnets had no free address for hours. Free some or give the jobs "
    "larger subnets, then replay.",
    Outcome.THROTTLED: "SageMaker refused too many requests for hours. See who else calls it, "
    "then replay.",
    Outcome.INTERNAL_ERROR: "SageMaker failed, more than once. Replay; if it stays, ask AWS. "
    "In a VPC, first look at the job role's rights on EC2, and for free addresses.",
    Outcome.OUT_OF_MEMORY: "Set a larger job.instance_type, or let the script take less at once.",
    Outcome.DISK_FULL: "Raise job.volume_gb: it must hold all input and all output. auto takes it "
    "from the input.",
    Outcome.NO_NETWORK: "The script wanted a network, and its job has none. For AWS's services: "
    "pulumi config set --path network.mode vpc, and deploy. For the internet: "
    "network.mode existing, with subnets that lead there (docs/network.md).",
    Outcome.BAD_IMAGE: "The image cannot be pulled or started: run pulumi up, and see that it is "
    "linux/amd64, and its manifest Docker's, if the reason names a media type.",
    Outcome.EMPTY_INPUT: "Nothing was uploaded for this slot. Upload it and replay, "
    "or set input.when_empty.",
    Outcome.EMPTY_REFERENCE: "Nothing lies where reference.prefix says. Upload it and replay, "
    "or set reference.prefix to null.",
    Outcome.INPUT_NOT_READY: "What says that the input is complete is missing. Have its producer "
    "write it and replay, or set input.wait_seconds to more.",
    Outcome.PREDECESSOR_LATE: "See what the schedule that it follows is at. Replay this one once "
    "that is successful, or set input.wait_seconds to more.",
    Outcome.INPUT_TOO_LARGE: "No size of the settings holds it: add one to job.sizes, or set "
    "volume_gb to more, then replay. One object is never shared out among instances.",
    Outcome.ARCHIVED_INPUT: "Input lies in an archive class of S3. Restore it (aws s3api "
    "restore-object), or copy it to another class, then replay.",
    Outcome.EMPTY_OUTPUT: "It completed and wrote nothing below OUTPUT_PATH. Read the last log "
    "lines, then replay; or set output.when_empty to allow, if that may be.",
    Outcome.MISSING_BUCKET: "The bucket that the settings name does not exist. Create it again, or "
    "run pulumi up with the right name, then replay.",
    Outcome.KEY_UNUSABLE: "The key is disabled or about to be deleted, and with it all that it "
    "encrypts. Run aws kms cancel-key-deletion and enable-key now, then replay.",
    Outcome.ACCESS_DENIED: "A role, bucket or key does not allow it. The reason names which: "
    "run pulumi up if somebody changed it by hand.",
    Outcome.REFUSED: "SageMaker does not accept the request. The reason names what.",
    Outcome.MISSED: "The schedule did not reach the launcher: look into the queues of "
    "failed events, then replay.",
    Outcome.SKIPPED: "Nothing to do, unless this slot is wanted: then replay it.",
    Outcome.UNKNOWN: "The reason is a new one. Read it and the last log lines.",
}
"""What to do first; docs/runbook.md has a section for each."""


def failure(
    config: ObserverConfig,
    entry: Entry,
    others: Sequence[Entry],
    log: Log,
) -> tuple[str, str]:
    """Return subject and body for a slot that ended without success.

    `others` are its other attempts.
    """
    outcome = Outcome(entry.outcome or "")
    verb = {
        Outcome.SKIPPED: "was skipped",
        Outcome.STOPPED: "was stopped",
        Outcome.REPLACED: "was replaced",
    }.get(outcome, f"failed: {outcome.replace('_', ' ')}")
    zone = _zone(config, entry)
    lines = [
        f"{entry.schedule} of stack {config.stack} {verb}.",
        f"Slot: {_local(entry.slot, zone)} {zone} ({slot_text(entry.slot)})",
        *_cause(entry, outcome),
        "",
        *_effort(entry, others),
    ]
    if log.hosts:
        lines += ["", "Hosts:", *(f"  {plain(each, LONGEST_LINE)}" for each in log.hosts)]
    if log.lines:
        lines += ["", f"Last {len(log.lines)} log lines:"]
        lines += [f"  {plain(line, LONGEST_LINE)}" for line in log.lines]
    lines += ["", "Replay:", _replay(config, entry.schedule, entry)]
    for follower in config.followers(entry.attempt):
        until = _local(config.schedules[follower].waits_until(entry.slot), zone)
        lines += [f"{follower} waits for that until {until}; later replay it, too:"]
        lines += [_replay(config, follower, entry)]
    if entry.created:
        lines += ["", *_links(config, entry, log.stream)]
    subject = f"{config.stack}: {entry.schedule} {verb} ({_local(entry.slot, zone)})"
    return _subject(subject), "\n".join(lines)


def recovery(config: ObserverConfig, entry: Entry, since: datetime) -> tuple[str, str]:
    """Return subject and body for a schedule that is green again, red `since` that slot."""
    zone = _zone(config, entry)
    lines = [
        f"{entry.schedule} of stack {config.stack} is green again.",
        f"Completed: {_local(entry.slot, zone)} ({slot_text(entry.slot)}), attempt {entry.number}.",
        f"It had failed since: {_local(since, zone)} ({slot_text(since)}).",
        *_savings([entry]),
        "",
        "Slots that failed in between stay failed. To see and replay them:",
        f"{OPS} list --stack {config.stack} --schedule {entry.schedule} --failed",
    ]
    return _subject(f"{config.stack}: {entry.schedule} is green again"), "\n".join(lines)


def by_protocol(subject: str, body: str, why: str | None) -> str:
    """Return what SNS takes for a message that is `body`, but by SMS a sentence with the reason."""
    sms = plain(f"{subject}. {why or ''}", LONGEST_SMS)
    return json.dumps({"default": body, "sms": sms})


def for_chat(subject: str, body: str) -> str:
    """Return the same message as a chat shows it: its links below, so that they can be clicked."""
    # Foreign text has no line break that would look like this one.
    facts, _, links = body.partition(_LINKS)
    steps = f"{_LINKS}{links}".split("\n")[2:] if links else []
    return json.dumps(chat.notification(subject, chat.block(facts), steps))


def plain(text: str, longest: int) -> str:
    """Return text without control characters and line breaks, cut to `longest` characters."""
    begun = text[: _LOOKED_AT * longest]  # a log line may have a megabyte
    kept = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in begun)
    short = " ".join(kept.split())
    is_all = len(short) <= longest and begun == text
    return short if is_all else short[: longest - 1] + "…"


def _replay(config: ObserverConfig, schedule: str, entry: Entry) -> str:
    of_slot = f"--schedule {schedule} --slot {slot_text(entry.slot)}"
    return f"{OPS} replay --stack {config.stack} {of_slot}"


def _cause(entry: Entry, outcome: Outcome) -> Iterator[str]:
    yield f"Class: {outcome.replace('_', ' ')}"
    if entry.reason:
        yield f"Reason: {plain(entry.reason, LONGEST_TEXT)}"
    if entry.exit_message:
        yield f"Message: {plain(entry.exit_message, LONGEST_TEXT)}"
    yield f"To do: {ADVICE[outcome]}"


def _effort(entry: Entry, others: Sequence[Entry]) -> Iterator[str]:
    machine = f", {entry.instance}" if entry.instance else ""
    yield f"Attempt: {entry.number} ({len(others) + 1} in all){machine}"
    if entry.sized_by:
        yield f"Input: {entry.sized_by}"
    if not entry.created:
        return
    if entry.run_s is not None:
        yield f"Ran: {duration(entry.run_s)}"
    yield from _savings((*others, entry))
    costs = [each.cost_usd for each in (*others, entry) if each.created]
    known = f"about ${sum(filter(None, costs)):.2f}"
    cost = f"unknown, for want of a price: {OPS} prices" if None in costs else known
    yield f"Cost so far: {cost}"


def _savings(entries: Sequence[Entry]) -> Iterator[str]:
    for each in entries:
        if each.saved is not None:
            yield f"Spot: {each.saved:.0%} saved of {duration(each.training_s or 0)}"


_LINKS = "\n\nJob: "
"""Begins what stands last in a message about a job."""


def _links(config: ObserverConfig, entry: Entry, stream: str | None) -> Iterator[str]:
    region, partition = config.aws_region, config.launcher_arn.split(":")[1]
    base = f"https://{region}.{_CONSOLES.get(partition, 'console.aws.amazon.com')}"
    yield f"Job: {base}/sagemaker/home?region={region}#/{entry.kind.resource}s/{entry.job_name}"
    begins = f"$3FlogStreamNameFilter$3D{_in_fragment(f'{entry.job_name}/')}"
    yield (
        f"Logs: {base}/cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        f"{_in_fragment(entry.kind.group)}"
        f"{f'/log-events/{_in_fragment(stream)}' if stream else begins}"
    )


def _in_fragment(text: str) -> str:
    """Return text as CloudWatch's console wants it: quoted twice, with $ for %."""
    return quote(quote(text, safe=""), safe="").replace("%", "$")


def _zone(config: ObserverConfig, entry: Entry) -> str:
    schedule = config.schedules.get(entry.schedule)  # a job may end after its schedule
    return schedule.timezone if schedule else "UTC"


def _local(slot: datetime, zone: str) -> str:
    return f"{slot.astimezone(ZoneInfo(zone)):%a %d %b %Y %H:%M}"


def _subject(text: str) -> str:
    return plain(text, LONGEST_TEXT).encode("ascii", "replace").decode()[:LONGEST_SUBJECT]
