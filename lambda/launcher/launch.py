"""One launch: from a request to a job, or to the reason why there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from launcher import listing, sizing, standby
from launcher.answer import Answer, refused, skipped
from launcher.awaited import Awaited
from launcher.event import Request, Trigger
from launcher.job_request import job_request
from launcher.overlap import Overlap
from launcher.sizing import Machines
from pipeline import aws_errors, contract
from pipeline.attempt import Attempt, job_name
from pipeline.config import LauncherConfig
from pipeline.jobs import Jobs
from pipeline.journal import Journal
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import State
from pipeline.prefix import Prefix
from pipeline.switch import Switches

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client


_ANSWERS = {*(kind.operation("Create") for kind in Kind), "ListObjectsV2", "DeleteObject"}
"""Calls whose refusal ends the attempt; any other is the launcher's error, which is raised."""
_TAKEN = "ResourceInUse"
"""The code with which SageMaker refuses a name that a job has already."""
_LONGEST_REASON = 1024
"""Characters, as of SageMaker's FailureReason; the journal's item holds 400 KB in all."""


class NoticeError(Exception):
    """The event bus did not take the notice; Lambda's retry sends it again."""


@dataclass(frozen=True)
class Launcher:
    """Launches the attempts of one stack."""

    config: LauncherConfig
    journal: Journal
    jobs: Jobs
    s3: S3Client
    events: EventBridgeClient
    switches: Switches | None = None
    """Of a stack that has a second region."""

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
        if job := self.jobs.find(name):
            return Answer("already started", job.status)
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
            elsewhere = standby.answer(request, self.config, self.switches, self.s3)
            answer = elsewhere or self._decide(request, entry)
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
        overlap = Overlap(self.config, self.journal, self.jobs, self._notify)
        if answer := overlap.answer(request) or awaited.before_input(request):
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
        if reason := overlap.beyond_limit(request, machines.instance_count):
            return refused(reason)
        return self._start(entry, machines, with_input=counted.objects > 0)

    def _start(self, entry: Entry, machines: Machines, *, with_input: bool) -> Answer:
        attempt, schedule = entry.attempt, self.config.schedules[entry.schedule]
        read = {"input": self.config.input_of(attempt)} if with_input else {}
        if reference := self.config.reference_of(attempt):
            if not any(reference.objects(self.s3)):
                return refused(f"EmptyReference: there is no object under {reference.uri}")
            read["reference"] = reference
        follows_spot = entry.capacity == "on-demand"
        if follows_spot and schedule.job.capacity == "spot":  # else it may have no right to look
            checkpoint = self.config.checkpoint_of(attempt)
            if any(checkpoint.objects(self.s3)):
                read["checkpoint"] = checkpoint
        kind = schedule.kind(entry.capacity)
        wanted = job_request(self.config, attempt, machines, kind, read)
        if attempt.number > 1:  # it will overwrite what an earlier one was successful with
            self.config.output_of(attempt).withdraw_marker(self.s3)
        try:
            self.jobs.create(kind, wanted)
        except ClientError as error:
            # A repeated delivery, or a retry inside the SDK after a lost answer: the name holds
            # schedule, slot and attempt, so that job is the one that was asked for.
            job = self.jobs.find(entry.job_name) if aws_errors.code(error) == _TAKEN else None
            if job is None:
                raise
            return Answer("already started", job.status)
        return Answer("started", "InProgress", machines.reason)

    def _notify(self, entry: Entry) -> None:
        """Tell the observer, over the event bus, of an attempt without a job: SageMaker cannot.

        It reads the decision in the journal. The status is for the rule that hands the event over.
        """
        detail = {"ProcessingJobName": entry.job_name, "ProcessingJobStatus": entry.status}
        source, detail_type = contract.NOTICE
        answer = self.events.put_events(
            Entries=[{"Source": source, "DetailType": detail_type, "Detail": json.dumps(detail)}]
        )
        if answer["FailedEntryCount"]:
            refused = answer["Entries"][0]
            raise NoticeError(f"{refused.get('ErrorCode')}: {refused.get('ErrorMessage')}")

    def _name(self, attempt: Attempt) -> str:
        return job_name(self.config.prefix, attempt)
