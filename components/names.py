"""Names that several places must agree on, within the limits of AWS."""

import re

from components.aws.models import shape

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
"""Prefixes and schedules. Without `--`, which separates the two in a job's name."""

FUNCTIONS = ("launcher", "observer")
"""Their names after `<prefix>-`."""

FAILURE_QUEUES = ("alerts", "launcher", "observer", "schedule")
"""What failed, in `<prefix>-<what>-failures`."""


def max_schedule_name(prefix: str) -> int:
    """Return how long a schedule's name may be, so that every job's name fits (AWS: 63)."""
    longest = shape("sagemaker", "CreateProcessingJob", "ProcessingJobName").metadata["max"]
    # After the prefix comes --, after the schedule slot and attempt: pipeline.attempt.job_name.
    return longest - len(prefix) - len("--") - len("-20260105T020000Z-99")


def job_name_prefix(prefix: str) -> str:
    """Return what this stack's job names begin with, and no other stack's."""
    return f"{prefix}--"


def key_alias(prefix: str) -> str:
    """Return the alias of the stack's key."""
    return f"alias/{prefix}"


def role(prefix: str, region: str, name: str) -> str:
    """Return a role's name: with the region, as the same stack may be in two of one account."""
    return f"{prefix}-{region}-{name}"


def function(prefix: str, name: str) -> str:
    """Return a function's name."""
    return f"{prefix}-{name}"


def function_logs(prefix: str, name: str) -> str:
    """Return the name of a function's log group."""
    return f"/aws/lambda/{function(prefix, name)}"


def flow_logs(prefix: str) -> str:
    """Return the name of the log group of the created VPC."""
    return f"/aws/vpc/{prefix}-flow-logs"


TESTED = "tested-"
"""Begins the tags of the images that have passed their test; then comes the time in UTC."""

SILENT_ALARM = "-failed"
"""Ends the names of the alarms that notify nobody: the observer sends a message instead."""


def alarm(prefix: str, suffix: str) -> str:
    """Return an alarm's name; by `--` no pattern of this stack's alarms admits another's."""
    return f"{prefix}--{suffix}"


def journal(prefix: str) -> str:
    """Return the name of the journal's table."""
    return f"{prefix}-journal"


def failure_queue(prefix: str, of: str) -> str:
    """Return the name of a queue of failures (AWS: 80 characters)."""
    return f"{prefix}-{of}-failures"


def topic(prefix: str, of: str) -> str:
    """Return the name of a topic through which people hear of what needs them."""
    return f"{prefix}-{of}"


def job_changes(prefix: str) -> str:
    """Return the name of the rule that brings the ends of jobs to the observer."""
    return f"{prefix}-job-changes"


def bucket(prefix: str, role: str, account: str, region: str) -> str:
    """Return a bucket name: unique in all of AWS by account and region."""
    return f"{prefix}-{role}-{account}-{region}"


MAX_PREFIX = 63 - len(bucket("", "output", "123456789012", "ap-southeast-1"))
"""28: what the longest bucket name leaves, in the regions with the longest names (AWS: 63).

It leaves 13 characters for the schedule in a job's name, and room for every other name.
"""
