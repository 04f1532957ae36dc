"""The observer's events: a job's state change, a launcher's notice, or the watch's time."""

from typing import Any

from pipeline.contract import JOB_CHANGE, NOTICE
from pipeline.text import safe_repr


class EventError(Exception):
    """An event that is none of the observer's; the message says what is wrong with it."""


def parse(event: Any) -> str | None:  # noqa: ANN401 - whatever came
    """Return the name of the job that an event is about, or None for the watch's.

    Nothing else in it counts: SageMaker and the journal say how the attempt ended.

    Raises:
        EventError: says what was expected, and what came.
    """
    match event:
        case {"watch": _}:
            return None
        case {
            "source": source,
            "detail-type": kind,
            "detail": {"ProcessingJobName": str(name)},
        } if (source, kind) in (JOB_CHANGE, NOTICE):
            return name
        case _:
            known = " or ".join(" / ".join(each) for each in (JOB_CHANGE, NOTICE))
            raise EventError(
                f"the event must be of {known}, with detail.ProcessingJobName, or the watch's "
                f'{{"watch": TIME}}, not {safe_repr(event)}'
            )
