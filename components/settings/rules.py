"""What must agree between the settings: each problem is one line, `key: problem`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from components import names
from components.aws import models
from components.settings import key_prefix, network_rules, slot_gaps
from components.settings.values import JOB, RESERVED_ENVIRONMENT
from pipeline import cron

if TYPE_CHECKING:
    from collections.abc import Iterator

    from components.settings.model import ScheduleSettings, Settings


def problems(settings: Settings, after: datetime | None) -> Iterator[str]:
    """Yield every rule that the settings break together.

    Args:
        settings: each value is right by itself.
        after: every schedule needs a slot later than this; None leaves that unchecked.
    """
    yield from _names(settings)
    yield from _sums(settings)
    yield from _overlap(settings)
    yield from _mixed_slots(settings)
    yield from _instance_types(settings)
    yield from _running_long(settings)
    yield from _success_windows(settings)
    if after:
        yield from _never(settings, after)
    yield from _image(settings)
    yield from _keys(settings)
    yield from _place(settings)
    yield from _instances(settings)
    yield from network_rules.problems(settings)


def _names(settings: Settings) -> Iterator[str]:
    longest = names.max_schedule_name(settings.prefix)
    for name in settings.schedules:
        if len(name) > longest:
            yield (
                f"schedules.{name}: has {len(name)} characters, at most {longest} fit into a "
                f"job's name after {settings.prefix}--; shorten it, or set a shorter prefix"
            )


def _sums(settings: Settings) -> Iterator[str]:
    """Yield where a schedule's arguments or environment, with the job's, are too many."""
    job = settings.job
    arguments_max = models.shape(*JOB, "AppSpecification.ContainerArguments").metadata["max"]
    names_max = models.shape(*JOB, "Environment").metadata["max"] - len(RESERVED_ENVIRONMENT)
    for name, schedule in settings.schedules.items():
        arguments = len(job.arguments) + len(schedule.arguments)
        names = len({*job.environment, *schedule.environment})
        if arguments > arguments_max:
            yield (
                f"schedules.{name}.arguments: are {arguments} with the job's; "
                f"AWS takes {arguments_max}"
            )
        if names > names_max:
            yield (
                f"schedules.{name}.environment: has {names} names with the job's; "
                f"{names_max} fit beside the program's own"
            )


def _image(settings: Settings) -> Iterator[str]:
    uri, base = settings.image.uri, settings.image.base
    if uri and base:
        yield f"image.base: {base} has no effect on the image of image.uri; leave one of them out"
    if uri and not re.search(_REGISTRY.format(settings.region), uri):
        yield (
            f"image.uri: {uri} is not in aws:region {settings.region}; name an image of a "
            "repository there, such as this stack's own"
        )


_REGISTRY = r"^\d+\.dkr\.ecr\.{}\.amazonaws\."


def _overlap(settings: Settings) -> Iterator[str]:
    """Yield where runs would read what runs have written."""
    source, target = settings.input, settings.output
    if source.bucket is None or source.bucket != target.bucket:
        return
    read, written = key_prefix.fixed(source.prefix), key_prefix.fixed(target.prefix)
    if written.startswith(read) or read.startswith(written):
        yield (
            f"output.prefix: {target.prefix} overlaps input.prefix {source.prefix} in one "
            "bucket, so runs would read what runs wrote; let the two begin differently"
        )


def _mixed_slots(settings: Settings) -> Iterator[str]:
    """Yield where two runs would write to the same place."""
    template = settings.output.prefix
    if len(settings.schedules) > 1 and "{schedule}" not in template:
        yield f"output.prefix: {template} is the same for every schedule; add {{schedule}}/"
    for name, schedule in settings.schedules.items():
        for first, second in pairwise(_some_slots(schedule)):
            place = key_prefix.render(template, name, first)
            if place == key_prefix.render(template, name, second):
                yield (
                    f"output.prefix: {template} puts the slots {first:%Y-%m-%dT%H:%MZ} and "
                    f"{second:%Y-%m-%dT%H:%MZ} of {name} into the same place; "
                    "name the slot finer, as in {slot:%Y/%m/%d/%H%M%S}/"
                )
                break


def _instance_types(settings: Settings) -> Iterator[str]:
    """Yield where a type would be tried again that just had no capacity."""
    types = settings.instance_types
    for instance_type in sorted({each for each in types if types.count(each) > 1}):
        yield (
            f"retries.fallback_instance_types: {instance_type} comes twice, with job.instance_type "
            "as the first; name each type once"
        )


def _running_long(settings: Settings) -> Iterator[str]:
    limit, end = settings.alerts.running_long_seconds, settings.job.max_runtime_seconds
    if limit and limit >= end:
        yield (
            f"alerts.running_long_seconds: {limit} is never reached, a job is stopped after "
            f"job.max_runtime_seconds = {end}; set it lower, or to null for 3/4 of that"
        )


def _success_windows(settings: Settings) -> Iterator[str]:
    """Yield where an alarm would go off between two slots, however well all runs go."""
    for name, schedule in settings.schedules.items():
        hours = schedule.success_within_hours
        if hours is None:
            continue
        expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
        gap = slot_gaps.longest(expression, zone)
        key = f"schedules.{name}.success_within_hours"
        if gap is None:
            yield f"{key}: {hours} has no meaning, {schedule.expression} runs once; set it to null"
        elif timedelta(hours=hours) < gap:
            yield (
                f"{key}: {hours} is shorter than the {gap} between two slots of "
                f"{schedule.expression}; set more, or null to derive it"
            )


def _never(settings: Settings, after: datetime) -> Iterator[str]:
    """Yield each schedule that waits for a time that does not come."""
    for name, schedule in settings.schedules.items():
        expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
        if not schedule.suspend and expression.next(after, zone) is None:
            yield (
                f"schedules.{name}.expression: {schedule.expression} has no slot after now, "
                f"{after.astimezone(zone):%Y-%m-%dT%H:%M} in {zone.key}, so it never runs; write a "
                f"later time, or, if it is done, remove {name} or set its suspend to true"
            )


def _some_slots(schedule: ScheduleSettings) -> list[datetime]:
    """Return up to three slots in a row: enough to see whether a prefix tells them apart."""
    expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    slots: list[datetime] = []
    slot = expression.next(datetime(2026, 1, 1, tzinfo=UTC), zone)
    while slot is not None and len(slots) < 3:
        slots.append(slot)
        slot = expression.next(slot, zone)
    return slots


def _keys(settings: Settings) -> Iterator[str]:
    if settings.input.kms_key_arn and not settings.input.bucket:
        yield "input.bucket: is missing; input.kms_key_arn is the key of an existing one"


def _instances(settings: Settings) -> Iterator[str]:
    count, most = settings.job.instance_count, settings.limits.max_concurrent_instances
    if most and count > most:
        yield (
            f"job.instance_count: {count} is more than limits.max_concurrent_instances = {most}; "
            "lower it, or raise the limit"
        )


def _place(settings: Settings) -> Iterator[str]:
    """Yield each ARN of a region or partition that the stack cannot use."""
    partition = models.partition(settings.region)
    key, boundary = settings.input.kms_key_arn, settings.permissions_boundary
    # A job reads buckets of its own region only, and S3 encrypts with keys of the bucket's.
    if key and _start(key, 4) != f"arn:{partition}:kms:{settings.region}":
        yield (
            f"input.kms_key_arn: {key} is not in aws:region {settings.region} (partition "
            f"{partition}), and no key of another region has encrypted a bucket of this one; name "
            "the key of the bucket, or the replica here of a multi-Region key"
        )
    if boundary and _start(boundary, 2) != f"arn:{partition}":
        yield (
            f"permissions_boundary: {boundary} is of another partition than aws:region "
            f"{settings.region}, which needs arn:{partition}:iam::…"
        )


def _start(arn: str, parts: int) -> str:
    return ":".join(arn.split(":")[:parts])
