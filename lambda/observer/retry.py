"""Whether, when and on what machine an attempt is followed by another: decided by its outcome."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from observer import account_limit
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.schedule_config import RetryConfig

AT_ONCE = timedelta(minutes=1)
"""EventBridge Scheduler works in minutes: what is to come at once comes with the next."""
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=5), timedelta(hours=1)
"""Before an attempt that has to wait; doubles with each further one."""
_OF_SPOT = (
    *(Outcome.SPOT_NEVER_CAME, Outcome.SPOT_RECLAIMED),
    *(Outcome.CAPACITY, Outcome.QUOTA_TOO_LOW, Outcome.REFUSED),
)
"""Ends of a spot job that one on demand need not have."""
INTERNAL_ERRORS = 1
"""Attempts that may follow an internal error of SageMaker."""


@dataclass(frozen=True)
class RetryState:
    """What a slot's attempts have used up so far."""

    since: datetime
    """When the first of them was launched: the deadline counts from here."""
    instance_type: str
    """Of the latest attempt."""
    waits: int = 0
    internal_errors: int = 0
    size_increases: int = 0
    impossible: tuple[str, ...] = ()
    """Types that the account's limits will never let start."""
    capacity: str | None = None
    """`on-demand`, once spot has failed."""

    def dump(self) -> str:
        """Return it as text for the journal."""
        return json.dumps(asdict(self), default=datetime.isoformat)

    @classmethod
    def load(cls, text: str) -> Self:
        """Return what `dump` wrote."""
        document: dict[str, Any] = json.loads(text)
        since = datetime.fromisoformat(document.pop("since"))
        return cls(since, impossible=tuple(document.pop("impossible", ())), **document)


class NextAttempt(NamedTuple):
    """When it is launched, and what is used up with it."""

    at: datetime
    state: RetryState


def next_attempt(
    stack: RetryConfig, entry: Entry, ended: datetime, kind: Kind = Kind.PROCESSING
) -> NextAttempt | None:
    """Return the attempt that follows one that has ended, or None: then the slot has too.

    What spot did not give: on demand, and for good. No capacity: the next type; after the last one,
    the first again, later. A limit below one job's need: the next type, if the limit is of one
    type. Used up quota or addresses, and throttling: later. Internal error and too little memory:
    as often as is allowed. Everything else would only fail again.
    """
    # A size of the input has its own alternatives.
    types = entry.alternatives.split() if entry.alternatives else stack.instance_types
    config = replace(stack, instance_types=types)
    state = _used_up(config, entry, ended)
    of_spot = kind is Kind.TRAINING
    if of_spot and entry.outcome in _OF_SPOT:
        return _on_demand(state, ended)
    following = _by_outcome(config, state, entry, ended)
    if following is None and of_spot and entry.outcome == Outcome.QUOTA:
        return _on_demand(state, ended)
    return following


def _by_outcome(
    config: RetryConfig, state: RetryState, entry: Entry, ended: datetime
) -> NextAttempt | None:
    limit = account_limit.read(entry.reason or "")
    # What was chosen for its memory is not: the types of the settings were too small.
    replaceable = state.instance_type in config.instance_types and not state.size_increases
    match entry.outcome:
        case Outcome.CAPACITY if replaceable:
            return _other_type(config, state, ended)
        case Outcome.QUOTA_TOO_LOW if replaceable and limit and limit.is_of_a_type:
            impossible = (*state.impossible, state.instance_type)
            return _other_type(config, replace(state, impossible=impossible), ended)
        case Outcome.CAPACITY | Outcome.QUOTA | Outcome.THROTTLED | Outcome.NO_ADDRESSES:
            return _later(config, state, ended)
        case Outcome.INTERNAL_ERROR if state.internal_errors < INTERNAL_ERRORS:
            again = replace(state, internal_errors=state.internal_errors + 1)
            return NextAttempt(ended + AT_ONCE, again)
        case Outcome.OUT_OF_MEMORY if state.size_increases < config.max_size_increases:
            larger = config.larger.get(state.instance_type, "")
            increases = state.size_increases + 1
            larger_state = replace(state, size_increases=increases, instance_type=larger)
            return NextAttempt(ended + AT_ONCE, larger_state) if larger else None
        case _:
            return None


def _used_up(config: RetryConfig, entry: Entry, ended: datetime) -> RetryState:
    if not entry.retry_state:
        first_type = entry.instance_type or config.instance_types[0]
        return RetryState(entry.created or ended, first_type)
    state = RetryState.load(entry.retry_state)
    # Not as planned, if its input has grown into another size since.
    return replace(state, instance_type=entry.instance_type or state.instance_type)


def _on_demand(state: RetryState, now: datetime) -> NextAttempt:
    """Return the attempt on demand, which has all of its retries before it."""
    size = state.size_increases
    fresh = RetryState(now, state.instance_type, size_increases=size, capacity="on-demand")
    return NextAttempt(now + AT_ONCE, fresh)


def _other_type(config: RetryConfig, state: RetryState, now: datetime) -> NextAttempt | None:
    possible = [each for each in config.instance_types if each not in state.impossible]
    if not possible:
        return None
    tried = config.instance_types[: config.instance_types.index(state.instance_type) + 1]
    for each in possible:
        if each not in tried:
            return NextAttempt(now + AT_ONCE, replace(state, instance_type=each))
    return _later(config, replace(state, instance_type=possible[0]), now)


def _later(config: RetryConfig, state: RetryState, now: datetime) -> NextAttempt | None:
    at = now + min(FIRST_DELAY * 2**state.waits, LONGEST_DELAY)
    if at > state.since + timedelta(seconds=config.deadline_seconds):
        return None
    return NextAttempt(at, replace(state, waits=state.waits + 1))
