"""Whether, when and on what machine an attempt is followed by another: decided by its outcome."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pipeline.outcome import Outcome

if TYPE_CHECKING:
    from observer.config import RetryConfig

AT_ONCE = timedelta(minutes=1)
"""EventBridge Scheduler works in minutes: what is to come at once comes with the next."""
FIRST_DELAY = timedelta(minutes=5)
"""Before the first attempt that has to wait; doubles with each further one."""
LONGEST_DELAY = timedelta(hours=1)
INTERNAL_ERRORS = 1
"""So many more attempts follow internal errors of SageMaker."""


@dataclass(frozen=True)
class Chain:
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
    def load(cls, text: str) -> Chain:
        """Return what `dump` wrote."""
        document: dict[str, Any] = json.loads(text)
        since = datetime.fromisoformat(document.pop("since"))
        # An entry of an earlier deployment does not have it.
        return cls(since, impossible=tuple(document.pop("impossible", ())), **document)


@dataclass(frozen=True)
class Next:
    """The next attempt."""

    at: datetime
    chain: Chain


def next_attempt(
    config: RetryConfig, outcome: Outcome, chain: Chain, now: datetime, *, of_type: bool = False
) -> Next | None:
    """Return the attempt that follows, or None: then the slot has ended.

    No capacity: the next type to try; after the last one, the first again, later. A limit
    below one run's need: the next type, if it is `of_type`, an instance type's. Used up quota or
    addresses, and throttling: later. Internal error: once more. Too little memory: a larger
    size, as often as the settings allow. Everything else would only fail again.
    """
    match outcome:
        case Outcome.CAPACITY:
            return _other_type(config, chain, now)
        case Outcome.QUOTA_TOO_LOW if of_type:
            return _possible_type(config, chain, now)
        case Outcome.QUOTA | Outcome.THROTTLED | Outcome.NO_ADDRESSES:
            return _later(config, chain, now)
        case Outcome.INTERNAL_ERROR if chain.internal_errors < INTERNAL_ERRORS:
            again = replace(chain, internal_errors=chain.internal_errors + 1)
            return Next(now + AT_ONCE, again)
        case Outcome.OUT_OF_MEMORY if chain.size_increases < config.max_size_increases:
            larger = config.larger.get(chain.instance_type)
            sized = replace(
                chain, size_increases=chain.size_increases + 1, instance_type=larger or ""
            )
            return Next(now + AT_ONCE, sized) if larger else None
        case _:
            return None


def _other_type(config: RetryConfig, chain: Chain, now: datetime) -> Next | None:
    # A type that was chosen for its memory is waited for: those to try were too small.
    if chain.instance_type not in config.instance_types or chain.size_increases:
        return _later(config, chain, now)
    possible = [each for each in config.instance_types if each not in chain.impossible]
    tried = config.instance_types[: config.instance_types.index(chain.instance_type) + 1]
    following = next((each for each in possible if each not in tried), None)
    if following:
        return Next(now + AT_ONCE, replace(chain, instance_type=following))
    return _later(config, replace(chain, instance_type=possible[0]), now)


def _possible_type(config: RetryConfig, chain: Chain, now: datetime) -> Next | None:
    """Return the attempt on another type to try, if one may ever start."""
    # In the place of a type that was chosen for its memory there is none.
    if chain.instance_type not in config.instance_types or chain.size_increases:
        return None
    left = replace(chain, impossible=(*chain.impossible, chain.instance_type))
    if set(config.instance_types) <= set(left.impossible):
        return None
    return _other_type(config, left, now)


def _later(config: RetryConfig, chain: Chain, now: datetime) -> Next | None:
    at = now + min(FIRST_DELAY * 2**chain.waits, LONGEST_DELAY)
    if at > chain.since + timedelta(seconds=config.deadline_seconds):
        return None
    return Next(at, replace(chain, waits=chain.waits + 1))
