"""What must agree for the runs of one schedule; what it does not set itself, the stack sets."""

from collections.abc import Iterator

from components.settings import sizes
from components.settings.model import Settings
from components.settings.schedule import ScheduleSettings
from components.settings.values import MAX_ARGUMENTS, MAX_ENVIRONMENT


def key(name: str, schedule: ScheduleSettings, part: str, field: str) -> str:
    """Return the key that sets a field of a schedule's part: its own, or the stack's."""
    is_own = field in getattr(schedule, part).model_fields_set
    return f"schedules.{name}.{part}.{field}" if is_own else f"{part}.{field}"


def problems(settings: Settings, name: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield what is wrong with the machine of a schedule's jobs, and with what it gives them."""
    job = schedule.job
    arguments, variables = len(schedule.all_arguments), len(schedule.all_environment)
    if arguments > MAX_ARGUMENTS:
        yield (
            f"schedules.{name}.arguments: are {arguments} with the job's; AWS takes {MAX_ARGUMENTS}"
        )
    if variables > MAX_ENVIRONMENT:
        yield (
            f"schedules.{name}.environment: has {variables} names with the job's; "
            f"{MAX_ENVIRONMENT} fit beside the program's own"
        )
    limit, end = settings.alerts.running_long_seconds, job.longest_attempt_seconds
    if limit and limit >= end:
        field = "max_wait_seconds" if job.is_spot else "max_runtime_seconds"
        yield (
            f"alerts.running_long_seconds: {limit} is never reached, a job is stopped after "
            f"{key(name, schedule, 'job', field)} = {end}; set it lower, or to null"
        )
    machine = _sizes if job.sizes else _machine
    yield from machine(name, schedule, settings.limits.max_concurrent_instances)


def _sizes(name: str, schedule: ScheduleSettings, most: int | None) -> Iterator[str]:
    job, sizes_key = schedule.job, key(name, schedule, "job", "sizes")
    yield from sizes.problems(job.sizes, most, sizes_key)
    own = job.model_fields_set & {"instance_type", "instance_count", "volume_gb"}
    if sizes_key == "job.sizes" and any(
        key(name, schedule, "job", each).startswith("schedules.") for each in own
    ):
        yield (
            f"schedules.{name}.job: its {', '.join(sorted(own))} has no effect, as the stack's "
            "job.sizes take its place; set the sizes of this schedule, to [] for none"
        )


def _machine(name: str, schedule: ScheduleSettings, most: int | None) -> Iterator[str]:
    [machine] = schedule.sizes
    if most and machine.instance_count > most:
        count_key = key(name, schedule, "job", "instance_count")
        yield (
            f"{count_key}: {machine.instance_count} is more than "
            f"limits.max_concurrent_instances = {most}; lower it, or raise the limit"
        )
    volume_key = key(name, schedule, "job", "volume_gb")
    yield from (f"{volume_key}: {each}" for _, each in sizes.volume_problems(machine))
    yield from _types(name, schedule)


def _types(name: str, schedule: ScheduleSettings) -> Iterator[str]:
    types, fallbacks = schedule.sizes[0].instance_types, schedule.retries.fallback_instance_types
    fallback_key = key(name, schedule, "retries", "fallback_instance_types")
    first = key(name, schedule, "job", "instance_type")
    if fallbacks and first != "job.instance_type" and not fallback_key.startswith("schedules."):
        # They may be far too small for it, or cost far more.
        yield (
            f"schedules.{name}.retries.fallback_instance_types: is not set, and the stack's "
            f"{', '.join(fallbacks)} stand in for job.instance_type, not for {first} = {types[0]}; "
            "set it, to [] for none"
        )
        return
    for instance_type in sorted({each for each in types if types.count(each) > 1}):
        yield (
            f"{fallback_key}: {instance_type} comes twice, with {first} as the first; name each "
            "type once"
        )
