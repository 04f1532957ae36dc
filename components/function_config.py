"""What the functions read beside their code: `launcher.json` and `observer.json`.

Only what settings decide; what AWS decides, such as ARNs, is in the functions' environment.
"""

from typing import Any

from components.aws import instance_types
from components.settings import Settings


def launcher(settings: Settings) -> dict[str, Any]:
    """Return the launcher's document, which it reads as LauncherConfig."""
    return {
        "stack": settings.stack,
        "prefix": settings.prefix,
        "input_prefix": settings.input.prefix,
        "output_prefix": settings.output.prefix,
        "when_empty": settings.input.when_empty,
        "max_concurrent_instances": settings.limits.max_concurrent_instances,
        "isolation": settings.network.isolation,
        "job": {
            **settings.job.model_dump(mode="json", exclude={"secrets"}),
            "volume_keys": {
                each: instance_types.takes_volume_key(each) for each in settings.attempt_types
            },
        },
        "schedules": {
            name: {
                "arguments": list(schedule.arguments),
                "environment": dict(schedule.environment),
                "overlap": schedule.overlap,
                "start_deadline_seconds": schedule.start_deadline_seconds,
            }
            for name, schedule in settings.schedules.items()
        },
        "tags": settings.all_tags,
    }


def observer(settings: Settings) -> dict[str, Any]:
    """Return the observer's document, which it reads as ObserverConfig."""
    return {
        "stack": settings.stack,
        "prefix": settings.prefix,
        "input_prefix": settings.input.prefix,
        "output_prefix": settings.output.prefix,
        "when_no_output": settings.output.when_empty,
        "time_zones": {name: each.timezone for name, each in settings.schedules.items()},
        "retries": {
            "instance_types": list(settings.instance_types),
            "larger": settings.larger_types,
            "max_size_increases": settings.retries.max_size_increases,
            "deadline_seconds": settings.retries.deadline_seconds,
        },
    }
