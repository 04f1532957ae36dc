"""Keys that stack files no longer have, and what replaced each."""

from __future__ import annotations

GUARD = (
    "it guarded the file that it stood in; put sagemaker:{} into a managed policy and name that in "
    "permissions_boundary"
)

REPLACED = {
    "base_image": "is image.base now",
    "protection": (
        "is data now: keep (what protect: true did, and the data outlive the stack), or destroy"
    ),
    "retention.images": "the repository always keeps the newest 10 images",
    "retention.run_days": "the journal always keeps an attempt for 400 days",
    "limits.instance_types": GUARD.format("InstanceTypes"),
    "limits.max_runtime_seconds": GUARD.format("MaxRuntimeInSeconds"),
    "limits.max_instances": "is limits.max_concurrent_instances now",
    "retries.instance_types": "is retries.fallback_instance_types now",
    "retries.size_ups": "is retries.max_size_increases now",
    "retries.delay_seconds": "the first wait is always 5 minutes, and each further one is longer",
    "retries.internal_errors": "one more attempt always follows an internal error of SageMaker",
    "alerts.alarms": "is alerts.monitoring now: full, or messages for neither alarms nor dashboard",
    "alerts.dashboard": "is alerts.monitoring now: full, or messages for neither of both",
    "network.isolation": "follows network.mode: isolated, or a network that the script can use",
    "job.calls": (
        "the script's calls are not checked any more; network.mode says what it can reach, and a "
        "job that meets no network says so"
    ),
}
"""Key below the project's namespace -> what to do instead."""
