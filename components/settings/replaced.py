"""Keys that stack files no longer have, and what replaced each."""

_GUARD = (
    "gone, since it guarded the file that it stood in; write a condition on sagemaker:{} into a "
    "managed policy, and name that in permissions_boundary"
)
_MONITORING = "replaced by alerts.monitoring: full, or messages without alarms and dashboard"

NO_SPOT = (
    "there is no such key: processing jobs have no spot, only training jobs do; set job.capacity "
    "to spot, and the same script runs as one, with job.max_wait_seconds for its wait"
)
"""What to say of the keys that the SDK, the API and guides have for spot."""

REPLACED = {
    "base_image": "renamed to image.base",
    "job.calls": (
        "gone, since the script's text is not read any more; network.mode says what it can reach, "
        "and a script that meets no network fails with the outcome no_network"
    ),
    "network.isolation": "gone, it follows network.mode: only isolated cuts the script off",
    "limits.max_instances": "renamed to limits.max_concurrent_instances",
    "limits.instance_types": _GUARD.format("InstanceTypes"),
    "limits.max_runtime_seconds": _GUARD.format("MaxRuntimeInSeconds"),
    "retries.instance_types": "renamed to retries.fallback_instance_types",
    "retries.size_ups": "renamed to retries.max_size_increases",
    "retries.delay_seconds": "gone; the first wait is 5 minutes, and each further one is longer",
    "retries.internal_errors": "gone; one more attempt follows an internal error of SageMaker",
    "alerts.alarms": _MONITORING,
    "alerts.dashboard": _MONITORING,
    "retention.images": "gone; the repository keeps the newest 10 images",
    "retention.run_days": "gone; the journal keeps an attempt for 400 days",
    "protection": (
        "replaced by data: keep (the default, as protect: true was: the data outlive the stack), "
        "or destroy (they go with it)"
    ),
}
"""Key below the project's namespace -> what became of it, and what to do instead."""
