"""What must agree between the settings: each problem is one line, `key: problem`."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from components import names
from components.settings import addresses, key_prefix, slot_rules
from components.settings.model import NetworkSettings, ScheduleSettings, Settings
from components.settings.values import MAX_ARGUMENTS, MAX_ENVIRONMENT
from pipeline.text import duration


def problems(settings: Settings, after: datetime | None) -> Iterator[str]:
    """Yield what is wrong; `after` is what a schedule's next slot must be later than, if given."""
    for name, schedule in settings.schedules.items():
        key = f"schedules.{name}"
        longest = names.max_schedule_name(settings.prefix)
        if len(name) > longest:
            yield (
                f"{key}: has {len(name)} characters, at most {longest} fit into a job's name "
                f"after {settings.prefix}--; shorten it, or set a shorter prefix"
            )
        if after and not schedule.suspend and schedule.next_slot(after) is None:
            now = after.astimezone(ZoneInfo(schedule.timezone))
            yield (
                f"{key}.expression: {schedule.expression} has no slot after now, "
                f"{now:%Y-%m-%dT%H:%M} in {schedule.timezone}, so it never runs; write a later "
                f"time, remove {name}, or set its suspend to true"
            )
        yield from _sums(settings, key, schedule)
        yield from _success_window(key, schedule)
        yield from slot_rules.problems(settings, name, schedule)
    yield from _data(settings)
    yield from _jobs(settings)
    yield from _network(settings)


def _sums(settings: Settings, key: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield where a schedule and the job together give a run more than AWS takes."""
    arguments = len(settings.job.arguments) + len(schedule.arguments)
    if arguments > MAX_ARGUMENTS:
        yield f"{key}.arguments: are {arguments} with the job's; AWS takes {MAX_ARGUMENTS}"
    variables = len({*settings.job.environment, *schedule.environment})
    if variables > MAX_ENVIRONMENT:
        yield (
            f"{key}.environment: has {variables} names with the job's; {MAX_ENVIRONMENT} fit "
            "beside the program's own"
        )


def _success_window(key: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield where an alarm would go off between two slots, however well all runs go."""
    hours, gap = schedule.success_within_hours, schedule.longest_gap
    if hours and gap is None:
        yield f"{key}.success_within_hours: {hours} has no meaning for one slot; set it to null"
    elif hours and gap and timedelta(hours=hours) < gap:
        yield (
            f"{key}.success_within_hours: {hours} is shorter than the "
            f"{duration(gap.total_seconds())} between two slots of {schedule.expression}; set "
            "more, or null to derive it"
        )


def _data(settings: Settings) -> Iterator[str]:
    source, target = settings.input, settings.output
    if len(settings.schedules) > 1 and "{schedule}" not in target.prefix:
        yield f"output.prefix: {target.prefix} is the same for every schedule; add {{schedule}}/"
    read, written = key_prefix.fixed(source.prefix), key_prefix.fixed(target.prefix)
    overlap = written.startswith(read) or read.startswith(written)
    if source.bucket and source.bucket == target.bucket and overlap:
        yield (
            f"output.prefix: {target.prefix} overlaps input.prefix {source.prefix} in one "
            "bucket, so runs would read what runs wrote; let the two begin differently"
        )
    key = source.kms_key_arn
    if key and not source.bucket:
        yield "input.bucket: is missing; input.kms_key_arn is the key of an existing one"
    if key and key.split(":")[3] != settings.region:
        yield (
            f"input.kms_key_arn: {key} is not in aws:region {settings.region}, where the bucket "
            "has to be; name the key of the bucket, or the replica here of a multi-Region key"
        )


def _jobs(settings: Settings) -> Iterator[str]:
    uri, base = settings.image.uri, settings.image.base
    if uri and base:
        yield f"image: base {base} has no effect on the image of uri; leave one of them out"
    if uri and not re.match(rf"\d+\.dkr\.ecr\.{settings.region}\.", uri):
        yield (
            f"image.uri: {uri} is not in aws:region {settings.region}; name an image of a "
            "repository there, such as this stack's own"
        )
    types = settings.instance_types
    for instance_type in sorted({each for each in types if types.count(each) > 1}):
        yield (
            f"retries.fallback_instance_types: {instance_type} comes twice, with job.instance_type "
            "as the first; name each type once"
        )
    count, most = settings.job.instance_count, settings.limits.max_concurrent_instances
    if most and count > most:
        yield (
            f"job.instance_count: {count} is more than limits.max_concurrent_instances = {most}; "
            "lower it, or raise the limit"
        )
    limit, end = settings.alerts.running_long_seconds, settings.job.max_runtime_seconds
    if limit and limit >= end:
        yield (
            f"alerts.running_long_seconds: {limit} is never reached, a job is stopped after "
            f"job.max_runtime_seconds = {end}; set it lower, or to null for 3/4 of that"
        )


_SECRETS = "secretsmanager"
_ONLY = {
    **dict.fromkeys(("cidr", "zones", "endpoints"), "vpc"),
    **dict.fromkeys(("subnets", "security_groups"), "existing"),
}
"""Keys of the network -> the one mode in which each has an effect."""


def _network(settings: Settings) -> Iterator[str]:
    network, defaults = settings.network, NetworkSettings()
    for key, mode in _ONLY.items():
        value = getattr(network, key)
        if network.mode == mode == "existing" and not value:
            yield f"network.{key}: is empty; mode existing needs at least one id"
        if network.mode != mode and value != getattr(defaults, key):
            yield (
                f"network.{key}: is only for mode {mode}; set network.mode to {mode}, or leave it "
                "at its default"
            )
    if "s3" in network.endpoints:
        yield "network.endpoints: s3 is reached by a gateway endpoint in any case; leave it out"
    if network.mode == "vpc":
        # Without a limit a job of each schedule; SageMaker refuses more that find no address.
        each_once = settings.job.instance_count * len(settings.schedules)
        most = settings.limits.max_concurrent_instances or each_once
        yield from addresses.problems(network.cidr, network.zones, len({*network.endpoints}), most)
        if settings.job.secrets and _SECRETS not in network.endpoints:
            yield f"job.secrets: the VPC does not reach them; add {_SECRETS} to network.endpoints"
    if network.mode == "isolated" and settings.job.secrets:
        yield (
            "job.secrets: the script has no network to fetch them; set network.mode to vpc and "
            f"add {_SECRETS} to network.endpoints, or to existing"
        )
