"""Deals with one attempt's end, once: success marker, next attempt, message, metrics, journal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from observer import account_limit, job_result, metrics
from observer.classify import classify
from observer.job_result import JobResult
from observer.next_launch import NextLaunches
from observer.notification import Notifier
from observer.retry import RetryState, next_attempt
from observer.success_marker import SuccessMarker
from pipeline import jobs
from pipeline.attempt import parse_job_name, slot_text
from pipeline.config import ObserverConfig
from pipeline.journal import Claim, Journal
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.outcome import Outcome

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


LEASE = timedelta(minutes=16)
"""Longer than the function's timeout of 15 minutes: who holds a claim after that has died."""

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
    sagemaker: SageMakerClient
    s3: S3Client

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
        job, known = jobs.find(self.sagemaker, job_name), self.journal.find(attempt)
        decision = job_result.of_decision(known) if known else None
        if job and job["ProcessingJobStatus"] in jobs.ACTIVE:
            if decision:
                return "it runs after all"
            raise NotEndedError(f"{job_name} is {job['ProcessingJobStatus']}")
        result = job_result.of_job(job) if job else decision
        if result is None:
            raise NotOursError(f"there is no job {job_name}, and no decision against it")
        claim = self.journal.claim(attempt, job_name, owner, now, LEASE)
        if claim != Claim.TAKEN:
            return "concluded before" if claim == Claim.CONCLUDED else "another invocation is at it"
        return self._conclude(known or Entry.of(attempt, job_name), result, now)

    def _conclude(self, known: Entry, result: JobResult, now: datetime) -> Outcome:
        attempt, stop, uri = known.attempt, known.stop, None
        outcome = classify(result, stop)
        if result.created:
            marker = SuccessMarker(
                self.s3, self.sagemaker, self.config, attempt, result, result.created
            )
            outcome, result, uri = marker.settle(outcome)
        next_at = None if stop else self._plan_next(known, result, outcome, now)
        # Only a stop for another attempt's sake names a job.
        waiting = stop and parse_job_name(self.config.prefix, stop.removeprefix(REPLACED_BY))
        if waiting:
            self.launches.plan(waiting, now)
        entry = known.concluded(
            result,
            outcome=outcome,
            cost_usd=result.cost_usd,
            next_attempt_at=next_at,
            success_marker=uri,
            concluded_at=now,
        )
        self.notifier.tell(entry, now)
        values = metrics.of_attempt(result, outcome, attempt.number, final=next_at is None)
        metrics.emit(self.config.stack, attempt.schedule, values)
        self.journal.conclude(entry)
        logger.info("attempt concluded", extra=_log_fields(entry))
        return outcome

    def _plan_next(
        self, known: Entry, result: JobResult, outcome: Outcome, now: datetime
    ) -> datetime | None:
        """Plan the next attempt, from the end's own time: done again, it gives the same.

        Returns:
            When it is launched; None if there is none.
        """
        ended = result.ended or now
        if known.retry_state:
            state = RetryState.load(known.retry_state)
        else:
            first_type = result.instance_type or self.config.retries.instance_types[0]
            state = RetryState(result.created or ended, first_type)
        stated = account_limit.read(result.reason or "")
        following = next_attempt(
            self.config.retries,
            outcome,
            state,
            ended,
            limit_of_one_type=bool(stated and stated.is_of_a_type),
        )
        attempt = known.attempt.next()
        if following is None or attempt is None:
            return None
        return self.launches.plan(attempt, following.at, following.state)


def _log_fields(entry: Entry) -> dict[str, Any]:
    """Return the fields that the dashboard's list of failures shows."""
    return {
        "job_name": entry.job_name,
        "schedule": entry.schedule,
        "slot": slot_text(entry.slot),
        "attempt": entry.number,
        "status": entry.status,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "exit_message": entry.exit_message,
        "instance_type": entry.instance_type,
        "cost_usd": entry.cost_usd,
        "next_attempt_at": entry.next_attempt_at.isoformat() if entry.next_attempt_at else None,
    }
