"""One launch: from a request to a job, or to the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from launcher import start_rules
from launcher.event import Request
from launcher.job_request import job_request
from launcher.start_rules import Refusal
from pipeline import aws_errors, contract, jobs
from pipeline.attempt import Attempt, job_name, slot_text
from pipeline.config import LauncherConfig
from pipeline.journal import Journal
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.outcome import State

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


_PLANNED_FOR_AT_MOST = timedelta(hours=1)
"""A planned attempt that is later than this will not come: it no longer keeps others away."""
_LONGEST_RETRY = timedelta(days=2)
"""Older slots have no attempts to come: retries.deadline_seconds is at most a day."""
_ANSWERS = {"CreateProcessingJob", "ListObjectsV2", "DeleteObject"}
"""Calls whose refusal ends the attempt; any other is the launcher's error, which is raised."""
_LONGEST_REASON = 1024
"""Characters, as of SageMaker's FailureReason; the journal's item holds 400 KB in all."""


class NoticeError(Exception):
    """The event bus did not take the notice; Lambda's retry sends it again."""


@dataclass(frozen=True)
class Launcher:
    """Launches the attempts of one stack."""

    config: LauncherConfig
    journal: Journal
    sagemaker: SageMakerClient
    s3: S3Client
    events: EventBridgeClient

    def launch(self, request: Request) -> dict[str, Any]:
        """Start the request's job, or say why not; the same request again changes nothing.

        Returns:
            `job_name`, `schedule`, `slot`, `attempt`, `status` (SageMaker's word, or a State),
            `result` (started, already started, replacing, skipped or refused) and `reason` (null if
            it started).
        """
        attempt, name = request.attempt, self._name(request.attempt)
        if job := jobs.find(self.sagemaker, name):
            return self._answer(request, "already started", job["ProcessingJobStatus"])
        entry = self.journal.find(attempt)
        if entry and entry.status:  # the first decision stays, and its notice may have been lost
            return self._tell(request, entry)
        try:
            found = self._decide(request, entry)
        except ClientError as error:
            if error.operation_name not in _ANSWERS:
                raise
            found = Refusal(State.REFUSED, aws_errors.summary(error)[:_LONGEST_REASON])
        if not isinstance(found, Refusal):
            return found
        entry = self.journal.refuse(attempt, name, found.status, found.reason, request.received)
        return self._tell(request, entry)

    def _decide(self, request: Request, entry: Entry | None) -> dict[str, Any] | Refusal:
        if late := start_rules.too_late(self.config, request):
            return late
        others = self._others(request)
        if start_rules.replaces(self.config, request, others):
            if self._replace(request, others):
                names = ", ".join(self._name(other) for other in others)
                reason = f"Overlap: starts once {names} has stopped"
                return self._answer(request, "replacing", "Waiting", reason)
        elif overlap := start_rules.overlapping(self.config, request, others):
            return overlap
        source = self.config.input_of(request.attempt)
        with_input = next(source.objects(self.s3), None) is not None
        empty = None if with_input else start_rules.empty(self.config, source.uri)
        refusal = empty or self._beyond_limit(request)
        return refusal or self._start(request, entry, with_input=with_input)

    def _start(self, request: Request, entry: Entry | None, *, with_input: bool) -> dict[str, Any]:
        machine, planned = self.config.job, entry.instance_type if entry else None
        # A type may have been taken out of the settings since the attempt was planned.
        instance_type = planned if planned in machine.volume_keys else machine.instance_type
        wanted = job_request(self.config, request.attempt, instance_type, with_input=with_input)
        if request.attempt.number > 1:  # it will overwrite what an earlier one was successful with
            self.config.output_of(request.attempt).withdraw_marker(self.s3)
        try:
            self.sagemaker.create_processing_job(**wanted)
        except self.sagemaker.exceptions.ResourceInUse:
            # A repeated delivery, or a retry inside the SDK after a lost answer: the name holds
            # schedule, slot and attempt, so that job is the one that was asked for.
            name = self._name(request.attempt)
            job = self.sagemaker.describe_processing_job(ProcessingJobName=name)
            return self._answer(request, "already started", job["ProcessingJobStatus"])
        return self._answer(request, "started", "InProgress")

    def _tell(self, request: Request, entry: Entry) -> dict[str, Any]:
        if entry.concluded_at is None:
            self._notify(entry)
        result = "skipped" if entry.status == State.SKIPPED else "refused"
        return self._answer(request, result, entry.status or "", entry.reason)

    def _notify(self, entry: Entry) -> None:
        """Tell the observer, over the event bus, of an attempt without a job: SageMaker cannot.

        It reads the decision in the journal. The status is for the rule that hands the event over.
        """
        detail = {"ProcessingJobName": entry.job_name, "ProcessingJobStatus": entry.status}
        source, kind = contract.NOTICE
        answer = self.events.put_events(
            Entries=[{"Source": source, "DetailType": kind, "Detail": json.dumps(detail)}]
        )
        if answer["FailedEntryCount"]:
            refused = answer["Entries"][0]
            raise NoticeError(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")

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
            if jobs.find(self.sagemaker, name):
                self.journal.write(Entry.of(other, name, stop=why))
                stopping = self._stop(name) or stopping
            else:  # planned, without a job yet: when its time comes, it finds this decision
                self._notify(
                    self.journal.refuse(other, name, State.SKIPPED, f"Overlap: {why}", now)
                )
        if stopping:
            self.journal.write(Entry.of(request.attempt, own, planned_for=now))
        return stopping

    def _stop(self, name: str) -> bool:
        """Ask a job to stop; return whether that is still under way, and not all over."""
        try:
            self.sagemaker.stop_processing_job(ProcessingJobName=name)
        except ClientError as error:
            # It has ended in the meantime.
            if aws_errors.code(error) not in {"ValidationException", "ResourceNotFound"}:
                raise
        return jobs.find_active(self.sagemaker, name) is not None

    def _others(self, request: Request) -> list[Attempt]:
        """Return the schedule's other attempts whose job has not ended, or is about to start."""
        if start_rules.overlap(self.config, request) == "Allow":
            return []
        schedule, now = request.attempt.schedule, request.received
        found = set(jobs.active(self.sagemaker, self.config.prefix, schedule))
        for entry in self.journal.recent(schedule, now - _LONGEST_RETRY):
            other_slot = entry.slot != request.attempt.slot
            awaited = entry.planned_for and entry.planned_for > now - _PLANNED_FOR_AT_MOST
            if other_slot and awaited and not entry.status and not entry.concluded_at:
                found.add(entry.attempt)
        return sorted(found - {request.attempt})

    def _beyond_limit(self, request: Request) -> Refusal | None:
        """Return the refusal of an attempt that is beyond limits.max_concurrent_instances.

        Nothing is locked between this look and the start: launches within the same second may each
        find room for one, and then run together. The account's quota is what AWS itself enforces.
        """
        if self.config.max_concurrent_instances is None:
            return None
        # Another delivery of this event may have started it just now: it is not in its own way.
        others = set(jobs.active(self.sagemaker, self.config.prefix)) - {request.attempt}
        return start_rules.beyond_limit(self.config, sum(map(self._instances, others)))

    def _instances(self, attempt: Attempt) -> int:
        """Return how many instances an attempt's job holds, which may have been set otherwise."""
        job = jobs.find_active(self.sagemaker, self._name(attempt))
        if job is None:
            return 0
        return jobs.instance_count(job["ProcessingResources"]["ClusterConfig"]) or 1

    def _name(self, attempt: Attempt) -> str:
        return job_name(self.config.prefix, attempt)

    def _answer(
        self, request: Request, result: str, status: str, reason: str | None = None
    ) -> dict[str, Any]:
        return {
            "job_name": self._name(request.attempt),
            "schedule": request.attempt.schedule,
            "slot": slot_text(request.attempt.slot),
            "attempt": request.attempt.number,
            "result": result,
            "status": status,
            "reason": reason,
        }
