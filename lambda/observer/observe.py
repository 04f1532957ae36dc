"""Deals with one attempt's end, once: success marker, next attempt, message, metrics, journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from observer import metrics, spot_output, success_marker
from observer.classify import classify
from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.retry import next_attempt
from pipeline.attempt import Attempt, parse_job_name, slot_text
from pipeline.config import ObserverConfig
from pipeline.jobs import Job, Jobs, with_job
from pipeline.journal import Journal
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.switch import Switches

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

logger = Logger(service="observer")


class NotOursError(Exception):
    """A name that no job of this stack has."""


class NotEndedError(Exception):
    """SageMaker's answer is older than its event; Lambda asks again in a minute."""


@dataclass(frozen=True)
class Observer:
    """Observes the attempts of one stack."""

    config: ObserverConfig
    journal: Journal
    launches: NextLaunches
    notifier: Notifier
    jobs: Jobs
    s3: S3Client
    switches: Switches | None = None
    """Of a stack that has a second region."""

    def observe(self, job_name: str, owner: str, now: datetime) -> str:
        """Deal with an attempt's end, unless somebody has or is about to.

        `owner` is the invocation's id, which stays the same when Lambda retries it. Returns the
        outcome, or why there was nothing to do.

        Raises:
            NotOursError: the name is no job's of this stack, or nobody knows of such an attempt:
                whoever may put events on the bus can name any.
            NotEndedError: the job still runs, as far as SageMaker says.
            botocore.exceptions.ClientError: a service cannot be asked; nothing is lost by a retry.
        """
        attempt = parse_job_name(self.config.prefix, job_name)
        if attempt is None:
            raise NotOursError(f"{job_name!r:.200} is no job of {self.config.prefix}")
        job, known = self.jobs.find(job_name), self.journal.entry(attempt)
        decided = known is not None and known.status is not None
        if job and job.is_active:
            if decided:
                return "it runs after all"
            raise NotEndedError(f"{job_name} is {job.status}")
        if not job and not decided:
            raise NotOursError(f"there is no job {job_name}, and no decision against it")
        if taken := self.journal.claim(attempt, job_name, owner, now):
            self._clear(attempt)  # whoever concluded it may have died before that
            return taken
        return self._conclude(known or Entry.of(attempt, job_name), job, now)

    def _conclude(self, entry: Entry, job: Job | None, now: datetime) -> str:
        entry = with_job(entry, job) if job else replace(entry, cost_usd=0.0)
        entry = replace(entry, outcome=classify(entry, job))
        if job:
            entry = self._settle(entry, job)
        next_at = self._plan_next(entry, job, now)
        entry = replace(entry, next_attempt_at=next_at, concluded_at=now)
        # Only a stop for another attempt's sake names a job.
        stop = (entry.stop or "").removeprefix(REPLACED_BY)
        if waiting := parse_job_name(self.config.prefix, stop):
            self.launches.plan(waiting, now)
        self.notifier.tell(entry, now)
        metrics.emit(self.config.stack, entry.schedule, metrics.of_attempt(entry))
        self.journal.write(entry)
        self._clear(entry.attempt)
        logger.info("attempt concluded", extra=_log_fields(entry))
        return entry.outcome or ""

    def _settle(self, entry: Entry, job: Job) -> Entry:
        """Settle the marker, unless the slot is the other region's by now: so is its place."""
        if self.switches and self.switches.gives_up(self.config.aws_region, job.created):
            return replace(entry, reason=entry.reason or "GivenUp: its region was said to be lost")
        return success_marker.settle(self.s3, self.jobs, self.config, entry, job)

    def _clear(self, attempt: Attempt) -> None:
        """Delete what a slot's spot jobs kept, once the journal has the end of all its attempts.

        Before, the end of one that completed would not find its output.
        """
        if self.config.schedule(attempt.schedule).job.capacity != "spot":
            return
        of_slot = self.journal.attempts(attempt.schedule, attempt.slot)
        if all(each.concluded_at for each in of_slot):
            spot_output.clear(self.s3, self.config.scratch_of(attempt))

    def _plan_next(self, entry: Entry, job: Job | None, now: datetime) -> datetime | None:
        """Plan the next attempt, if any; return when it is launched."""
        attempt, schedule = entry.attempt.next(), self.config.schedules.get(entry.schedule)
        if entry.stop or attempt is None or schedule is None:
            return None
        # From the end's own time on: done again, it gives the same.
        kind = job.kind if job else schedule.kind(entry.capacity)
        following = next_attempt(schedule.retries, entry, entry.ended or now, kind)
        if following is None:
            return None
        return self.launches.plan(attempt, *following, entry.asked_by)


def _log_fields(entry: Entry) -> dict[str, Any]:
    """Return the fields that the dashboard's list of failures shows, and the job's name."""
    return {
        "job_name": entry.job_name,
        "schedule": entry.schedule,
        "slot": slot_text(entry.slot),
        "attempt": entry.number,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "exit_message": entry.exit_message,
        "instance_type": entry.instance_type,
        "sized_by": entry.sized_by,
        "cost_usd": entry.cost_usd,
    }
