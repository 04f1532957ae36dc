"""A SageMaker of one account and region, of processing jobs only, that really runs them.

It refuses what AWS refuses, keeps jobs in memory, and tells every change of status to EventBridge.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from local.aws import protocols
from local.aws.activity import Activity
from local.aws.endpoint import LocalAws
from local.aws.protocols import ServiceError
from local.aws.sagemaker.descriptions import page, state_change
from local.aws.sagemaker.faults import Faults, play, refusal
from local.aws.sagemaker.job import DEFAULT_MAX_RUNTIME_S, LONGEST_REASON, Job, JobEnd
from local.aws.sagemaker.rules import job_refusals, vpc_of

_Json = dict[str, Any]

SERVICE = "sagemaker.amazonaws.com"
_log = logging.getLogger(__name__)


@dataclass
class _Record:
    """A job as the service knows it, and what Describe tells of it."""

    job: Job
    description: _Json

    @property
    def status(self) -> str:
        return self.description["ProcessingJobStatus"]


class SageMaker:
    """Processing jobs: create, describe, list, stop.

    `run` runs a job to its end, in a thread of its own, which `activity` counts; `publish` receives
    each event of a changed status, and may call back.
    """

    def __init__(
        self,
        aws: LocalAws,
        run: Callable[[Job], JobEnd],
        publish: Callable[[_Json], None],
        faults: Faults,
        activity: Activity,
    ) -> None:
        self._aws, self._run, self._publish = aws, run, publish
        self._faults, self._activity = faults, activity
        self._records: dict[str, _Record] = {}
        self._lock = threading.RLock()
        self._closed = False
        self._operations: dict[str, Callable[[_Json], _Json]] = {
            "CreateProcessingJob": self._create,
            "DescribeProcessingJob": self._describe,
            "ListProcessingJobs": self._list,
            "StopProcessingJob": self._stop,
        }

    def answer(self, request: Request) -> Response:
        """Return the answer to a request of any operation."""
        return protocols.answer(self.call(protocols.target(request), request.get_json(force=True)))

    def call(self, operation: str, request: _Json) -> _Json:
        """Return the answer to a valid request, as on the wire: times are epoch seconds.

        Raises:
            ServiceError: what AWS would answer, or that the operation is not played here.
        """
        answer = self._operations.get(operation)
        if answer is None:
            known = ", ".join(self._operations)
            message = f"The local SageMaker has no {operation}; it has {known}"
            raise ServiceError("UnknownOperationException", message)
        return answer(request)

    def age(self, name: str, seconds: float) -> None:
        """Let everything about a job have happened so much earlier."""
        record = self._record(name)
        with self._lock:
            times = {k: v - seconds for k, v in record.description.items() if k.endswith("Time")}
            record.description = {**record.description, **times}

    def close(self) -> None:
        """Accept no more jobs, stop those that run, and wait until they have ended."""
        with self._lock:
            self._closed = True
            records = list(self._records.values())
        for record in records:
            record.job.stop.set()
        self._activity.wait(threading.TIMEOUT_MAX, ("job",))

    def _create(self, request: _Json) -> _Json:
        name, role = request["ProcessingJobName"], request["RoleArn"]
        if found := job_refusals(request, self._aws.region, partial(vpc_of, self._aws)):
            raise _invalid("; ".join(found))
        if not self._aws.iam.trusts(role, SERVICE, self._arn(name)):
            raise _invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows "
                f"principal '{SERVICE}' to assume the role."
            )
        cluster = request["ProcessingResources"]["ClusterConfig"]
        if refused := refusal(self._faults.of_job(name), cluster):
            raise ServiceError(*refused)
        record = self._new_record(request)
        with self._lock:
            if self._closed:
                raise ServiceError("ServiceUnavailable", "The local SageMaker was closed")
            if name in self._records:
                message = (
                    "Job name must be unique within an AWS account and region, and a job with this "
                    f"name already exists ({record.job.arn})"
                )
                raise ServiceError("ResourceInUse", message)
            self._records[name] = record
        self._activity.spawn("job", lambda: self._attend(record))
        return {"ProcessingJobArn": record.job.arn}

    def _arn(self, name: str) -> str:
        return self._aws.iam.store.arn("sagemaker", f"processing-job/{name}")

    def _new_record(self, request: _Json) -> _Record:
        name = request["ProcessingJobName"]
        arn = self._arn(name)
        job = Job(name, arn, request, threading.Event(), lambda: self._started(name))
        created = datetime.now(UTC).timestamp()
        description = {
            "StoppingCondition": {"MaxRuntimeInSeconds": DEFAULT_MAX_RUNTIME_S},
            **{key: value for key, value in request.items() if key != "Tags"},
            "ProcessingJobArn": arn,
            "ProcessingJobStatus": "InProgress",
            "CreationTime": created,
            "LastModifiedTime": created,
        }
        return _Record(job, description)

    def _attend(self, record: _Record) -> None:
        self._tell(record)
        try:
            fault = self._faults.of_job(record.job.name)
            end = play(fault, record.job, self._run, lambda: self._stop_running(record))
        except Exception as error:
            _log.exception("job %s failed by an error of the local SageMaker", record.job.name)
            end = JobEnd("Failed", f"InternalServerError: {error!r}")
        changes: _Json = {"ProcessingJobStatus": end.status}
        # A job that was told to stop ends as Stopped, even if its script had just finished.
        if record.status == "Stopping" and end.status == "Completed":
            changes["ProcessingJobStatus"] = "Stopped"
        if end.failure_reason:
            changes["FailureReason"] = end.failure_reason[:LONGEST_REASON]
        if end.exit_message:
            changes["ExitMessage"] = end.exit_message
        self._change(record, changes, "ProcessingEndTime", after_s=end.lasted_s)
        self._tell(record)

    def _started(self, name: str) -> None:
        record = self._record(name)
        if "ProcessingStartTime" not in record.description:
            self._change(record, {}, "ProcessingStartTime")

    def _change(
        self, record: _Record, changes: _Json, *times: str, after_s: float | None = None
    ) -> None:
        """Change a job now, or as if `after_s` seconds had passed since its start."""
        with self._lock:
            moment = datetime.now(UTC).timestamp()
            if after_s is not None:
                moment = record.description["ProcessingStartTime"] + after_s
            stamps = dict.fromkeys([*times, "LastModifiedTime"], moment)
            record.description = {**record.description, **changes, **stamps}

    def _tell(self, record: _Record) -> None:
        try:
            self._publish(state_change(record.description, datetime.now(UTC)))
        except Exception:
            _log.exception("the event of job %s could not be delivered", record.job.name)

    def _record(self, name: str) -> _Record:
        if name not in self._records:
            raise _invalid(f"Could not find requested job with name: {name}")
        return self._records[name]

    def _describe(self, request: _Json) -> _Json:
        return dict(self._record(request["ProcessingJobName"]).description)

    def _list(self, request: _Json) -> _Json:
        with self._lock:
            descriptions = [record.description for record in self._records.values()]
        return page(descriptions, request)

    def _stop(self, request: _Json) -> _Json:
        record = self._record(request["ProcessingJobName"])
        if not self._stop_running(record) and record.status != "Stopping":
            raise _invalid(
                f"The request was rejected because the processing job is in status {record.status}."
            )
        return {}

    def _stop_running(self, record: _Record) -> bool:
        """Stop a job if it is in progress, and return whether it was."""
        with self._lock:
            in_progress = record.status == "InProgress"
            if in_progress:
                self._change(record, {"ProcessingJobStatus": "Stopping"})
        if in_progress:
            self._tell(record)
            record.job.stop.set()
        return in_progress


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
