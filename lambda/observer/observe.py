"""Deals with one attempt's end, once: success marker, next attempt, message, metrics, journal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from observer import ending as endings
from observer import limit, message, metrics
from observer.logs import last_lines
from observer.next_launch import NextLaunches
from observer.retry import Chain, Next, next_attempt
from observer.success import Output
from pipeline import cost, jobs
from pipeline.attempt import Attempt, parse_job_name, slot_text
from pipeline.journal import KEPT, Claim, Entry, Journal
from pipeline.outcome import NO_FAILURE, Outcome

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sns import SNSClient

    from observer.config import ObserverConfig
    from observer.ending import Ending

LEASE = timedelta(minutes=16)
"""Longer than the function's timeout of 15 minutes: who holds a claim after that has died."""

ENDED = {"Completed", "Failed", "Stopped"}
REPLACED_BY = "replaced by "
"""Begins the mark of a job that the launcher stopped for another one, whose name follows."""

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
    sagemaker: SageMakerClient
    s3: S3Client
    logs: CloudWatchLogsClient
    sns: SNSClient

    def observe(
        self,
        job_name: str,
        notice: Ending | None,
        owner: str,
        now: datetime,
        *,
        own_finding: bool = False,
    ) -> str:
        """Deal with an attempt's end, unless somebody has or is about to.

        Args:
            job_name: of the attempt, whether it has a job or not.
            notice: what is known of an attempt without a job. SageMaker's word goes before it.
            owner: the invocation's id, which stays the same when Lambda retries it.
            now: the time.
            own_finding: whether the watch found the notice out. One that comes as an event, which
                others on the bus can send too, counts only if the launcher has noted its refusal.

        Returns:
            The outcome, or why there was nothing to do.

        Raises:
            NotOursError: the name is no job's of this stack, or nobody knows of such an attempt.
            NotEndedError: the job still runs, as far as SageMaker says.
            botocore.exceptions.ClientError: a service cannot be asked; nothing is lost by a retry.
        """
        attempt = parse_job_name(self.config.prefix, job_name)
        if attempt is None:
            raise NotOursError(f"{job_name!r:.200} is no job of {self.config.prefix}")
        job = jobs.find(self.sagemaker, job_name)
        if job and job["ProcessingJobStatus"] not in ENDED:
            if notice:
                return "it runs after all"
            raise NotEndedError(f"{job_name} is {job['ProcessingJobStatus']}")
        ending = endings.of_job(job) if job else notice
        if ending is None:
            raise NotOursError(f"SageMaker knows no job {job_name}")
        if job is None and not own_finding and not self._refused(attempt):
            raise NotOursError(f"the launcher has noted no refusal of {job_name}")
        claim = self.journal.claim(attempt, job_name, owner, now, LEASE)
        if claim != Claim.TAKEN:
            return "concluded before" if claim == Claim.CONCLUDED else "another invocation is at it"
        return self._conclude(attempt, job_name, ending, now, has_job=job is not None)

    def _refused(self, attempt: Attempt) -> bool:
        known = self.journal.find(attempt)
        return known is not None and known.ended is not None

    def _conclude(
        self, attempt: Attempt, job_name: str, ending: Ending, now: datetime, *, has_job: bool
    ) -> Outcome:
        known = self.journal.find(attempt)
        if known and known.ended and not has_job:  # whoever tells of it: the first refusal counts
            ending = replace(
                ending, status=known.status or "", reason=known.reason, ended=known.ended
            )
        stop = known.stop if known else None
        outcome, uri = endings.classify(ending, stop), None
        if has_job:
            output = self._output(attempt, job_name, ending.created or now)
            outcome, ending, uri = output.settle(outcome, ending)
        following = None if stop else self._plan_next(attempt, ending, outcome, known, now)
        if stop and stop.startswith(REPLACED_BY):
            self.launches.launch_replacement(stop.removeprefix(REPLACED_BY))
        entry = Entry(
            schedule=attempt.schedule,
            slot=attempt.slot,
            number=attempt.number,
            job_name=job_name,
            status=ending.status,
            outcome=outcome,
            reason=ending.reason,
            exit_message=ending.exit_message,
            instance_type=ending.instance_type or (known.instance_type if known else None),
            instance_count=ending.instance_count,
            created=ending.created,
            started=ending.started,
            ended=ending.ended,
            cost_usd=_cost(ending),
            next_attempt_at=following.at if following else None,
            success_marker=uri,
            concluded_at=now,
        )
        self._tell(entry, ending, now, has_job=has_job)
        values = metrics.of_attempt(
            ending, outcome, attempt.number, entry.cost_usd, final=following is None
        )
        metrics.emit(self.config.stack, attempt.schedule, values)
        self.journal.conclude(entry, now + KEPT)
        logger.info("attempt concluded", extra=_log_fields(entry))
        return outcome

    def _output(self, attempt: Attempt, job_name: str, created: datetime) -> Output:
        followed = partial(self._followed, job_name, created)
        return Output(self.s3, self.config, attempt, job_name, followed)

    def _followed(self, job_name: str, created: datetime) -> bool:
        """Return whether another attempt at the slot has a job that was created later.

        By the time and not by the number: a person may start the attempts in any order.
        """
        attempts = job_name.rpartition("-")[0] + "-"
        pages = self.sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=attempts)
        return any(
            job["CreationTime"] > created and job["ProcessingJobName"].startswith(attempts)
            for page in pages
            for job in page["ProcessingJobSummaries"]
        )

    def _plan_next(
        self, attempt: Attempt, ending: Ending, outcome: Outcome, known: Entry | None, now: datetime
    ) -> Next | None:
        """Plan the next attempt, from the end's own time: done again, it gives the same."""
        ended = ending.ended or now
        if known and known.chain:
            chain = Chain.load(known.chain)
        else:
            first_type = ending.instance_type or self.config.retries.instance_types[0]
            chain = Chain(ending.created or ended, first_type)
        stated = limit.read(ending.reason or "")
        following = next_attempt(
            self.config.retries, outcome, chain, ended, of_type=bool(stated and stated.is_of_a_type)
        )
        attempt_after = attempt.next()
        if following is None or attempt_after is None:
            return None
        return replace(following, at=self.launches.launch_next(attempt_after, following))

    def _tell(self, entry: Entry, ending: Ending, now: datetime, *, has_job: bool) -> None:
        """Publish the one message that this end is worth, if any."""
        outcome, attempt = Outcome(entry.outcome or ""), entry.attempt
        quiet = outcome == Outcome.SKIPPED and (entry.reason or "").startswith("EmptyInput")
        if entry.next_attempt_at or quiet:
            return
        if outcome == Outcome.COMPLETED:
            since = self.journal.record_success(attempt.schedule, entry.job_name, now)
            if since:
                facts = self._facts(entry, ending, has_job=True)
                self._publish(entry, *message.recovery(facts, since))
            return
        if outcome not in NO_FAILURE:
            self.journal.record_failure(attempt.schedule, attempt.slot)
        facts = self._facts(entry, ending, has_job=has_job)
        self._publish(entry, *message.failure(facts))

    def _facts(self, entry: Entry, ending: Ending, *, has_job: bool) -> message.Facts:
        others = [
            other
            for other in self.journal.attempts(entry.schedule, entry.slot)
            if other.status and other.number != entry.number
        ]
        costs = [each.cost_usd for each in (*others, entry) if each.created]
        lines = last_lines(self.logs, entry.job_name, message.LOG_LINES) if has_job else []
        return message.Facts(
            stack=self.config.stack,
            zone=self.config.zones.get(entry.schedule, "UTC"),
            partition=self.config.deployed.launcher_arn.split(":")[1],
            region=self.config.deployed.aws_region,
            attempt=entry.attempt,
            job_name=entry.job_name,
            outcome=Outcome(entry.outcome or ""),
            ending=ending,
            has_job=has_job,
            attempts=len(others) + 1,
            cost_usd=None if None in costs else sum(each or 0 for each in costs),
            log_lines=lines,
        )

    def _publish(self, entry: Entry, subject: str, body: str) -> None:
        attributes = {
            "outcome": entry.outcome or "",
            "schedule": entry.schedule,
            "stack": self.config.stack,
        }
        self.sns.publish(
            TopicArn=self.config.deployed.topic_arn,
            Subject=subject,
            MessageStructure="json",
            Message=message.by_protocol(subject, body, entry.exit_message or entry.reason),
            # For the filter policies of subscriptions.
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        )


def _cost(ending: Ending) -> float | None:
    """Return the estimate for a job's instances and volumes; 0 for what never started."""
    if ending.run_s is None:
        return 0.0
    if not ending.instance_type or not ending.instance_count or not ending.volume_gb:
        return None
    return cost.estimate(
        ending.instance_type, ending.instance_count, ending.volume_gb, ending.run_s
    )


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
