"""The observer's events: a job's state change, a launcher's notice, or the watch's time."""

from __future__ import annotations

from typing import Any, cast

from pipeline.contract import JOB_CHANGE, NOTICE
from pipeline.text import safe_repr


class EventError(Exception):
    """An event that is none of the observer's; the message says what is wrong with it."""


def parse(event: object) -> str | None:
    """Return the name of the job that an event is about, or None for the watch's.

    Nothing else in it counts: SageMaker and the journal say how the attempt ended.

    Raises:
        EventError: says what was expected, and what came.
    """
    if not isinstance(event, dict):
        raise EventError(f"the event must be a JSON object, not {safe_repr(event)}")
    fields = cast("dict[str, Any]", event)
    if "watch" in fields:
        return None
    kind = (fields.get("source"), fields.get("detail-type"))
    if kind not in (JOB_CHANGE, NOTICE):
        raise EventError(
            f"source and detail-type {safe_repr(kind)} must be {JOB_CHANGE} or {NOTICE}, "
            'or the event {"watch": TIME}'
        )
    detail = fields.get("detail")
    values = cast("dict[str, Any]", detail) if isinstance(detail, dict) else {}
    name = values.get("ProcessingJobName")
    if not isinstance(name, str):
        raise EventError(
            "detail must hold ProcessingJobName as a string, "
            f"not {safe_repr(cast('object', detail))}"
        )
    return name
