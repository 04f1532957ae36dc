"""The observer's events: a job's state change, a launcher's notice, or the watch's time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from observer.ending import Ending
from pipeline.attempt import END_OF_SLOTS, FIRST_SLOT
from pipeline.safe_repr import safe_repr

_JOB_CHANGE = ("aws.sagemaker", "SageMaker Processing Job State Change")
_NOT_STARTED = ("sagemaker-processing.launcher", "Processing Job Not Started")
_LONGEST_REASON = 1024
"""Characters, as of SageMaker's FailureReason."""
_STATUSES = {"Failed": "NotStarted", "Skipped": "Skipped"}


class EventError(Exception):
    """An event that is none of the observer's; the message says what is wrong with it."""


@dataclass(frozen=True)
class Watch:
    """The watch's turn."""


@dataclass(frozen=True)
class Change:
    """An attempt has ended, or never began."""

    job_name: str
    notice: Ending | None
    """What the launcher tells of an attempt without a job; None where SageMaker knows more."""


def parse(event: object) -> Watch | Change:
    """Return what an event means.

    Raises:
        EventError: says what was expected, and what came.
    """
    if not isinstance(event, dict):
        raise EventError(f"the event must be a JSON object, not {safe_repr(event)}")
    fields = cast("dict[str, Any]", event)
    if "watch" in fields:
        return _watch(fields["watch"])
    kind = (fields.get("source"), fields.get("detail-type"))
    if kind not in (_JOB_CHANGE, _NOT_STARTED):
        raise EventError(
            f"source and detail-type {safe_repr(kind)} must be {_JOB_CHANGE} or {_NOT_STARTED}, "
            'or the event {"watch": TIME}'
        )
    detail = fields.get("detail")
    values = cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}
    name, status = values.get("ProcessingJobName"), values.get("ProcessingJobStatus")
    if not isinstance(name, str) or not isinstance(status, str):
        raise EventError(
            "detail must hold ProcessingJobName and ProcessingJobStatus as strings, "
            f"not {safe_repr(cast('object', detail))}"
        )
    if kind == _JOB_CHANGE:
        return Change(name, None)
    return Change(name, _notice(status, values.get("FailureReason"), fields.get("time")))


def _watch(time: object) -> Watch:
    if not isinstance(time, str):
        raise EventError(f"watch {safe_repr(time)} must be the time, as a string")
    return Watch()


def _notice(status: str, reason: object, time: object) -> Ending:
    if status not in _STATUSES:
        allowed = ", ".join(_STATUSES)
        raise EventError(
            f"detail.ProcessingJobStatus {safe_repr(status)} must be one of: {allowed}"
        )
    if not isinstance(reason, str | None):
        raise EventError(f"detail.FailureReason {safe_repr(reason)} must be a string")
    return Ending(
        status=_STATUSES[status], reason=(reason or "")[:_LONGEST_REASON], ended=_instant(time)
    )


def _instant(time: object) -> datetime:
    """Return the event's time, the same for each delivery of it."""
    try:
        instant = datetime.fromisoformat(time) if isinstance(time, str) else None
    except ValueError:
        instant = None
    # Those without a zone are no instants, and cannot be compared with the others.
    if instant is None or instant.tzinfo is None or not FIRST_SLOT <= instant < END_OF_SLOTS:
        raise EventError(f"time {safe_repr(time)} must be like 2026-01-05T02:00:00Z")
    return instant.astimezone(UTC)
