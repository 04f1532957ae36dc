"""What a test leaves in a stack, and its removal: after it, or before the next one."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from acceptance.canary import NAME, NOTE, Canary
from acceptance.inbox import Inbox
from ops.run import ask_to_stop
from ops.session import Session, explain
from ops.stack import OpsError, Stack
from pipeline.attempt import Attempt, job_name, parse_slot
from pipeline.outcome import State
from pipeline.prefix import Prefix

_STOPS_WITHIN = timedelta(minutes=10)
"""SIGKILL comes 120 seconds after SIGTERM, and then the instance is given back."""


def find(session: Session) -> list[Canary]:
    """Return the tests that have left something."""
    stack = session.stack
    s3, bucket = stack.client("s3"), stack.input_bucket(NAME)
    found: list[Canary] = []
    for item in Prefix(bucket, NOTE).objects(s3):
        key = item.get("Key", "")
        name = key.removeprefix(NOTE).removesuffix(".json")
        began = datetime.strptime(name, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        events = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        attempts = [
            _attempt(each) for each in events if each["schedule"] in stack.settings.schedules
        ]
        found.append(Canary(session, began, attempts))
    return found


def remove(canary: Canary) -> tuple[list[str], list[str]]:
    """Take away all that a test has left; return what that was, and what could not be removed."""
    session = canary.session
    stack = session.stack
    removed: list[str] = []
    problems: list[str] = []

    def take(step: Callable[[], Iterator[str]]) -> None:
        try:
            removed.extend(step())
        except (BotoCoreError, ClientError) as error:
            problems.append(explain(error, stack))
        except OpsError as error:
            problems.append(str(error))

    take(lambda: stop(session, canary.attempts))
    take(lambda: _objects(stack, canary.attempts))
    inbox = Inbox(stack, canary.name)
    take(lambda: iter([f"queue {inbox.queue}"] if inbox.close() else []))
    if not problems:  # else the next test finds it
        take(lambda: _forget(stack, canary))
    return removed, problems


def stop(session: Session, attempts: list[Attempt]) -> Iterator[str]:
    """Stop the jobs of slots, and what is planned for them; yield what that was.

    Raises:
        OpsError: a job has not stopped.
    """
    stack, running = session.stack, list[str]()
    for first in attempts:
        jobs = dict(stack.jobs.listed(first.schedule, first.slot))
        for attempt, listed in jobs.items():
            if listed.is_active and (job := stack.jobs.find_active(listed.name)):
                ask_to_stop(stack, attempt, job)
                running.append(job.name)
                yield f"job {job.name}"
        for entry in stack.journal.attempts(first.schedule, first.slot):
            if entry.attempt not in jobs and entry.status is None and not entry.concluded_at:
                why = "Stopped: its test is over"
                name = job_name(stack.prefix, entry.attempt)
                stack.journal.refuse(entry.attempt, name, State.SKIPPED, why, session.now())
                yield f"planned {name}"
    # A job that goes on would write again.
    until = session.now() + _STOPS_WITHIN
    while running := [name for name in running if stack.jobs.find_active(name)]:
        if session.now() > until:
            raise OpsError(f"{', '.join(running)}: asked to stop, and goes on")
        session.pause()


def _objects(stack: Stack, attempts: list[Attempt]) -> Iterator[str]:
    for attempt in attempts:
        for place in (stack.input_of(attempt), stack.output_of(attempt)):
            if keys := set(_delete(stack, place)):
                yield f"all below {place.uri} ({len(keys)})"


def _forget(stack: Stack, canary: Canary) -> Iterator[str]:
    for _ in _delete(stack, Prefix(stack.input_bucket(NAME), f"{NOTE}{canary.name}.json")):
        yield from ()


def _delete(stack: Stack, place: Prefix) -> Iterator[str]:
    """Delete every version of what lies at a place; yield the keys."""
    s3 = stack.client("s3")
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=place.bucket, Prefix=place.key)
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
        if not objects:
            continue
        answer = s3.delete_objects(Bucket=place.bucket, Delete={"Objects": objects, "Quiet": True})
        for error in answer.get("Errors", []):
            raise OpsError(f"{error['Key']} cannot be deleted: {error['Code']}")
        yield from (each["Key"] for each in objects)


def _attempt(event: dict[str, Any]) -> Attempt:
    return Attempt(event["schedule"], parse_slot(event["slot"]), event["attempt"])
