"""SageMaker's jobs of one stack, of either kind, as launcher, observer and operators read them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from pipeline import aws_errors, cost
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_name
from pipeline.journal_items import Entry
from pipeline.kind import Kind

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient


ACTIVE = ("InProgress", "Stopping")
"""The statuses of a job that has not ended."""
_NOT_THERE = ("could not find", "resource not found")
"""What a ValidationException says, of processing and of training jobs; the model has another code
for it."""
_FAILURE = re.compile(r"AlgorithmError: (?P<text>.*), (?P<code>exit code: \d+)", re.DOTALL)
"""How a training job's FailureReason holds what its container wrote."""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A job as a list shows it."""

    name: str
    status: str
    created: datetime
    changed: datetime

    @property
    def is_active(self) -> bool:
        """Whether it has not ended."""
        return self.status in ACTIVE


@dataclass(frozen=True, kw_only=True)
class Job(Listed):
    """A job as SageMaker describes it."""

    kind: Kind
    arn: str
    detail: str | None
    """A training job's SecondaryStatus."""
    reason: str | None
    exit_message: str | None
    image: str
    isolated: bool
    max_runtime_s: int | None
    instance_type: str | None
    instance_count: int | None
    volume_gb: int | None
    started: datetime | None
    """None if its containers never ran."""
    ended: datetime | None
    training_s: int | None
    """Of a training job: how long it had instances."""
    billable_s: int | None
    """As many of those seconds as are paid, after the discount for spot."""
    artifacts: str | None
    """S3 URI of what a training job wrote."""


@dataclass(frozen=True)
class Jobs:
    """The jobs of a stack, which have names of their own whatever their kind."""

    client: SageMakerClient
    prefix: str
    kinds: Sequence[Kind]
    """Those that the stack may have: it has no right to ask for others."""

    def find(self, name: str) -> Job | None:
        """Return a job, or None if there is no such one."""
        return next(filter(None, (self._describe(kind, name) for kind in self.kinds)), None)

    def find_active(self, name: str) -> Job | None:
        """Return a job that has not ended, or None if it has, or there is none."""
        job = self.find(name)
        return job if job and job.is_active else None

    def create(self, kind: Kind, request: Mapping[str, Any]) -> None:
        """Start a job."""
        self._call("create_{}_job", kind, **request)

    def stop(self, job: Job) -> None:
        """Ask a job to stop."""
        self._call("stop_{}_job", job.kind, **{job.kind.key("Name"): job.name})

    def listed(
        self,
        schedule: str | None = None,
        slot: datetime | None = None,
        **filters: Any,  # noqa: ANN401 - of whatever type
    ) -> Iterator[tuple[Attempt, Listed]]:
        """Yield the jobs, or a schedule's, or a slot's; SageMaker filters them."""
        contained = f"{self.prefix}--"
        if schedule:
            contained += f"{schedule}-"
        if schedule and slot:  # else all that it ever had: SageMaker forgets none
            contained += f"{slot_name(slot)}-"
        for kind in self.kinds:
            for job in self._list(kind, NameContains=contained, **filters):
                # NameContains also finds it inside of another stack's names.
                attempt = parse_job_name(self.prefix, job.name)
                is_own = attempt and schedule in (None, attempt.schedule)
                if attempt and is_own and slot in (None, attempt.slot):
                    yield attempt, job

    def active(self, schedule: str | None = None) -> list[Attempt]:
        """Return the attempts whose job has not ended, ascending, of a schedule or of all."""
        found: set[Attempt] = set()
        for status in ACTIVE:
            found |= dict(self.listed(schedule, StatusEquals=status)).keys()
        return sorted(found)

    def instances(self, besides: Attempt) -> int:
        """Return how many instances the other jobs hold, which may have been set otherwise."""
        total = 0
        for attempt in set(self.active()) - {besides}:
            if job := self.find_active(job_name(self.prefix, attempt)):
                total += job.instance_count or 1
        return total

    def _describe(self, kind: Kind, name: str) -> Job | None:
        try:
            return described(kind, self._call("describe_{}_job", kind, **{kind.key("Name"): name}))
        except ClientError as error:
            code, said = aws_errors.code(error), str(error).lower()
            absent = code == "ValidationException" and any(each in said for each in _NOT_THERE)
            if absent or code == "ResourceNotFound":
                return None
            raise

    def _list(self, kind: Kind, **filters: Any) -> Iterator[Listed]:  # noqa: ANN401
        pages = cast("Any", self.client).get_paginator(f"list_{kind.lower()}_jobs")
        # Not 10 to a page: an account has about two calls a second.
        for page in pages.paginate(PaginationConfig={"PageSize": 100}, **filters):
            for job in page[f"{kind}JobSummaries"]:
                yield Listed(**_listed(kind, job))

    def _call(self, method: str, kind: Kind, **request: Any) -> Any:  # noqa: ANN401
        return getattr(self.client, method.format(kind.lower()))(**request)


