"""A SageMaker of one account and region, of processing jobs only, that really runs them.

It refuses what AWS refuses, keeps jobs in memory, and tells every change of status to EventBridge.
"""

import logging
import threading
from collections.abc import Callable
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
from local.aws.sagemaker.job import LONGEST_REASON, Job, JobEnd
from local.aws.sagemaker.rules import job_refusals

_Json = dict[str, Any]

SERVICE = "sagemaker.amazonaws.com"
_DEFAULT_MAX_RUNTIME_S = 86400
"""A job without StoppingCondition is stopped after one day (documented by SageMaker's SDK)."""
_log = logging.getLogger(__name__)


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
        self._jobs: dict[str, Job] = {}
        self._descriptions: dict[str, _Json] = {}
        """What Describe tells of each job."""
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
        if operation not in self._operations:
            known = ", ".join(self._operations)
            message = f"The local SageMaker has no {operation}; it has {known}"
            raise ServiceError("UnknownOperationException", message)
        return self._operations[operation](request)

    def age(self, name: str, seconds: float) -> None:
        """Let everything about a job have happened so much earlier."""
        with self._lock:
            told = self._descriptions[name]
            times = {key: told[key] - seconds for key in told if key.endswith("Time")}
            self._descriptions[name] = told | times

    def close(self) -> None:
        """Accept no more jobs, stop those that run, and wait until they have ended."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop.set()
        self._activity.wait(threading.TIMEOUT_MAX, ("job",))

    def _create(self, request: _Json) -> _Json:
        name, role = request["ProcessingJobName"], request["RoleArn"]
        arn = self._aws.iam.store.arn("sagemaker", f"processing-job/{name}")
        if found := job_refusals(request, self._aws):
            raise _invalid("; ".join(found))
        if not self._aws.iam.trusts(role, SERVICE, arn):
            raise _invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows "
                f"principal '{SERVICE}' to assume the role."
            )
        cluster = request["ProcessingResources"]["ClusterConfig"]
        if refused := refusal(self._faults.of_job(name), cluster):
            raise ServiceError(*refused)
        whole = {"StoppingCondition": {"MaxRuntimeInSeconds": _DEFAULT_MAX_RUNTIME_S}, **request}
        started = partial(self._change, name, {}, "ProcessingStartTime")
        job = Job(name, arn, whole, threading.Event(), started)
        with self._lock:
            if self._closed:
                raise ServiceError("ServiceUnavailable", "The local SageMaker was closed")
            if name in self._jobs:
                message = (
                    "Job name must be unique within an AWS account and region, and a job with this "
                    f"name already exists ({arn})"
                )
                raise ServiceError("ResourceInUse", message)
            self._jobs[name] = job
            self._descriptions[name] = {key: whole[key] for key in whole if key != "Tags"}
            changes = {"ProcessingJobArn": arn, "ProcessingJobStatus": "InProgress"}
            self._change(name, changes, "CreationTime")
        self._activity.spawn("job", lambda: self._attend(job))
        return {"ProcessingJobArn": arn}

    def _attend(self, job: Job) -> None:
        self._tell(job.name)
        try:
            fault = self._faults.of_job(job.name)
            end = play(fault, job, self._run, lambda: self._stop_running(job.name))
        except Exception as error:
            _log.exception("job %s failed by an error of the local SageMaker", job.name)
            end = JobEnd("Failed", f"InternalServerError: {error!r}")
        changes: _Json = {"ProcessingJobStatus": end.status}
        # A job that was told to stop ends as Stopped, even if its script had just finished.
        if self._status(job.name) == "Stopping" and end.status == "Completed":
            changes["ProcessingJobStatus"] = "Stopped"
        if end.failure_reason:
            changes["FailureReason"] = end.failure_reason[:LONGEST_REASON]
        if end.exit_message:
            changes["ExitMessage"] = end.exit_message
        self._change(job.name, changes, "ProcessingEndTime", after_s=end.lasted_s)
        self._tell(job.name)

    def _change(self, name: str, changes: _Json, *times: str, after_s: float | None = None) -> None:
        """Change a job now, or as if `after_s` seconds had passed since its start."""
        with self._lock:
            told, moment = self._descriptions[name], datetime.now(UTC).timestamp()
            if after_s is not None:
                moment = told["ProcessingStartTime"] + after_s
            stamps = dict.fromkeys([*times, "LastModifiedTime"], moment)
            self._descriptions[name] = told | changes | stamps

    def _tell(self, name: str) -> None:
        try:
            self._publish(state_change(self._descriptions[name], datetime.now(UTC)))
        except Exception:
            _log.exception("the event of job %s could not be delivered", name)

    def _status(self, name: str) -> str:
        return self._descriptions[name]["ProcessingJobStatus"]

    def _describe(self, request: _Json) -> _Json:
        name = request["ProcessingJobName"]
        if name not in self._descriptions:
            raise _invalid(f"Could not find requested job with name: {name}")
        return self._descriptions[name]

    def _list(self, request: _Json) -> _Json:
        return page("Processing", list(self._descriptions.values()), request)

    def _stop(self, request: _Json) -> _Json:
        name: str = self._describe(request)["ProcessingJobName"]
        stopped, status = self._stop_running(name), self._status(name)
        if not stopped and status != "Stopping":
            raise _invalid(
                f"The request was rejected because the processing job is in status {status}."
            )
        return {}

    def _stop_running(self, name: str) -> bool:
        """Stop a job if it is in progress, and return whether it was."""
        with self._lock:
            in_progress = self._status(name) == "InProgress"
            if in_progress:
                self._change(name, {"ProcessingJobStatus": "Stopping"})
        if in_progress:
            self._tell(name)
            self._jobs[name].stop.set()
        return in_progress


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
