"""What the functions read beside their code: `launcher.json` and `observer.json`.

Only what settings decide; what AWS decides, such as ARNs, is in the functions' environment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from components.aws import instance_types

if TYPE_CHECKING:
    from components.settings import Settings


def launcher(settings: Settings) -> dict[str, Any]:
    """Return the launcher's document, which it reads as LauncherConfig."""
    types = instance_types.attempts(settings.ladder, settings.retries.size_ups)
    return {
        "stack": settings.stack,
        "prefix": settings.prefix,
        "input_prefix": settings.input.prefix,
        "output_prefix": settings.output.prefix,
        "when_empty": settings.input.when_empty,
        "max_instances": settings.limits.max_instances,
        "isolation": settings.network.isolation,
        "job": {
            **settings.job.model_dump(mode="json", exclude={"secrets"}),
            "volume_keys": {each: instance_types.takes_volume_key(each) for each in types},
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
        "run_days": settings.retention.run_days,
        "schedules": {
            name: {"timezone": schedule.timezone} for name, schedule in settings.schedules.items()
        },
        "retries": {
            "ladder": list(settings.ladder),
            "larger": _larger(settings),
            **settings.retries.model_dump(mode="json", exclude={"instance_types"}),
        },
    }


def _larger(settings: Settings) -> dict[str, str]:
    """Return the size-ups of every type that a run may begin with."""
    steps = settings.retries.size_ups
    return {
        small: large
        for each in settings.ladder
        for small, large in instance_types.larger(each, steps).items()
    }
