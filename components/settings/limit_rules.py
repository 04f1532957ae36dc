"""Whether a stack keeps within its own guard rails: each problem is one line, `key: problem`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.aws import instance_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from components.settings.model import Settings


def problems(settings: Settings) -> Iterator[str]:
    """Yield every setting that goes beyond `limits`."""
    job, limits = settings.job, settings.limits
    if limits.instance_types is not None:
        for key, instance_type in sorted(_types(settings)):
            if instance_type not in limits.instance_types:
                allowed = ", ".join(limits.instance_types) or "none"
                yield (
                    f"{key}: {instance_type} is not in limits.instance_types: {allowed}; "
                    "choose one of them, or allow it there"
                )
    if limits.max_runtime_seconds and job.max_runtime_seconds > limits.max_runtime_seconds:
        yield (
            f"job.max_runtime_seconds: {job.max_runtime_seconds} is more than "
            f"limits.max_runtime_seconds = {limits.max_runtime_seconds}; "
            "lower it, or raise the limit"
        )
    if limits.max_instances and job.instance_count > limits.max_instances:
        yield (
            f"job.instance_count: {job.instance_count} is more than "
            f"limits.max_instances = {limits.max_instances}; lower it, or raise the limit"
        )


def _types(settings: Settings) -> set[tuple[str, str]]:
    """Return the key that lets an attempt use a type, and the type."""
    retries = settings.retries
    larger = [instance_types.larger(each, retries.size_ups) for each in settings.ladder]
    return {
        ("job.instance_type", settings.job.instance_type),
        *(("retries.instance_types", each) for each in retries.instance_types),
        *(("retries.size_ups", each) for chain in larger for each in chain.values()),
    }
