"""Whether an attempt starts now: decided from what is known, without calling anybody."""

from collections.abc import Sequence
from typing import NamedTuple

from launcher.event import Request, Trigger
from pipeline.attempt import Attempt, job_name
from pipeline.config import LauncherConfig
from pipeline.outcome import State


class Refusal(NamedTuple):
    """The attempt is not started."""

    status: State
    reason: str


def too_late(config: LauncherConfig, request: Request) -> Refusal | None:
    """Return the refusal of a slot that was delivered after its start deadline."""
    limit = config.schedules[request.attempt.schedule].start_deadline_seconds
    late = (request.received - request.attempt.slot).total_seconds()
    if request.trigger != Trigger.SCHEDULE or limit is None or late <= limit:
        return None
    how = f"delivered {late:.0f} s after its time, and start_deadline_seconds is {limit}"
    return Refusal(State.SKIPPED, f"StartDeadline: {how}")


def overlap(config: LauncherConfig, request: Request) -> str:
    """Return what the schedule's other attempts mean for this one: nothing for an operator's."""
    if request.trigger == Trigger.OPERATOR:
        return "Allow"
    return config.schedules[request.attempt.schedule].overlap


def replaces(config: LauncherConfig, request: Request, others: Sequence[Attempt]) -> bool:
    """Return whether the attempt takes the place of the schedule's `others`, running or about to.

    That is for the latest slot: a retry of an earlier one, or a late one, stops nothing.
    """
    latest = all(other.slot <= request.attempt.slot for other in others)
    return latest and overlap(config, request) == "Replace"


def overlapping(
    config: LauncherConfig, request: Request, others: Sequence[Attempt]
) -> Refusal | None:
    """Return the refusal of an attempt that neither replaces `others` nor runs beside them."""
    setting = overlap(config, request)
    if not others or setting == "Allow":
        return None
    names = ", ".join(job_name(config.prefix, other) for other in others)
    return Refusal(State.SKIPPED, f"Overlap: {names} has not ended, and overlap is {setting}")


def empty(config: LauncherConfig, uri: str) -> Refusal | None:
    """Return the refusal of a slot without input, unless it is to run all the same."""
    if config.when_no_input == "run":
        return None
    status = State.SKIPPED if config.when_no_input == "skip" else State.REFUSED
    return Refusal(status, f"EmptyInput: there is no object under {uri}")


def beyond_limit(config: LauncherConfig, running: int) -> Refusal | None:
    """Return the refusal of an attempt if the stack's other jobs, `running`, leave it no room.

    A failure like that of a quota, so that the observer tries again later. The text has no name in
    it that somebody chose, since the observer finds the class of the failure by its words.
    """
    limit, wanted = config.max_concurrent_instances, config.job.instance_count
    if limit is None or running + wanted <= limit:
        return None
    return Refusal(
        State.REFUSED,
        f"InstanceLimit: the stack's own limits.max_concurrent_instances is {limit}, its other "
        f"jobs have {running}, and this one takes {wanted}. Wait until one has ended, or raise it",
    )
