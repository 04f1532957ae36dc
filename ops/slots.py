"""A slot as a whole, in one row: what became of its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ops.stack import Description
from pipeline import jobs
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry
from pipeline.outcome import NO_FAILURE


@dataclass(frozen=True, kw_only=True)
class Slot(Entry):
    """A slot: its latest attempt, and what all of them come to.

    Its cost is that of all attempts that have ended, and None if that of one is not known.
    """

    attempts: int
    """That were made; one that is only planned does not count."""
    duration_seconds: float | None
    """Of the latest attempt; so far, while it runs."""
    queue_seconds: float | None
    """From its creation until it had its instances; so far, while it waits."""

    @property
    def instance(self) -> str:
        """What it runs on, in words."""
        kind = self.instance_type or ""
        return f"{self.instance_count} x {kind}" if (self.instance_count or 1) > 1 else kind

    @property
    def failed(self) -> bool:
        """Whether its latest attempt failed, even if another is to come."""
        return self.outcome is not None and self.outcome not in NO_FAILURE


def of_attempts(entries: Sequence[Entry], now: datetime) -> Slot:
    """Return the slot that these attempts, ascending, are at."""
    made = [entry for entry in entries if entry.concluded_at or not entry.planned_for]
    last = made[-1] if made else entries[-1]
    costs = [entry.cost_usd for entry in entries if entry.started and entry.ended]
    cost = None if None in costs else sum(cost for cost in costs if cost is not None)
    return Slot(
        **vars(replace(last, cost_usd=cost)),
        attempts=len(made),
        duration_seconds=_seconds(last.started, last.ended or now),
        queue_seconds=_seconds(last.created, last.started or last.ended or now),
    )


def running(attempt: Attempt, job: Description) -> Entry:
    """Return an attempt as the journal would have it, if it knew of jobs that run."""
    cluster = job["ProcessingResources"]["ClusterConfig"]
    return Entry(
        schedule=attempt.schedule,
        slot=attempt.slot,
        number=attempt.number,
        job_name=job["ProcessingJobName"],
        status=job["ProcessingJobStatus"],
        instance_type=jobs.instance_type(cluster),
        instance_count=jobs.instance_count(cluster),
        created=job["CreationTime"],
        started=job.get("ProcessingStartTime"),
    )


def _seconds(begin: datetime | None, end: datetime) -> float | None:
    return (end - begin).total_seconds() if begin else None
