"""The watch: what no event tells. Jobs that run too long, ends that nobody heard of, lost slots."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from observer import metrics
from observer.observe import Observer, logger
from pipeline import cron
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.jobs import ACTIVE, Listed
from pipeline.journal_items import Entry
from pipeline.outcome import State
from pipeline.slots import Expression, Rate
from pipeline.switch import Switch

Jobs = dict[Attempt, Listed]

LOOK_BACK = timedelta(days=1)
"""What is older has been seen by some three hundred turns of the watch before."""
EVENT_GRACE = timedelta(minutes=2)
"""After its end a job's own event deserves the chance to arrive."""
LAUNCH_GRACE = timedelta(minutes=75)
"""EventBridge Scheduler goes on trying to deliver for an hour; see components/schedule.py."""
MOST_SLOTS = 100
"""Of one schedule, the latest: where it runs every minute, those of 100 minutes."""


class WatchError(Exception):
    """Part of the watch failed; the message lists what. The rest was done."""


@dataclass(frozen=True)
class _Schedule:
    """A schedule as it is deployed, which may be otherwise than the function's settings say."""

    name: str
    expression: Expression
    zone: ZoneInfo
    changed: datetime
    enabled: bool
    runs_here: bool
    """Else it is the other region that runs it."""

    def due(self, since: datetime, until: datetime, known: set[datetime]) -> Iterator[datetime]:
        """Yield its unknown slots between these times, since its last change, the latest first."""
        if not (self.enabled and self.runs_here):
            return
        if isinstance(self.expression, Rate):  # AWS does not tell the moment that it counts from
            slot = max({*known, self.changed}) + self.expression.interval
            if since < slot < until:
                yield slot.replace(microsecond=0)
            return
        slot = self.expression.previous(until, self.zone)
        for _ in range(MOST_SLOTS):
            if slot is None or slot <= max(since, self.changed):
                return
            if slot not in known:
                yield slot
            slot = self.expression.previous(slot, self.zone)


