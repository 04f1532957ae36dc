"""What the functions read beside their code, in pipeline/config.py.

Only what settings decide; what AWS decides, such as ARNs, is in the functions' environment.
"""

from typing import Any

from components.aws import instance_types
from components.settings import Settings

_OF_A_SCHEDULE = {
    *("expression", "timezone", "arguments", "environment", "overlap", "start_deadline_seconds")
}


def document(settings: Settings) -> dict[str, Any]:
    """Return the one document of all functions, which they read as StackConfig."""
    return {
        "stack": settings.stack,
        "prefix": settings.prefix,
        "input_prefix": settings.input.prefix,
        "output_prefix": settings.output.prefix,
        "when_no_input": settings.input.when_empty,
        "when_no_output": settings.output.when_empty,
        "max_concurrent_instances": settings.limits.max_concurrent_instances,
        "isolation": settings.network.mode == "isolated",
        "job": {
            **settings.job.model_dump(mode="json", exclude={"secrets"}),
            "volume_keys": {
                each: instance_types.takes_volume_key(each) for each in settings.attempt_types
            },
        },
        "schedules": {
            name: schedule.model_dump(mode="json", include=_OF_A_SCHEDULE)
            for name, schedule in settings.schedules.items()
        },
        "retries": {
            "instance_types": list(settings.instance_types),
            "larger": settings.larger_types,
            "max_size_increases": settings.retries.max_size_increases,
            "deadline_seconds": settings.retries.deadline_seconds,
        },
        "tags": settings.all_tags,
    }
