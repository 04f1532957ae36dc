"""What the journal holds, as objects and as DynamoDB's items."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from pipeline.attempt import Attempt, parse_slot, slot_text
from pipeline.kind import Kind

Item = dict[str, Any]
"""Name -> DynamoDB's own form of a value."""
REPLACED_BY = "replaced by "
"""Begins the mark of a job that the launcher stops for another one, whose name follows."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is known of one attempt."""

    schedule: str
    slot: datetime
    number: int
    job_name: str
    status: str | None = None
    """SageMaker's word, or a State where there is no job."""
    reason: str | None = None
    exit_message: str | None = None
    instance_type: str | None = None
    """Of the job; before there is one, the type that is planned for it."""
    instance_count: int | None = None
    volume_gb: int | None = None
    """Of each instance."""
    input_bytes: int | None = None
    """As far as the launcher counted; None where the machines do not depend on it."""
    input_objects: int | None = None
    sized_by: str | None = None
    """Why it has these machines, in words."""
    alternatives: str | None = None
    """The types that its size has when there is no capacity, with a space between."""
    capacity: str | None = None
    """`spot`, of a job; before there is one `on-demand`, where an earlier attempt chose that."""
    training_s: int | None = None
    """How long a spot job had its instance; None of others."""
    billable_s: int | None = None
    """As many of those seconds as are paid."""
    created: datetime | None = None
    """None if there is no job."""
    started: datetime | None = None
    """None if its containers never ran."""
    ended: datetime | None = None
    outcome: str | None = None
    """An Outcome; None until the end was dealt with."""
    cost_usd: float | None = None
    on_demand_usd: float | None = None
    """What the time of a spot job would have cost on demand; None of others."""
    next_attempt_at: datetime | None = None
    """When the next attempt is launched; None if there is none."""
    planned_for: datetime | None = None
    """When this attempt is launched, if an earlier one planned it; while it waits, when it was last
    asked for."""
    waiting_for: str | None = None
    """What it lacked when it was last asked for, and until when it waits, in words."""
    launching_until: datetime | None = None
    """How long the launcher's invocation that took it may go on; None if none has."""
    retry_state: str | None = None
    """What the earlier attempts used up, as JSON (observer.retry.RetryState)."""
    asked_by: str | None = None
    """`operator`, if a person asked for it or for an earlier attempt that it follows."""
    stop: str | None = None
    """Who asked for the job's stop: `operator`, or REPLACED_BY and a job."""
    success_marker: str | None = None
    """S3 URI of the slot's _SUCCESS."""
    concluded_at: datetime | None = None

    @classmethod
    def of(cls, attempt: Attempt, job_name: str, **known: Any) -> Self:  # noqa: ANN401 - any field
        """Return the entry of an attempt of which no more is known."""
        return cls(**vars(attempt), job_name=job_name, **known)

    @property
    def attempt(self) -> Attempt:
        """Which attempt this is."""
        return Attempt(self.schedule, self.slot, self.number)

    @property
    def kind(self) -> Kind:
        """The kind of its job."""
        return Kind.of(self.capacity)

    @property
    def instance(self) -> str:
        """What it runs on, in words; nothing if that is not known."""
        count = f"{self.instance_count} x " if (self.instance_count or 1) > 1 else ""
        spot = " on spot" if self.capacity == "spot" else ""
        return f"{count}{self.instance_type}{spot}" if self.instance_type else ""

    @property
    def is_waiting(self) -> bool:
        """Whether it waits for what it lacks, unless it has a job that nobody has dealt with."""
        return bool(self.waiting_for) and not (self.status or self.created or self.concluded_at)

    @property
    def run_s(self) -> float | None:
        """Seconds from the start to the end, if it started."""
        return seconds_between(self.started, self.ended)

    @property
    def saved(self) -> float | None:
        """The part of a spot job's time that is not paid, from 0 to 1; None of other jobs."""
        if not self.training_s or self.billable_s is None:
            return None
        return 1 - self.billable_s / self.training_s

    @property
    def beside_key(self) -> dict[str, Any]:
        """What is known of it, by field."""
        return {name: getattr(self, name) for name in _BESIDE_KEY}


_TIMES = {
    *("created", "started", "ended", "next_attempt_at", "planned_for", "concluded_at"),
    *("last_success", "failing_since", "recovered_from", "launching_until"),
}
_NUMBERS = {
    **dict.fromkeys(("instance_count", "volume_gb", "input_bytes", "input_objects"), int),
    **dict.fromkeys(("training_s", "billable_s"), int),
    **dict.fromkeys(("cost_usd", "on_demand_usd"), float),
}
_BESIDE_KEY = {field.name for field in fields(Entry)} - {"schedule", "slot", "number"}


def seconds_between(begin: datetime | None, end: datetime | None) -> float | None:
    """Return the seconds from one time to the other, never fewer than 0; None without both."""
    return max(0.0, (end - begin).total_seconds()) if begin and end else None


def attempt_key(attempt: Attempt) -> Item:
    """Return the key of an attempt's item; a slot's attempts lie together, in their order."""
    sort = f"{slot_text(attempt.slot)}#{attempt.number:02}"
    return {"schedule": {"S": attempt.schedule}, "attempt": {"S": sort}}


def health_key(schedule: str) -> Item:
    """Return the key of a schedule's health; no slot begins like it."""
    return {"schedule": {"S": schedule}, "attempt": {"S": "health"}}


def to_item(values: Mapping[str, str | float | datetime | None]) -> Item:
    """Return values as the table holds them: what is None is left out."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> Entry:
    """Return the entry that an item holds."""
    slot, _, number = item["attempt"]["S"].partition("#")
    known = {name: value(item, name) for name in _BESIDE_KEY}
    return Entry(schedule=item["schedule"]["S"], slot=parse_slot(slot), number=int(number), **known)


def value(item: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - by its name
    """Return what an attribute of an item means; None where there is none."""
    if name not in item:
        return None
    [text] = item[name].values()
    return datetime.fromisoformat(text) if name in _TIMES else _NUMBERS.get(name, str)(text)


def _attribute(value: str | float | datetime) -> Item:
    if isinstance(value, datetime):
        return {"S": value.astimezone(UTC).isoformat(timespec="milliseconds")}
    if isinstance(value, float):
        return {"N": f"{value:.10g}"}
    return {"S": value} if isinstance(value, str) else {"N": str(value)}
