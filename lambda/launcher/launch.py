"""One launch: from a request to a job, or to the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from launcher import notice, policy, processing
from launcher.plan import input_prefix, output_prefix, plan
from launcher.policy import FAILED, SKIPPED, Refusal, Replacement
from pipeline import aws_errors, jobs, marker
from pipeline.attempt import job_name, parse_job_name, slot_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

    from launcher.config import LauncherConfig
    from launcher.event import Request
    from pipeline.journal import Entry, Journal

_PLANNED_FOR_AT_MOST = timedelta(hours=1)
"""A planned attempt that is later than this will not come: it no longer keeps others away."""
_LONGEST_RETRY = timedelta(days=2)
"""Older slots have no attempts to come: retries.deadline_seconds is at most a day."""


@dataclass(frozen=True)
class Launcher:
    """Launches runs of one stack."""

    config: LauncherConfig
    journal: Journal
    sagemaker: SageMakerClient
    s3: S3Client
    events: EventBridgeClient

    def launch(self, request: Request, now: datetime) -> dict[str, Any]:
        """Start the request's job, or say why not; the same request again changes nothing.

        Returns:
            `job_name`, `job_arn` (null without a job), `schedule`, `slot`, `attempt`, `result`
            ("started", "already started", "replacing", "skipped" or "refused"), `status` (AWS's
            word, or NotStarted or Skipped) and `reason` (null if it started).
        """
        name = job_name(self.config.prefix, request.attempt)
        job = jobs.find(self.sagemaker, name)
        if job:
            status = job["ProcessingJobStatus"]
            return _answer(request, name, "already started", status, arn=job["ProcessingJobArn"])
        entry = self.journal.find(request.attempt)
        if entry and entry.status:
            return self._refuse(request, Refusal(entry.status, entry.reason or ""), now)
        try:
            return self._decide(request, entry, now)
        except ClientError as error:
            if error.operation_name not in _ANSWERS:
                raise
            reason = f"{aws_errors.code(error)}: {aws_errors.message(error)}"
            return self._refuse(request, Refusal(FAILED, reason), now)

    def _decide(self, request: Request, entry: Entry | None, now: datetime) -> dict[str, Any]:
        late = policy.too_late(self.config, request, now)
        if late:
            return self._refuse(request, late, now)
        others = list(self._others(request, now))
        overlap = policy.overlapping(self.config, request, others)
        if isinstance(overlap, Refusal):
            return self._refuse(request, overlap, now)
        if overlap and self._replace(request, overlap, now):
            name = job_name(self.config.prefix, request.attempt)
            reason = f"Overlap: starts once {', '.join(others)} has stopped"
            return _answer(request, name, "replacing", "Waiting", reason=reason)
        with_input = self._has_input(request)
        uri = (
            f"s3://{self.config.deployed.input_bucket}/{input_prefix(self.config, request.attempt)}"
        )
        empty = None if with_input else policy.empty(self.config, uri)
        refusal = empty or self._beyond_limit(request)
        if refusal:
            return self._refuse(request, refusal, now)
        return self._start(request, entry, with_input=with_input)

    def _start(self, request: Request, entry: Entry | None, *, with_input: bool) -> dict[str, Any]:
        job, planned = self.config.job, entry.instance_type if entry else None
        # A type may have been taken out of the settings since the attempt was planned.
        instance_type = planned if planned in job.volume_keys else job.instance_type
        wanted = plan(self.config, request.attempt, instance_type, with_input=with_input)
        name = wanted["ProcessingJobName"]
        if request.attempt.number > 1:  # it will overwrite what an earlier one was successful with
            bucket = self.config.deployed.output_bucket
            marker.withdraw(self.s3, bucket, output_prefix(self.config, request.attempt))
        arn = processing.start(self.sagemaker, wanted)
        if arn is None:
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            status, arn = job["ProcessingJobStatus"], job["ProcessingJobArn"]
            return _answer(request, name, "already started", status, arn=arn)
        return _answer(request, name, "started", "InProgress", arn=arn)

    def _refuse(self, request: Request, refusal: Refusal, now: datetime) -> dict[str, Any]:
        """Write the decision down, tell the observer, and answer it."""
        name = job_name(self.config.prefix, request.attempt)
        entry = self.journal.refuse(request.attempt, name, refusal.status, refusal.reason, now)
        if entry.concluded_at is None:
            notice.send(self.events, entry)
        result = "skipped" if entry.status == SKIPPED else "refused"
        return _answer(request, name, result, entry.status or "", reason=entry.reason)

    def _replace(self, request: Request, replacement: Replacement, now: datetime) -> bool:
        """Stop the other jobs; return whether one of them is still about to stop.

        The observer launches this attempt when it hears that the job has ended. Until then it is
        noted as planned, so that a still later slot takes its place too, and the watch misses it.
        """
        own = job_name(self.config.prefix, request.attempt)
        stopping = False
        for name in replacement.job_names:
            attempt = parse_job_name(self.config.prefix, name)
            if attempt is None:
                continue
            why = f"replaced by {own}"
            if jobs.find(self.sagemaker, name):
                self.journal.mark_stop(attempt, name, why)
                stopping = processing.stop(self.sagemaker, name) or stopping
            else:  # planned, without a job yet: when its time comes, it finds this decision
                refused = self.journal.refuse(attempt, name, SKIPPED, f"Overlap: {why}", now)
                notice.send(self.events, refused)
        if stopping:
            self.journal.wait(request.attempt, own, now)
        return stopping

    def _others(self, request: Request, now: datetime) -> Iterator[str]:
        """Yield the schedule's other jobs that have not ended, and those about to be launched."""
        schedule = request.attempt.schedule
        if self.config.schedules[schedule].overlap == "Allow":
            return
        own = job_name(self.config.prefix, request.attempt)
        running = jobs.active(self.sagemaker, self.config.prefix, schedule)
        yield from (name for name in running if name != own)
        for entry in self.journal.recent(schedule, now - _LONGEST_RETRY):
            other_slot = entry.slot != request.attempt.slot
            awaited = entry.planned_for and entry.planned_for > now - _PLANNED_FOR_AT_MOST
            if other_slot and awaited and not entry.status and not entry.concluded_at:
                yield entry.job_name

    def _beyond_limit(self, request: Request) -> Refusal | None:
        """Return the refusal of an attempt that is beyond limits.max_concurrent_instances.

        Nothing is locked between this look and the start: launches within the same second may each
        find room for one, and then run together. The account's quota is what AWS itself enforces.
        """
        if self.config.max_concurrent_instances is None:
            return None
        prefix, own = self.config.prefix, job_name(self.config.prefix, request.attempt)
        # Another delivery of this event may have started it just now: it is not in its own way.
        others = (name for name in jobs.active(self.sagemaker, prefix) if name != own)
        return policy.beyond_limit(self.config, processing.instances(self.sagemaker, others))

    def _has_input(self, request: Request) -> bool:
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.config.deployed.input_bucket,
            Prefix=input_prefix(self.config, request.attempt),
        )
        # A key that ends in a slash is the console's folder, and no input.
        return any(
            not item.get("Key", "/").endswith("/")
            for page in pages
            for item in page.get("Contents", [])
        )


_ANSWERS = {"CreateProcessingJob", "ListObjectsV2", "DeleteObject"}
"""Calls whose refusal ends the attempt; any other is the launcher's error, which is raised."""


def _answer(  # noqa: PLR0913 - the keys of the answer
    request: Request,
    name: str,
    result: str,
    status: str,
    *,
    arn: str | None = None,
    reason: str | None = None,
) -> dict[str, Any]:
    return {
        "job_name": name,
        "job_arn": arn,
        "schedule": request.attempt.schedule,
        "slot": slot_text(request.attempt.slot),
        "attempt": request.attempt.number,
        "result": result,
        "status": status,
        "reason": reason,
    }
