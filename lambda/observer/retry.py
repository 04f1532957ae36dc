"""Whether, when and on what machine an attempt is followed by another: decided by its outcome."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from pipeline.config import RetryConfig
from pipeline.outcome import Outcome

AT_ONCE = timedelta(minutes=1)
"""EventBridge Scheduler works in minutes: what is to come at once comes with the next."""
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=5), timedelta(hours=1)
"""Before an attempt that has to wait; doubles with each further one."""
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

    def dump(self) -> str:
        """Return it as text for the journal."""
        return json.dumps({**asdict(self), "since": self.since.isoformat()})

    @classmethod
    def load(cls, text: str) -> Self:
        """Return what `dump` wrote."""
        document: dict[str, Any] = json.loads(text)
        since = datetime.fromisoformat(document.pop("since"))
        return cls(since, impossible=tuple(document.pop("impossible", ())), **document)


@dataclass(frozen=True)
class NextAttempt:
    """The next attempt."""

    at: datetime
    state: RetryState


def next_attempt(
    config: RetryConfig,
    outcome: str | None,
    state: RetryState,
    now: datetime,
    *,
    limit_of_one_type: bool = False,
) -> NextAttempt | None:
    """Return the attempt that follows, or None: then the slot has ended.

    No capacity: the next type; after the last one, the first again, later. A limit below one job's
    need: the next type, if the limit is of one type. Used up quota or addresses, and throttling:
    later. Internal error and too little memory: as often as is allowed. Everything else would only
    fail again.
    """
    match outcome:
        case Outcome.CAPACITY:
            return _other_type(config, state, now)
        case Outcome.QUOTA_TOO_LOW if limit_of_one_type:
            return _possible_type(config, state, now)
        case Outcome.QUOTA | Outcome.THROTTLED | Outcome.NO_ADDRESSES:
            return _later(config, state, now)
        case Outcome.INTERNAL_ERROR if state.internal_errors < INTERNAL_ERRORS:
            again = replace(state, internal_errors=state.internal_errors + 1)
            return NextAttempt(now + AT_ONCE, again)
        case Outcome.OUT_OF_MEMORY if state.size_increases < config.max_size_increases:
            larger = config.larger.get(state.instance_type, "")
            increases = state.size_increases + 1
            larger_state = replace(state, size_increases=increases, instance_type=larger)
            return NextAttempt(now + AT_ONCE, larger_state) if larger else None
        case _:
            return None


def _other_type(config: RetryConfig, state: RetryState, now: datetime) -> NextAttempt | None:
    # A type that was chosen for its memory is waited for: those of the settings were too small.
    if state.instance_type not in config.instance_types or state.size_increases:
        return _later(config, state, now)
    possible = [each for each in config.instance_types if each not in state.impossible]
    tried = config.instance_types[: config.instance_types.index(state.instance_type) + 1]
    following = next((each for each in possible if each not in tried), None)
    if following:
        return NextAttempt(now + AT_ONCE, replace(state, instance_type=following))
    return _later(config, replace(state, instance_type=possible[0]), now)


def _possible_type(config: RetryConfig, state: RetryState, now: datetime) -> NextAttempt | None:
    """Return the attempt on another type of the settings, if one may ever start."""
    # In the place of a type that was chosen for its memory there is none.
    if state.instance_type not in config.instance_types or state.size_increases:
        return None
    left = replace(state, impossible=(*state.impossible, state.instance_type))
    if set(config.instance_types) <= set(left.impossible):
        return None
    return _other_type(config, left, now)


def _later(config: RetryConfig, state: RetryState, now: datetime) -> NextAttempt | None:
    at = now + min(FIRST_DELAY * 2**state.waits, LONGEST_DELAY)
    if at > state.since + timedelta(seconds=config.deadline_seconds):
        return None
    return NextAttempt(at, replace(state, waits=state.waits + 1))
