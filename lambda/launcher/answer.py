"""What comes of a request to the launcher."""

from typing import Literal, NamedTuple

from pipeline.outcome import State


class Answer(NamedTuple):
    """What came of a request."""

    result: Literal["started", "already started", "replacing", "waiting", "skipped", "refused"]
    status: str
    """SageMaker's word, or a State where there is no job."""
    reason: str | None = None
    """Why there is none, or why the job has its machines, where its input decides that."""


def skipped(reason: str) -> Answer:
    """Return the answer to what is not to be started, which is no failure."""
    return Answer("skipped", State.SKIPPED, reason)


def refused(reason: str) -> Answer:
    """Return the answer to what cannot be started."""
    return Answer("refused", State.REFUSED, reason)
