"""What the functions read beside their code, in pipeline/config.py.

Only what settings decide; what AWS decides, such as ARNs, is in the functions' environment.
"""

from typing import Any

from components.aws import instance_types
from components.settings import ScheduleSettings, Settings, SizeSettings

_OF_A_SCHEDULE = {
    *("expression", "timezone", "overlap", "start_deadline_seconds", "suspend", "script")
}
_OF_INPUT = {*("bucket", "prefix", "output_of", "when_empty", "when_late", "wait_seconds")}
_OF_OUTPUT = {"bucket", "prefix", "when_empty"}


def document(settings: Settings) -> dict[str, Any]:
    """Return the one document of all functions, which they read as StackConfig."""
    return {
        "stack": settings.stack,
        "prefix": settings.prefix,
        "recovery_region": settings.recovery.region,
        "home_region": settings.home_region,
        "job_kinds": settings.job_kinds,
        "max_concurrent_instances": settings.limits.max_concurrent_instances,
        "isolation": settings.network.mode == "isolated",
        "encrypt_traffic": settings.is_sharded,
        "defaults": _schedule(settings.defaults),
        "schedules": {name: _schedule(each) for name, each in settings.schedules.items()},
        "tags": settings.all_tags,
    }


def _schedule(schedule: ScheduleSettings) -> dict[str, Any]:
    types, reference = schedule.attempt_types, schedule.sources.get("reference")
    return {
        **schedule.model_dump(mode="json", include=_OF_A_SCHEDULE),
        "after": schedule.follows,
        "job": {
            "sizes": [_size(schedule, each) for each in schedule.sizes],
            "cluster": schedule.job.cluster,
            "capacity": schedule.job.capacity,
            "max_wait_seconds": schedule.job.longest_wait_seconds,
            "max_runtime_seconds": schedule.job.max_runtime_seconds,
            "arguments": schedule.all_arguments,
            "environment": schedule.all_environment,
            "volume_keys": {each: instance_types.takes_volume_key(each) for each in types},
            "volume_limits": {each: instance_types.largest_volume(each) for each in types},
        },
        "input": {
            **schedule.input.model_dump(mode="json", include=_OF_INPUT),
            "ready": schedule.ready,
        },
        "reference": reference and {"bucket": reference.bucket, "prefix": reference.prefix},
        "output": schedule.output.model_dump(mode="json", include=_OF_OUTPUT),
        "retries": {
            "instance_types": list(schedule.sizes[0].instance_types),
            "larger": schedule.larger_types,
            "max_size_increases": schedule.retries.max_size_increases,
            "deadline_seconds": schedule.retries.deadline_seconds,
        },
    }


def _size(schedule: ScheduleSettings, size: SizeSettings) -> dict[str, Any]:
    return {
        "up_to_gb": size.up_to_gb,
        "instance_types": list(size.instance_types),
        "attempt_types": schedule.attempt_types_of(size),
        "instance_count": size.instance_count,
        "volume_gb": size.volume_gb,
    }
