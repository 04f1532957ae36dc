"""Where runs read and write: no two runs write to one place, and none reads what another writes."""

from collections.abc import Iterable, Iterator
from itertools import combinations, product

from components.settings import key_prefix
from components.settings.model import Settings
from components.settings.run_rules import key
from components.settings.schedule import ScheduleSettings


def problems(settings: Settings) -> Iterator[str]:
    """Yield what is wrong with the buckets, prefixes and keys of the schedules."""
    schedules = settings.schedules.items()
    for name, schedule in schedules:
        yield from _bucket_keys(settings, name, schedule)
        yield from _reference_in_input(name, schedule)
    for one, other in combinations(schedules, 2):
        yield from _shared_output(one, other)
    yield from _unused_reference(schedules)
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
    target = writer[1].output
    for part, source in reader[1].sources.items():
        # As far as policies tell them apart: whoever may write the one must not reach the other.
        places = key_prefix.fixed(source.prefix), key_prefix.fixed(target.prefix)
        if source.bucket and source.bucket == target.bucket and _overlap(*places):
            yield (
                f"{key(*writer, 'output', 'prefix')}: {target.prefix} overlaps "
                f"{key(*reader, part, 'prefix')} {source.prefix} in one bucket, so runs would read "
                "what runs wrote; let the two begin differently"
            )


def _reference_in_input(name: str, schedule: ScheduleSettings) -> Iterator[str]:
    source, reference = (schedule.sources.get(part) for part in ("input", "reference"))
    if not (source and reference) or reference.bucket != source.bucket:
        return
    if reference.prefix.startswith(source.prefix):
        yield (
            f"{key(name, schedule, 'reference', 'prefix')}: {reference.prefix} lies in "
            f"{key(name, schedule, 'input', 'prefix')} {source.prefix}, so it would count "
            "as input, and be shared out with it; put it beside that"
        )


def _unused_reference(schedules: Iterable[_Named]) -> Iterator[str]:
    for field in ("bucket", "kms_key_arn"):
        named = [
            (key(*each, "reference", field), each[1].reference.prefix)
            for each in schedules
            if getattr(each[1].reference, field)
        ]
        used = {where for where, prefix in named if prefix}
        for where in {where for where, _ in named} - used:
            beside = f"{where.removesuffix(field)}prefix"
            yield f"{where}: has no effect without {beside}; set that, too, or leave it out"


def _bucket_keys(settings: Settings, name: str, schedule: ScheduleSettings) -> Iterator[str]:
    for part, source in schedule.sources.items():
        where, kms_key = key(name, schedule, part, "kms_key_arn"), source.kms_key_arn
        if kms_key and not source.bucket:
            missing = key(name, schedule, part, "bucket")
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