@dataclass(frozen=True)
class Reconciler:
    """Compares schedules, jobs and journal, and has the observer deal with what it missed."""

    observer: Observer
    owner: str
    now: datetime

    def run(self) -> dict[str, str]:
        """Look at every schedule; return job name -> what came of it, for all that was found.

        Raises:
            WatchError: names each job or schedule that could not be dealt with.
        """
        every, switches = self._jobs(), self.observer.switches
        switch = switches.current() if switches else None
        found: dict[str, str] = {}
        problems: list[str] = []
        for name in self.observer.config.schedules:
            own = {attempt: job for attempt, job in every.items() if attempt.schedule == name}
            with _noting(problems, name):
                schedule = self._deployed(name, switch)
                if schedule is None:
                    continue
                self._measure(schedule, own)
                entries = self._entries(schedule)
                for waiting in self._waiting(entries, set(own)):
                    with _noting(problems, waiting.job_name):
                        self.observer.launches.plan(waiting.attempt, self.now)
                        found[waiting.job_name] = "waiting"
                for missed in self._unconcluded(schedule, own, entries):
                    with _noting(problems, missed):
                        found[missed] = self.observer.observe(missed, self.owner, self.now)
        if problems:
            raise WatchError("; ".join(problems))
        return found

    def _jobs(self) -> Jobs:
        """Return the stack's jobs that have not ended, and those that changed since LOOK_BACK."""
        listed = self.observer.jobs.listed
        found: Jobs = {}
        for status in ACTIVE:
            found |= listed(StatusEquals=status)
        found |= listed(LastModifiedTimeAfter=self.now - LOOK_BACK)
        return found

    def _deployed(self, name: str, switch: Switch | None) -> _Schedule | None:
        scheduler, group = self.observer.launches.scheduler, self.observer.config.schedule_group
        try:
            found = scheduler.get_schedule(GroupName=group, Name=name)
        except scheduler.exceptions.ResourceNotFoundException:
            return None
        changed = found["LastModificationDate"].astimezone(UTC)
        return _Schedule(
            name=name,
            expression=cron.parse(found["ScheduleExpression"]),
            zone=ZoneInfo(found.get("ScheduleExpressionTimezone", "UTC")),
            # What was due before this region took over was none of its slots.
            changed=max(changed, switch.since) if switch else changed,
            enabled=found.get("State") == "ENABLED",
            runs_here=switch is None or switch.region == self.observer.config.aws_region,
        )

    def _measure(self, schedule: _Schedule, own: Jobs) -> None:
        """Emit how long the schedule has had no success, and how long its longest job runs."""
        running = [
            (self.now - job.created).total_seconds() for job in own.values() if job.is_active
        ]
        # A changed schedule has its whole time from its first slot on, which may be next year.
        first_due = schedule.expression.next(schedule.changed, schedule.zone)
        since = min(first_due or schedule.changed, self.now)
        last = self.observer.journal.last_success(schedule.name)
        last = max(last or since, since) if schedule.runs_here else self.now
        quiet = (self.now - last).total_seconds()
        values = {"SecondsRunning": max(running, default=0), "SecondsSinceSuccess": max(quiet, 0)}
        metrics.emit(self.observer.config.stack, schedule.name, values)

    def _entries(self, schedule: _Schedule) -> list[Entry]:
        # The next slot of a rate counts from the last, however long ago that was.
        rate = schedule.expression
        interval = rate.interval if isinstance(rate, Rate) else timedelta()
        since = self.now - self.observer.config.schedules[schedule.name].reach - interval
        return self.observer.journal.recent(schedule.name, since, limit=5000)

    def _waiting(self, entries: Sequence[Entry], launched: set[Attempt]) -> Iterator[Entry]:
        """Yield what waits, and is to be asked for again."""
        for entry in entries:
            if entry.is_waiting and entry.attempt not in launched and self._is_expected(entry):
                yield entry

    def _unconcluded(
        self, schedule: _Schedule, own: Jobs, entries: Sequence[Entry]
    ) -> Iterator[str]:
        """Yield the attempts whose end nobody has dealt with, and the slots without any."""
        concluded = {entry.attempt for entry in entries if entry.concluded_at}
        for attempt, job in own.items():
            heard = attempt in concluded or job.changed >= self.now - EVENT_GRACE
            if not job.is_active and not heard:
                yield job.name
        yield from self._not_launched(entries, set(own))
        slots = {attempt.slot for attempt in own} | {entry.slot for entry in entries}
        # What is later than now says nothing about the slots that are due.
        slots = {slot for slot in slots if slot <= self.now}
        for slot in schedule.due(self.now - LOOK_BACK, self.now - LAUNCH_GRACE, slots):
            yield self._missed(Attempt(schedule.name, slot, 1), f"due {slot_text(slot)}")

    def _not_launched(self, entries: Sequence[Entry], launched: set[Attempt]) -> Iterator[str]:
        """Yield what was noted without a job, and not dealt with: its event was lost."""
        for entry in entries:
            if entry.concluded_at or entry.attempt in launched:
                continue
            if entry.status:
                yield entry.job_name
            # The launcher had both: an event that it gave up, and one that it never got.
            elif (due := entry.planned_for or entry.launching_until) and not self._is_expected(
                entry
            ):
                yield self._missed(entry.attempt, f"planned for {slot_text(due)}")

    def _is_expected(self, entry: Entry) -> bool:
        """Return whether a planned attempt may still come; one that waits until its wait is over.

        So a time without a watch loses no slot that waits, and no slot waits for ever.
        """
        last = entry.planned_for or entry.launching_until or self.now
        if entry.waiting_for:
            schedule = self.observer.config.schedule(entry.schedule)
            last = max(last, schedule.waits_until(entry.slot))
        return last >= self.now - LAUNCH_GRACE

    def _missed(self, attempt: Attempt, why: str) -> str:
        """Write down that an attempt was missed: a late delivery does not start it after all."""
        name = job_name(self.observer.config.prefix, attempt)
        reason = f"Missed: {why}, no job since"
        self.observer.journal.refuse(attempt, name, State.MISSED, reason, self.now)
        return name


@contextmanager
def _noting(problems: list[str], what: str) -> Generator[None]:
    """Write down what goes wrong inside: it must not hide the others."""
    try:
        yield
    except Exception as error:
        logger.exception("not dealt with", extra={"of": what})
        problems.append(f"{what}: {error!r}")
