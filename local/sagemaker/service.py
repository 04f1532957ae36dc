"""A SageMaker of one account and region, of processing jobs only, that really runs them.

It checks requests by the service's own model and by what AWS refuses beyond it, keeps jobs in
memory, and tells every change of status to EventBridge.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.session import Session

from local.sagemaker.events import state_change
from local.sagemaker.job import DEFAULT_MAX_RUNTIME_S, LONGEST_REASON, Job, JobEnd
from local.sagemaker.listing import InvalidQueryError, page
from local.sagemaker.rules import job_refusals, model_violations, tag_refusals

if TYPE_CHECKING:
    from collections.abc import Callable

_Json = dict[str, Any]

_log = logging.getLogger(__name__)


class ServiceError(Exception):
    """An answer of the service that is an error; HTTP 400, as all that it gives here."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@dataclass
class _Record:
    """A job as the service knows it: what Describe tells, and the thread that runs it."""

    job: Job
    description: _Json
    tags: dict[str, str]
    ended: threading.Event = field(default_factory=threading.Event)
    """Set when the end was published."""

    @property
    def status(self) -> str:
        return self.description["ProcessingJobStatus"]


class SageMaker:
    """Processing jobs: create, describe, list, stop, tag.

    Args:
        account: the account's id.
        region: the region that images have to be in.
        run: runs a job to its end, in a thread of its own.
        publish: receives each state-change event; it may call back.
        can_assume: whether a role exists and trusts sagemaker.amazonaws.com.
        now: the time, with its zone.
    """

    def __init__(  # noqa: PLR0913 - each is one collaborator
        self,
        account: str,
        region: str,
        *,
        run: Callable[[Job], JobEnd],
        publish: Callable[[_Json], None],
        can_assume: Callable[[str], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._arn_prefix = f"arn:{_partition(region)}:sagemaker:{region}:{account}:processing-job/"
        self._region = region
        self._run, self._publish, self._can_assume, self._now = run, publish, can_assume, now
        self._records: dict[str, _Record] = {}
        self._lock = threading.RLock()
        self._closed = False
        self._operations = {
            "CreateProcessingJob": self._create,
            "DescribeProcessingJob": self._describe,
            "ListProcessingJobs": self._list,
            "StopProcessingJob": self._stop,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
        }

    def call(self, operation: str, request: _Json) -> _Json:
        """Return an operation's answer in the JSON form of the wire: times are epoch seconds.

        Raises:
            ServiceError: what AWS would answer, or that the operation is not played here.
        """
        answer = self._operations.get(operation)
        if answer is None:
            known = ", ".join(self._operations)
            message = f"The local SageMaker has no {operation}; it has {known}"
            raise ServiceError("UnknownOperationException", message)
        if found := model_violations(operation, request):
            errors = "error" if len(found) == 1 else "errors"
            message = f"{len(found)} validation {errors} detected: {'; '.join(found)}"
            raise ServiceError("ValidationException", message)
        return answer(request)

    def wait(self, name: str, timeout_s: float) -> _Json:
        """Return a job's description once it has ended and its last event was published.

        Raises:
            TimeoutError: it has not ended after `timeout_s` seconds.
            ServiceError: there is no such job.
        """
        record = self._record(name)
        if not record.ended.wait(timeout_s):
            raise TimeoutError(f"job {name} is still {record.status} after {timeout_s} s")
        return self._describe({"ProcessingJobName": name})

    def close(self) -> None:
        """Accept no more jobs, stop those that run, and wait until they have ended."""
        with self._lock:
            self._closed = True
            records = list(self._records.values())
        for record in records:
            record.job.stop.set()
        for record in records:
            record.ended.wait()

    def _create(self, request: _Json) -> _Json:
        if found := job_refusals(request, self._region):
            raise ServiceError("ValidationException", "; ".join(found))
        role: str = request["RoleArn"]
        if not self._can_assume(role):
            message = (
                f"Could not assume role {role}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            )
            raise ServiceError("ValidationException", message)
        record = self._new_record(request)
        with self._lock:
            if self._closed:
                raise ServiceError("ServiceUnavailable", "The local SageMaker was closed")
            if record.job.name in self._records:
                message = (
                    "Job name must be unique within an AWS account and region, and a job with this "
                    f"name already exists ({record.job.arn})"
                )
                raise ServiceError("ResourceInUse", message)
            self._records[record.job.name] = record
        threading.Thread(target=self._attend, args=[record], daemon=True).start()
        return {"ProcessingJobArn": record.job.arn}

    def _new_record(self, request: _Json) -> _Record:
        name = request["ProcessingJobName"]
        arn = self._arn_prefix + name
        job = Job(name, arn, request, threading.Event(), lambda: self._started(name))
        created = self._now().timestamp()
        description = {
            "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_S},
            **{key: value for key, value in request.items() if key != "Tags"},
            "ProcessingJobArn": arn,
            "ProcessingJobStatus": "InProgress",
            "CreationTime": created,
            "LastModifiedTime": created,
        }
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
        return _Record(job, description, tags)

    def _attend(self, record: _Record) -> None:
        try:
            self._tell(record)
            try:
                end = self._run(record.job)
            except Exception as error:
                _log.exception("job %s failed by an error of the local SageMaker", record.job.name)
                end = JobEnd("Failed", f"InternalServerError: {error!r}")
            self._finish(record, end)
            self._tell(record)
        finally:
            record.ended.set()

    def _finish(self, record: _Record, end: JobEnd) -> None:
        changes: _Json = {"ProcessingJobStatus": end.status}
        # A job that was told to stop ends as Stopped, even if its script was just through.
        if record.status == "Stopping" and end.status == "Completed":
            changes["ProcessingJobStatus"] = "Stopped"
        if end.failure_reason:
            changes["FailureReason"] = end.failure_reason[:LONGEST_REASON]
        if end.exit_message:
            changes["ExitMessage"] = end.exit_message
        self._change(record, changes, "ProcessingEndTime")

    def _started(self, name: str) -> None:
        self._change(self._record(name), {}, "ProcessingStartTime")

    def _change(self, record: _Record, changes: _Json, *times: str) -> None:
        with self._lock:
            moment = self._now().timestamp()
            stamps = dict.fromkeys([*times, "LastModifiedTime"], moment)
            record.description = {**record.description, **changes, **stamps}

    def _tell(self, record: _Record) -> None:
        try:
            self._publish(state_change(record.description, self._now()))
        except Exception:
            _log.exception("the event of job %s could not be delivered", record.job.name)

    def _record(self, name: str) -> _Record:
        record = self._records.get(name)
        if record is None:
            message = f"Could not find requested job with name: {name}"
            raise ServiceError("ValidationException", message)
        return record

    def _describe(self, request: _Json) -> _Json:
        return dict(self._record(request["ProcessingJobName"]).description)

    def _list(self, request: _Json) -> _Json:
        with self._lock:
            descriptions = [record.description for record in self._records.values()]
        try:
            return page(descriptions, request)
        except InvalidQueryError as error:
            raise ServiceError("ValidationException", str(error)) from error

    def _stop(self, request: _Json) -> _Json:
        record = self._record(request["ProcessingJobName"])
        with self._lock:
            status = record.status
            if status == "InProgress":
                self._change(record, {"ProcessingJobStatus": "Stopping"})
        if status == "InProgress":
            self._tell(record)
            record.job.stop.set()
        elif status != "Stopping":
            message = f"The request was rejected because the processing job is in status {status}."
            raise ServiceError("ValidationException", message)
        return {}

    def _add_tags(self, request: _Json) -> _Json:
        record = self._tagged(request["ResourceArn"])
        if found := list(tag_refusals(request["Tags"])):
            raise ServiceError("ValidationException", "; ".join(found))
        with self._lock:
            record.tags |= {tag["Key"]: tag["Value"] for tag in request["Tags"]}
            return {"Tags": _listed(record.tags)}

    def _list_tags(self, request: _Json) -> _Json:
        return {"Tags": _listed(self._tagged(request["ResourceArn"]).tags)}

    def _tagged(self, arn: str) -> _Record:
        return self._record(arn.removeprefix(self._arn_prefix))


@cache
def _partition(region: str) -> str:
    return Session().get_partition_for_region(region)


def _listed(tags: dict[str, str]) -> list[_Json]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