def _listed(kind: Kind, answer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": answer[kind.key("Name")],
        "status": answer[kind.key("Status")],
        "created": answer["CreationTime"],
        "changed": answer.get("LastModifiedTime", answer["CreationTime"]),
    }


def described(kind: Kind, answer: Mapping[str, Any]) -> Job:
    """Return what Describe tells of a job; of a training job its message apart from the reason.

    One that was given a choice of types (InstancePreferences) has SageMaker's own in the Selected
    members, once it has selected.
    """
    reason, message = answer.get("FailureReason"), answer.get("ExitMessage")
    if kind is Kind.TRAINING and (found := _FAILURE.fullmatch(reason or "")):
        reason, message = f"AlgorithmError: , {found['code']}", found["text"]
    application = answer.get("AppSpecification") or answer["AlgorithmSpecification"]
    resources = answer.get("ProcessingResources", {})
    cluster = resources.get("ClusterConfig") or answer.get("ResourceConfig", {})
    return Job(
        **_listed(kind, answer),
        kind=kind,
        arn=answer[kind.key("Arn")],
        detail=answer.get("SecondaryStatus"),
        reason=reason,
        exit_message=message,
        image=application.get("ImageUri") or application["TrainingImage"],
        isolated=answer.get("NetworkConfig", answer).get("EnableNetworkIsolation", False),
        max_runtime_s=answer.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        instance_type=cluster.get("InstanceType") or cluster.get("SelectedInstanceType"),
        instance_count=cluster.get("InstanceCount") or cluster.get("SelectedInstanceCount"),
        volume_gb=cluster.get("VolumeSizeInGB"),
        started=answer.get(f"{kind}StartTime"),
        ended=answer.get(f"{kind}EndTime"),
        training_s=answer.get("TrainingTimeInSeconds"),
        billable_s=answer.get("BillableTimeInSeconds"),
        artifacts=answer.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
    )


def with_job(entry: Entry, job: Job) -> Entry:
    """Return an entry with what SageMaker tells of its job."""
    entry = replace(
        entry,
        status=job.status,
        reason=job.reason,
        exit_message=job.exit_message,
        instance_type=job.instance_type or entry.instance_type,
        instance_count=job.instance_count,
        volume_gb=job.volume_gb,
        capacity="spot" if job.kind is Kind.TRAINING else entry.capacity,
        training_s=job.training_s,
        billable_s=job.billable_s,
        created=job.created,
        started=job.started,  # a job that fails early has none
        ended=job.ended,
    )
    on_demand = _cost(entry, job, Kind.PROCESSING, None) if job.training_s else None
    paid = _cost(entry, job, job.kind, job.billable_s)
    return replace(entry, cost_usd=paid, on_demand_usd=on_demand)


def _cost(entry: Entry, job: Job, kind: Kind, billable_s: int | None) -> float | None:
    if entry.run_s is None:
        return 0.0
    if not (job.instance_type and job.instance_count and job.volume_gb):
        return None
    region = job.arn.split(":")[3]
    machines = (job.instance_type, job.instance_count, job.volume_gb)
    seconds = entry.run_s if job.training_s is None else job.training_s
    return cost.estimate(region, *machines, seconds, kind=kind, billable_s=billable_s)
