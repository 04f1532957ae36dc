"""Where runs read and write: no two runs write to one place, and none reads what another writes."""

from collections.abc import Iterator
from itertools import combinations, product

from components.settings import key_prefix
from components.settings.model import ScheduleSettings, Settings
from components.settings.run_rules import key


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the buckets, prefixes and keys of the schedules."""
    schedules = settings.schedules.items()
    for name, schedule in schedules:
        yield from _bucket_keys(settings, name, schedule)
    for one, other in combinations(schedules, 2):
        yield from _shared_output(one, other)
    for reader, writer in product(schedules, schedules):
        yield from _read_back(reader, writer)


_Named = tuple[str, ScheduleSettings]


def _shared_output(one: _Named, other: _Named) -> Iterator[str]:
    outputs = (one[1].output, other[1].output)
    if outputs[0].bucket != outputs[1].bucket:
        return
    if outputs[0].prefix == outputs[1].prefix:
        if "{schedule}" not in outputs[0].prefix:
            yield (
                f"{key(*other, 'output', 'prefix')}: {outputs[0].prefix} is the same for {one[0]} "
                f"and {other[0]}; add {{schedule}}/"
            )
    elif _overlap(*(_begin(each.output.prefix, name) for name, each in (one, other))):
        yield (
            f"{key(*other, 'output', 'prefix')}: {outputs[1].prefix} of {other[0]} overlaps "
            f"{outputs[0].prefix} of {one[0]} in one bucket; let the two begin differently"
        )


def _read_back(reader: _Named, writer: _Named) -> Iterator[str]:
    source, target = reader[1].input, writer[1].output
    # As far as policies tell them apart: whoever may write the one must not reach the other.
    places = key_prefix.fixed(source.prefix), key_prefix.fixed(target.prefix)
    if source.bucket and source.bucket == target.bucket and _overlap(*places):
        yield (
            f"{key(*writer, 'output', 'prefix')}: {target.prefix} overlaps "
            f"{key(*reader, 'input', 'prefix')} {source.prefix} in one bucket, so runs would read "
            "what runs wrote; let the two begin differently"
        )


def _bucket_keys(settings: Settings, name: str, schedule: ScheduleSettings) -> Iterator[str]:
    kms_key, bucket = schedule.input.kms_key_arn, schedule.input.bucket
    where = key(name, schedule, "input", "kms_key_arn")
    if kms_key and not bucket:
        missing = key(name, schedule, "input", "bucket")
        yield f"{missing}: is missing; {where} is the key of an existing one"
    if kms_key and kms_key.split(":")[3] != settings.region:
        yield (
            f"{where}: {kms_key} is not in aws:region {settings.region}, where the bucket "
            "has to be; name the key of the bucket, or the replica here of a multi-Region key"
        )


def _begin(template: str, schedule: str) -> str:
    """Return what the keys of all slots of a schedule begin with."""
    return key_prefix.fixed(template.replace("{schedule}", schedule))


def _overlap(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
