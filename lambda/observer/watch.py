"""The watch: what no event tells. Jobs that run too long, ends that nobody heard of, lost slots."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from observer import metrics
from observer.ending import Ending
from observer.observe import ENDED, logger
from pipeline import cron
from pipeline.attempt import Attempt, job_name, parse_job_name
from pipeline.slots import Rate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mypy_boto3_sagemaker.type_defs import ProcessingJobSummaryTypeDef
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_scheduler.type_defs import GetScheduleOutputTypeDef

    from observer.observe import Observer
    from pipeline.journal import Entry
    from pipeline.slots import Expression

LOOK_BACK = timedelta(days=1)
"""What is older has been seen by some three hundred turns of the watch before."""
EVENT_GRACE = timedelta(minutes=2)
"""After its end a job's own event deserves the chance to arrive."""
LAUNCH_GRACE = timedelta(minutes=75)
"""EventBridge Scheduler goes on trying to deliver for an hour; see components/schedule.py."""
MOST_SLOTS = 100
"""Of one schedule, the latest: where it runs every minute, those of 100 minutes."""


class WatchError(Exception):
    """Part of a turn failed; the message lists what. The rest was done."""


@dataclass(frozen=True)
class Turn:
    """One turn of the watch."""

    observer: Observer
    scheduler: EventBridgeSchedulerClient
    owner: str
    now: datetime

    def take(self) -> dict[str, str]:
        """Look at every schedule; return job name -> what came of it, for all that was found.

        Raises:
            WatchError: names each job or schedule that could not be dealt with.
        """
        jobs = list(self._jobs())
        found: dict[str, str] = {}
        problems: list[str] = []
        for schedule in self.observer.config.zones:
            own = [(job, attempt) for job, attempt in jobs if attempt.schedule == schedule]
            with _noting(problems, schedule):
                deployed = self._deployed(schedule)
                if deployed is None:
                    continue
                self._measure(schedule, own, deployed)
                for name, notice in self._unconcluded(schedule, own, deployed):
                    with _noting(problems, name):
                        found[name] = self.observer.observe(
                            name, notice, self.owner, self.now, own_finding=True
                        )
        if problems:
            raise WatchError("; ".join(problems))
        return found

    def _jobs(self) -> Iterator[tuple[ProcessingJobSummaryTypeDef, Attempt]]:
        """Yield the stack's jobs that run, and those that changed since LOOK_BACK."""
        config, client = self.observer.config, self.observer.sagemaker
        seen: set[str] = set()
        for wanted in (
            {"StatusEquals": "InProgress"},
            {"StatusEquals": "Stopping"},
            {"LastModifiedTimeAfter": self.now - LOOK_BACK},
        ):
            pages = client.get_paginator("list_processing_jobs").paginate(
                NameContains=f"{config.prefix}--",
                **wanted,  # pyright: ignore[reportArgumentType] - of the right type, each
            )
            for page in pages:
                for job in page["ProcessingJobSummaries"]:
                    attempt = parse_job_name(config.prefix, job["ProcessingJobName"])
                    if attempt and job["ProcessingJobName"] not in seen:
                        seen.add(job["ProcessingJobName"])
                        yield job, attempt

    def _deployed(self, schedule: str) -> GetScheduleOutputTypeDef | None:
        group = self.observer.config.deployed.schedule_group
        try:
            return self.scheduler.get_schedule(GroupName=group, Name=schedule)
        except self.scheduler.exceptions.ResourceNotFoundException:
            return None

    def _measure(
        self,
        schedule: str,
        jobs: Sequence[tuple[ProcessingJobSummaryTypeDef, Attempt]],
        deployed: GetScheduleOutputTypeDef,
    ) -> None:
        """Emit how long the schedule has had no success, and how long its longest job runs."""
        running = [
            (self.now - job["CreationTime"]).total_seconds()
            for job, _ in jobs
            if job["ProcessingJobStatus"] not in ENDED
        ]
        since = min(_first_due(deployed), self.now)
        last = self.observer.journal.health(schedule).last_success
        quiet = (self.now - max(last or since, since)).total_seconds()
        values = {"SecondsRunning": max(running, default=0), "SecondsSinceSuccess": max(quiet, 0)}
        metrics.emit(self.observer.config.stack, schedule, values)

    def _unconcluded(
        self,
        schedule: str,
        jobs: Sequence[tuple[ProcessingJobSummaryTypeDef, Attempt]],
        deployed: GetScheduleOutputTypeDef,
    ) -> Iterator[tuple[str, Ending | None]]:
        """Yield the attempts whose end nobody has dealt with, and the slots without any."""
        expression = cron.parse(deployed["ScheduleExpression"])
        # The next slot of a rate counts from the last, however long ago that was.
        interval = expression.interval if isinstance(expression, Rate) else timedelta()
        since = self.now - 2 * LOOK_BACK - interval
        entries = self.observer.journal.recent(schedule, since, limit=5000)
        known = {entry.job_name: entry for entry in entries}
        for job, _ in jobs:
            name, changed = job["ProcessingJobName"], job.get("LastModifiedTime", self.now)
            over = job["ProcessingJobStatus"] in ENDED and changed < self.now - EVENT_GRACE
            if over and not (name in known and known[name].concluded_at):
                yield name, None
        names = {job["ProcessingJobName"] for job, _ in jobs}
        yield from self._not_launched(entries, names)
        slots = {attempt.slot for _, attempt in jobs} | {entry.slot for entry in entries}
        # What is later than now says nothing about the slots that are due.
        slots = {slot for slot in slots if slot <= self.now}
        for slot in self._due(deployed, expression, slots):
            if slot not in slots:
                missed = Attempt(schedule, slot, 1)
                yield self._missed(missed, f"Missed: due {slot:%Y-%m-%dT%H:%M:%SZ}, no job since")

    def _not_launched(
        self, entries: Sequence[Entry], names: set[str]
    ) -> Iterator[tuple[str, Ending | None]]:
        """Yield what was noted without a job, and not dealt with: its event was lost."""
        for entry in entries:
            if entry.concluded_at or entry.job_name in names:
                continue
            if entry.status:
                refused = Ending(status=entry.status, reason=entry.reason, ended=self.now)
                yield entry.job_name, refused
            elif entry.planned_for and entry.planned_for < self.now - LAUNCH_GRACE:
                reason = f"Missed: planned for {entry.planned_for:%Y-%m-%dT%H:%M:%SZ}, no job since"
                yield self._missed(entry.attempt, reason)

    def _due(
        self, deployed: GetScheduleOutputTypeDef, expression: Expression, known: set[datetime]
    ) -> Iterator[datetime]:
        """Yield the slots that a job should have been started for by now, the latest first."""
        if deployed.get("State") != "ENABLED":
            return
        zone = ZoneInfo(deployed.get("ScheduleExpressionTimezone", "UTC"))
        changed, until = deployed["LastModificationDate"].astimezone(UTC), self.now - LAUNCH_GRACE
        since = self.now - LOOK_BACK
        if isinstance(expression, Rate):  # AWS counts its slots from a moment that it does not tell
            slot = max({*known, changed}) + expression.interval
            if since < slot < until:
                yield slot.replace(microsecond=0)
            return
        slot = expression.previous(until, zone)
        for _ in range(MOST_SLOTS):
            if slot is None or slot <= max(since, changed):
                return
            yield slot
            slot = expression.previous(slot, zone)

    def _missed(self, attempt: Attempt, reason: str) -> tuple[str, Ending]:
        """Write down that a slot was missed: a late delivery does not start it after all."""
        name = job_name(self.observer.config.prefix, attempt)
        self.observer.journal.refuse(attempt, name, "Missed", reason, self.now)
        return name, Ending(status="Missed", reason=reason, ended=self.now)


def _first_due(deployed: GetScheduleOutputTypeDef) -> datetime:
    """Return the first slot since a schedule's last change, from which it has its whole time.

    Not the change itself: the first slot of a schedule that begins next year is not late.
    """
    changed = deployed["LastModificationDate"].astimezone(UTC)
    zone = ZoneInfo(deployed.get("ScheduleExpressionTimezone", "UTC"))
    return cron.parse(deployed["ScheduleExpression"]).next(changed, zone) or changed


@contextmanager
def _noting(problems: list[str], what: str) -> Generator[None]:
    """Write down what goes wrong inside: it must not hide the others."""
    try:
        yield
    except Exception as error:
        logger.exception("not dealt with", extra={"of": what})
        problems.append(f"{what}: {error!r}")
