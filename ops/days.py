"""The days of a schedule, by its own clock: what came of the slots of each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import takewhile
from statistics import median
from zoneinfo import ZoneInfo

from components.settings.schedule import ScheduleSettings
from ops.listing import Slot, of_attempts, on_demand_usd
from pipeline import cron
from pipeline.journal_items import Entry
from pipeline.outcome import Outcome
from pipeline.slots import Rate


class State(StrEnum):
    """What came of a slot, the worst first."""

    FAILED = "failed"
    MISSED = "missed"
    NO_RECORD = "no record"
    """It was due by the expression of today, and the journal does not have it."""
    IN_PROGRESS = "in progress"
    """It runs, waits for what it lacks, or its next attempt is planned."""
    STOPPED = "stopped"
    """By an operator, or for a later slot."""
    SKIPPED = "skipped"
    HEALED = "healed"
    """Completed, after an attempt that was not."""
    COMPLETED = "completed"


_STATES = {
    Outcome.MISSED: State.MISSED,
    Outcome.STOPPED: State.STOPPED,
    Outcome.REPLACED: State.STOPPED,
    Outcome.SKIPPED: State.SKIPPED,
    Outcome.COMPLETED: State.COMPLETED,
}
"""Every other outcome is a failure."""
_ORDER = list(State)
_GRACE = timedelta(hours=2)
"""The observer's watch notes a slot as missed after 75 minutes, at its next turn."""


@dataclass(frozen=True)
class Result:
    """What came of one slot, and the last outcome and reason other than success."""

    slot: Slot
    state: State
    outcome: str = ""
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Period:
    """Some slots of a schedule, ascending."""

    results: Sequence[Result]
    unrecorded: int = 0
    """Slots that were due and have no record."""

    @property
    def counts(self) -> dict[State, int]:
        """How many slots there are of each state, the worst first."""
        counts = Counter(result.state for result in self.results)
        counts[State.NO_RECORD] = self.unrecorded
        return {state: counts[state] for state in _ORDER if counts[state]}

    @property
    def worst(self) -> State | None:
        """The worst state of its slots; None without any."""
        return next(iter(self.counts), None)

    @cached_property
    def ran(self) -> list[Slot]:
        """The slots whose latest attempt has run to its end, the longest first."""
        slots = [each.slot for each in self.results if each.slot.run_s is not None]
        return sorted(slots, key=lambda slot: slot.run_s or 0, reverse=True)

    @property
    def median_s(self) -> float:
        """The usual duration of those that ran."""
        return median(slot.run_s or 0 for slot in self.ran)

    @property
    def longest_wait_s(self) -> float | None:
        """The longest time until one had what it lacked, and its job its instances."""
        waits = [each.slot.waited_seconds for each in self.results]
        return max((wait for wait in waits if wait is not None), default=None)

    @property
    def largest_input(self) -> Slot | None:
        """The slot with the largest input; None if no machines depend on one."""
        counted = [each.slot for each in self.results if each.slot.input_bytes is not None]
        return max(counted, key=lambda slot: slot.input_bytes or 0, default=None)

    @property
    def machines(self) -> list[str]:
        """What they ran on, or wait for."""
        return sorted({each.slot.instance for each in self.results if each.slot.created} - {""})

    @property
    def cost_usd(self) -> float:
        """What all attempts came to, without those of which it is not known."""
        return sum(each.slot.cost_usd or 0 for each in self.results)

    @property
    def on_demand_usd(self) -> float | None:
        """What they would have come to without spot; None if none was on it."""
        return on_demand_usd(each.slot for each in self.results)

    @property
    def unpriced(self) -> int:
        """Slots whose cost is not known."""
        return sum(each.slot.cost_usd is None for each in self.results)


@dataclass(frozen=True, kw_only=True)
class Day(Period):
    """The slots of one local date."""

    date: date


def of_slot(attempts: Sequence[Entry], now: datetime) -> Result:
    """Return what came of the slot that these attempts, ascending, are at."""
    slot = of_attempts(attempts, now)
    failed = [each for each in attempts if each.outcome not in (None, Outcome.COMPLETED)]
    last = failed[-1] if failed else None
    if slot.outcome is None or slot.next_attempt_at:
        state = State.IN_PROGRESS
    else:
        state = _STATES.get(Outcome(slot.outcome), State.FAILED)
    if last is None:
        return Result(slot, state, reason=f"waits for {slot.waiting_for}" * slot.is_waiting)
    if state is State.COMPLETED:
        state = State.HEALED
    return Result(slot, state, last.outcome or "", last.exit_message or last.reason or "")


def of_schedule(
    schedule: ScheduleSettings, results: Iterable[Result], now: datetime, count: int
) -> list[Day]:
    """Return the last `count` days, ascending, of which today is one."""
    zone = ZoneInfo(schedule.timezone)
    today = now.astimezone(zone).date()
    by_date: dict[date, list[Result]] = {}
    for result in sorted(results, key=lambda result: result.slot.slot):
        by_date.setdefault(result.slot.slot.astimezone(zone).date(), []).append(result)
    known = {result.slot.slot for each in by_date.values() for result in each}
    unrecorded = _unrecorded(schedule, known, now - _GRACE)
    dates = [today - timedelta(days=ago) for ago in reversed(range(count))]
    return [
        Day(date=day, results=by_date.get(day, []), unrecorded=unrecorded[day]) for day in dates
    ]


def _unrecorded(schedule: ScheduleSettings, known: set[datetime], until: datetime) -> Counter[date]:
    """Return local date -> how many slots were due since the first known one, and are not known.

    Before that the schedule may not have been there.
    """
    expression, zone = cron.parse(schedule.expression), ZoneInfo(schedule.timezone)
    if schedule.suspend or not known:
        return Counter()
    if isinstance(expression, Rate):  # AWS does not tell what it counts from, but some days have it
        seen = {slot.astimezone(zone).date() for slot in known}
        between = (until.astimezone(zone).date() - min(seen)).days
        days = {min(seen) + timedelta(days=after) for after in range(between)}
        return Counter(dict.fromkeys(days - seen, timedelta(days=1) // expression.interval))
    due = takewhile(lambda slot: slot < until, expression.following(min(known), zone))
    return Counter(slot.astimezone(zone).date() for slot in due if slot not in known)
