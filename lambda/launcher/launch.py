"""One launch: from a request to a job, or to the reason why there is none."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from launcher import listing, sizing
from launcher.answer import Answer, refused, skipped
from launcher.awaited import Awaited
from launcher.event import Request, Trigger
from launcher.job_request import job_request
from launcher.sizing import Machines
from pipeline import aws_errors, contract, jobs
from pipeline.attempt import Attempt, job_name
from pipeline.config import LauncherConfig
from pipeline.journal import Journal
from pipeline.journal_items import REPLACED_BY, Entry
from pipeline.outcome import State
from pipeline.prefix import Prefix

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


_PLANNED_FOR_AT_MOST = timedelta(hours=1)
"""A planned attempt that is later than this will not come: it no longer keeps others away."""
_LONGEST_RETRY = timedelta(days=2)
"""Older slots have no attempts to come: input.wait_seconds and then retries.deadline_seconds are at
most a day each."""
_MOST_RECENT = 5000
"""Attempts of that time: one of every minute, and those that followed."""
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

    def launch(self, request: Request, owner: str) -> dict[str, Any]:
        """Start the request's job, or say why not; the same request again changes nothing.

        `owner` is the invocation's id, which stays the same when Lambda retries it.

        Returns:
            `job_name`, `schedule`, `slot`, `attempt`, and the fields of Answer.
        """
        return {
            "job_name": self._name(request.attempt),
            **request.attempt.as_event,
            **self._launch(request, owner)._asdict(),
        }

    def _launch(self, request: Request, owner: str) -> Answer:
        attempt, name, now = request.attempt, self._name(request.attempt), request.received
        if job := jobs.find(self.sagemaker, name):
            return Answer("already started", job["ProcessingJobStatus"])
        taken, entry = self.journal.claim_launch(attempt, name, owner, now)
        if not entry.status:  # else the first decision stays
            if not taken:
                return Answer("already started", "InProgress", "Another delivery is about to")
            answer = self._answer(request, entry)
            if answer.result not in ("skipped", "refused"):
                return answer
            entry = self.journal.refuse(attempt, name, answer.status, answer.reason or "", now)
        if entry.concluded_at is None:  # the notice of an earlier delivery may have been lost
            self._notify(entry)
        result = "skipped" if entry.status == State.SKIPPED else "refused"
        return Answer(result, entry.status or "", entry.reason)

    def _answer(self, request: Request, entry: Entry) -> Answer:
        """Start the attempt, or decide against it; let go of it where neither is done."""
        answer = Answer("waiting", "Waiting")
        try:
            if request.trigger == Trigger.OPERATOR:
                # An overlap policy would skip, or stop, what follows this attempt after a failure.
                asked = Entry.of(entry.attempt, entry.job_name, asked_by=Trigger.OPERATOR)
                entry = self.journal.write(asked)
            answer = self._decide(request, entry)
        except ClientError as error:
            if error.operation_name not in _ANSWERS:
                raise
            answer = refused(aws_errors.summary(error)[:_LONGEST_REASON])
        finally:
            if answer.result in ("replacing", "waiting"):
                free = Entry.of(entry.attempt, entry.job_name, launching_until=request.received)
                self.journal.write(free)
        return answer

    def _decide(self, request: Request, entry: Entry) -> Answer:
        late = (request.received - request.attempt.slot).total_seconds()
        schedule = self.config.schedules[request.attempt.schedule]
        deadline = schedule.start_deadline_seconds
        is_first = request.trigger == Trigger.SCHEDULE and not (entry and entry.planned_for)
        if is_first and deadline is not None and late > deadline:
            how = f"delivered {late:.0f} s after its time, and start_deadline_seconds is {deadline}"
            return skipped(f"StartDeadline: {how}")
        awaited = Awaited(self.config, self.journal, self.s3)
        if answer := self._overlap(request) or awaited.before_input(request):
            return answer
        source = self.config.input_of(request.attempt)
        until = sizing.enough(schedule.job)
        listed = listing.objects if until.bytes >= 0 else Prefix.objects
        counted = sizing.count(listed(source, self.s3), until)
        if not counted.objects and schedule.input.when_empty != "run":
            return awaited.without_input(request)
        machines = sizing.choose(schedule.job, counted, entry.instance_type)
        if isinstance(machines, str):
            return refused(machines)
        if machines.reason:
            # Before it starts: no later delivery would. As planned, so that the watch misses it.
            at = entry.planned_for or request.received
            known = Entry.of(request.attempt, self._name(request.attempt), planned_for=at)
            self.journal.write(replace(known, **machines.for_journal))
        if reason := self._beyond_limit(request, machines.instance_count):
            return refused(reason)
        return self._start(request.attempt, machines, with_input=counted.objects > 0)

    def _start(self, attempt: Attempt, machines: Machines, *, with_input: bool) -> Answer:
        reference = self.config.reference_of(attempt)
        if reference and not any(reference.objects(self.s3)):
            return refused(f"EmptyReference: there is no object under {reference.uri}")
        wanted = job_request(self.config, attempt, machines, with_input=with_input)
        if attempt.number > 1:  # it will overwrite what an earlier one was successful with
            self.config.output_of(attempt).withdraw_marker(self.s3)
        try:
            self.sagemaker.create_processing_job(**wanted)
        except self.sagemaker.exceptions.ResourceInUse:
            # A repeated delivery, or a retry inside the SDK after a lost answer: the name holds
            # schedule, slot and attempt, so that job is the one that was asked for.
            job = self.sagemaker.describe_processing_job(ProcessingJobName=self._name(attempt))
            return Answer("already started", job["ProcessingJobStatus"])
        return Answer("started", "InProgress", machines.reason)

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

    def _overlap(self, request: Request) -> Answer | None:
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
        schedule, now = request.attempt.schedule, request.received
        found = set(jobs.active(self.sagemaker, self.config.prefix, schedule))
        for entry in self.journal.recent(schedule, now - _LONGEST_RETRY, _MOST_RECENT):
            other_slot = entry.slot != request.attempt.slot
            awaited = entry.planned_for and entry.planned_for > now - _PLANNED_FOR_AT_MOST
            if other_slot and awaited and not entry.status and not entry.concluded_at:
                found.add(entry.attempt)
        return sorted(found - {request.attempt})

    def _beyond_limit(self, request: Request, wanted: int) -> str | None:
        """Return why an attempt is beyond limits.max_concurrent_instances, or None.

        A failure like that of a quota, so that the observer tries again later. Nothing is locked
        between this look and the start: launches that wait for SageMaker at the same time may each
        find room for one, and then run together. The account's quota is what AWS itself enforces.
        """
        limit = self.config.max_concurrent_instances
        if limit is None:
            return None
        # Another delivery of this event may have started it just now: it is not in its own way.
        running = jobs.instances(self.sagemaker, self.config.prefix, besides=request.attempt)
        if running + wanted <= limit:
            return None
        # Without a name that somebody chose: the observer finds a failure's class by its words.
        return (
            f"InstanceLimit: the stack's own limits.max_concurrent_instances is {limit}, its other "
            f"jobs have {running}, and this one takes {wanted}. Wait until one has ended, or raise "
            "it"
        )

    def _name(self, attempt: Attempt) -> str:
        return job_name(self.config.prefix, attempt)
