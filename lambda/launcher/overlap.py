"""What a schedule's other attempts mean for one that is due: the overlap policy, and the limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from botocore.exceptions import ClientError

from launcher.answer import Answer, skipped
from launcher.event import Request, Trigger
from pipeline import aws_errors
from pipeline.attempt import Attempt, job_name
from pipeline.config import LauncherConfig
from pipeline.jobs import Job, Jobs
from pipeline.journal import Journal
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.outcome import State

_PLANNED_FOR_AT_MOST = timedelta(hours=1)
"""A planned attempt that is later than this will not come: it no longer keeps others away."""
_MOST_RECENT = 5000
"""Attempts at slots that may have one to come: of every minute in three days."""


@dataclass(frozen=True)
class Overlap:
    """Looks at the attempts beside one."""

    config: LauncherConfig
    journal: Journal
    jobs: Jobs
    notify: Callable[[Entry], None]
    """Tells the observer of an attempt that is not started."""

    def answer(self, request: Request) -> Answer | None:
        """Deal with the schedule's other attempts; return why this one does not start now."""
        overlap = self.config.schedules[request.attempt.schedule].overlap
        if overlap == "Allow" or request.trigger == Trigger.OPERATOR:
            return None
        others = self._others(request)
        if not others:
            return None
        names = ", ".join(map(self._name, others))
        # A retry of an earlier slot, or a late one, stops nothing.
        if overlap == "Forbid" or any(other.slot > request.attempt.slot for other in others):
            return skipped(f"Overlap: {names} has not ended, and overlap is {overlap}")
        if self._replace(request, others):
            return Answer("replacing", "Waiting", f"Overlap: starts once {names} has stopped")
        return None

    def beyond_limit(self, request: Request, wanted: int) -> str | None:
        """Return why an attempt is beyond limits.max_concurrent_instances, or None.

        A failure like that of a quota, so that the observer tries again later. Nothing is locked
        between this look and the start: launches that wait for SageMaker at the same time may each
        find room for one, and then run together. The account's quota is what AWS itself enforces.
        """
        limit = self.config.max_concurrent_instances
        if limit is None:
            return None
        # Another delivery of this event may have started it just now: it is not in its own way.
        running = self.jobs.instances(besides=request.attempt)
        if running + wanted <= limit:
            return None
        # Without a name that somebody chose: the observer finds a failure's class by its words.
        return (
            f"InstanceLimit: the stack's own limits.max_concurrent_instances is {limit}, its other "
            f"jobs have {running}, and this one takes {wanted}. Wait until one has ended, or raise "
            "it"
        )

    def _replace(self, request: Request, others: Sequence[Attempt]) -> bool:
        """Stop the other attempts; return whether the job of one is still about to stop.

        The observer launches this attempt when it hears that the job has ended. Until then it is
        noted as planned, so that a still later slot takes its place too, and the watch misses it.
        """
        own, now = self._name(request.attempt), request.received
        why = REPLACED_BY + own
        stopping = False
        for other in others:
            name = self._name(other)
            if job := self.jobs.find(name):
                self.journal.write(Entry.of(other, name, stop=why))
                stopping = self._stop(job) or stopping
            else:  # planned, without a job yet: when its time comes, it finds this decision
                self.notify(self.journal.refuse(other, name, State.SKIPPED, f"Overlap: {why}", now))
        if stopping:
            self.journal.write(Entry.of(request.attempt, own, planned_for=now))
        return stopping

    def _stop(self, job: Job) -> bool:
        """Ask a job to stop; return whether that is still under way, and not all over."""
        try:
            self.jobs.stop(job)
        except ClientError as error:
            # It has ended in the meantime.
            if aws_errors.code(error) not in {"ValidationException", "ResourceNotFound"}:
                raise
        return self.jobs.find_active(job.name) is not None

    def _others(self, request: Request) -> list[Attempt]:
        """Return the schedule's other attempts whose job has not ended, or is about to start."""
        schedule, now = request.attempt.schedule, request.received
        found = set(self.jobs.active(schedule))
        since = now - self.config.schedules[schedule].reach
        for entry in self.journal.recent(schedule, since, _MOST_RECENT):
            other_slot = entry.slot != request.attempt.slot
            awaited = entry.planned_for and entry.planned_for > now - _PLANNED_FOR_AT_MOST
            if other_slot and awaited and not entry.status and not entry.concluded_at:
                found.add(entry.attempt)
        return sorted(found - {request.attempt})

    def _name(self, attempt: Attempt) -> str:
        return job_name(self.config.prefix, attempt)
