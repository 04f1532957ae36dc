"""What a schedule on spot must be, and what of spot has no effect on demand."""

from collections.abc import Iterator

from components.settings.model import Settings
from components.settings.run_rules import key
from components.settings.schedule import ScheduleSettings
from pipeline.text import duration

_ALONE = (
    "but spot is for one: when AWS reclaims one of several machines it starts the script anew on "
    "all, and what they leave behind together is documented nowhere; set {} to {}, or {} to "
    "on-demand"
)


def problems(settings: Settings, name: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield what of a schedule's job does not go with its capacity."""
    job, wait = schedule.job, schedule.job.max_wait_seconds
    where = key(name, schedule, "job", "max_wait_seconds")
    if not job.is_spot:
        if wait and (where.startswith("schedules.") or not settings.has_spot):
            yield (
                f"{where}: {wait} has no effect on demand, where a job has its machine or fails; "
                "set job.capacity to spot, or this to null"
            )
        return
    if wait and wait < job.max_runtime_seconds:
        runtime = key(name, schedule, "job", "max_runtime_seconds")
        yield (
            f"{where}: {wait} is for waiting and running together, and less than {runtime} = "
            f"{job.max_runtime_seconds}; set more, or null for twice that"
        )
    days = settings.retention.output_days
    if days and schedule.output.bucket is None and days * 86_400 < job.longest_run_seconds:
        yield (
            f"retention.output_days: {days} would delete checkpoints of {name}, which may run for "
            f"{duration(job.longest_run_seconds)} on spot and then on demand; set more, or null"
        )
    yield from _several(name, schedule)


def _several(name: str, schedule: ScheduleSettings) -> Iterator[str]:
    """Yield where a job has several instances, by a key of its own or the stack's."""
    job = schedule.job
    capacity = key(name, schedule, "job", "capacity")

    def way_out(field: str, alone: str) -> str:
        # Where the schedule alone is on spot, the stack's value is that of others.
        where = key(name, schedule, "job", field)
        own = f"schedules.{name}.job.{field}" if capacity.startswith("schedules.") else where
        return _ALONE.format(own, alone, capacity)

    field, alone = ("sizes", "tiers of 1") if job.sizes else ("instance_count", "1")
    where = key(name, schedule, "job", field)
    for number, size in enumerate(schedule.sizes, start=1):
        if (count := size.instance_count) > 1:
            found = f"tier {number} has {count} instances" if job.sizes else f"is {count}"
            yield f"{where}: {found}, {way_out(field, alone)}"
    if job.cluster:
        cluster = key(name, schedule, "job", "cluster")
        yield f"{cluster}: true is for several instances, {way_out('cluster', 'false')}"
