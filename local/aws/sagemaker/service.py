"""A SageMaker of one account and region, of processing and spot training jobs, that runs them.

It refuses what AWS refuses, keeps jobs in memory, and tells every change of status to EventBridge.
"""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any, get_args

from werkzeug.wrappers import Request, Response

from local.aws import protocols
from local.aws.activity import Activity
from local.aws.endpoint import LocalAws
from local.aws.protocols import ServiceError
from local.aws.sagemaker.descriptions import aged, changed, ended, page, reached, state_change
from local.aws.sagemaker.faults import Faults, refusal
from local.aws.sagemaker.job import Job, JobEnd, Kind, Moment, kind_of, spec_of
from local.aws.sagemaker.rules import job_refusals

_Json = dict[str, Any]

SERVICE = "sagemaker.amazonaws.com"
_DEFAULT_MAX_RUNTIME_S = 86400
"""A job without StoppingCondition is stopped after one day (documented by SageMaker's SDK)."""
_log = logging.getLogger(__name__)


class SageMaker:
    """Jobs of both kinds: create, describe, list, stop.

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
        """What Describe tells of each job, by its ARN: names are unique within a kind."""
        self._lock = threading.RLock()
        self._closed = False
        self._operations: dict[str, Callable[[_Json], _Json]] = {}
        for kind in get_args(Kind):
            self._operations |= {
                f"Create{kind}Job": self._create,
                f"Describe{kind}Job": partial(self._describe, kind),
                f"List{kind}Jobs": partial(self._list, kind),
                f"Stop{kind}Job": partial(self._stop, kind),
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

    def age(self, arn: str, seconds: float) -> None:
        """Let everything about a job have happened so much earlier."""
        with self._lock:
            self._descriptions[arn] = aged(self._descriptions[arn], seconds)

    def close(self) -> None:
        """Accept no more jobs, stop those that run, and wait until they have ended."""
        with self._lock:
            self._closed = True
            jobs = list(self._jobs)
        for arn in jobs:
            self._stop_running(arn)
        self._activity.wait(threading.TIMEOUT_MAX, ("job",))

    def _create(self, request: _Json) -> _Json:
        kind, role = kind_of(request), request["RoleArn"]
        name = request[f"{kind}JobName"]
        arn = self._arn(kind, name)
        if found := job_refusals(request, self._aws):
            raise _invalid("; ".join(found))
        if not self._aws.iam.trusts(role, SERVICE, arn):
            raise _invalid(
                f"Could not assume role {role}. Please ensure that the role exists and allows "
                f"principal '{SERVICE}' to assume the role."
            )
        if refused := refusal(self._faults.of_job(arn, kind), spec_of(request), kind):
            raise ServiceError(*refused)
        whole = {"StoppingCondition": {"MaxRuntimeInSeconds": _DEFAULT_MAX_RUNTIME_S}, **request}
        job = Job(name, arn, whole, threading.Event(), partial(self._reach, arn))
        with self._lock:
            if self._closed:
                raise ServiceError("ServiceUnavailable", "The local SageMaker was closed")
            if arn in self._jobs:
                message = (
                    "Job name must be unique within an AWS account and region, and a job with this "
                    f"name already exists ({arn})"
                )
                raise ServiceError("ResourceInUse", message)
            self._jobs[arn] = job
            self._descriptions[arn] = {key: whole[key] for key in whole if key != "Tags"}
            changes = {f"{kind}JobArn": arn, f"{kind}JobStatus": "InProgress"}
            secondary = {"SecondaryStatus": "Starting"} if kind == "Training" else {}
            self._change(arn, changes | secondary, "CreationTime")
        self._activity.spawn("job", lambda: self._attend(job))
        return {f"{kind}JobArn": arn}

    def _attend(self, job: Job) -> None:
        self._tell(job.arn)
        try:
            stop, resume = partial(self._stop_running, job.arn), partial(self._resume, job)
            end = self._faults.play(job, self._run, stop, resume)
        except Exception as error:
            _log.exception("job %s failed by an error of the local SageMaker", job.name)
            end = JobEnd("Failed", f"InternalServerError: {error!r}")
        with self._lock:
            told, moment = self._descriptions[job.arn], datetime.now(UTC).timestamp()
            if end.secondary_status == "MaxWaitTimeExceeded":
                # As if it had been waited for: everything else was so much earlier.
                limit = job.request["StoppingCondition"]["MaxWaitTimeInSeconds"]
                told = aged(told, limit - (moment - told["CreationTime"]))
            if end.lasted_s is not None:
                moment = told[f"{job.kind}StartTime"] + end.lasted_s
            self._descriptions[job.arn] = ended(told, end, moment)
        self._tell(job.arn)

    def _reach(self, arn: str, moment: Moment) -> None:
        """Take note of how far a job has come."""
        with self._lock:
            before = self._descriptions[arn]
            now, artifacts = datetime.now(UTC).timestamp(), self._jobs[arn].spec.outputs
            after = self._descriptions[arn] = reached(before, moment, now, artifacts)
        if after.get("SecondaryStatus") != before.get("SecondaryStatus"):
            self._tell(arn)

    def _resume(self, job: Job) -> bool:
        """Let a job whose machine was reclaimed run again, unless it is to stop anyway."""
        with self._lock:
            if self._closed or self._status(job.arn) == "Stopping":
                return False
            job.reclaimed.clear()
            job.stop.clear()
            return True

    def _change(self, arn: str, changes: _Json, *times: str) -> None:
        with self._lock:
            now = datetime.now(UTC).timestamp()
            self._descriptions[arn] = changed(self._descriptions[arn], now, changes, *times)

    def _tell(self, arn: str) -> None:
        try:
            self._publish(state_change(self._descriptions[arn], datetime.now(UTC)))
        except Exception:
            _log.exception("the event of job %s could not be delivered", arn)

    def _arn(self, kind: Kind, name: str) -> str:
        return self._aws.iam.store.arn("sagemaker", f"{kind.lower()}-job/{name}")

    def _status(self, arn: str) -> str:
        told = self._descriptions[arn]
        return told[f"{kind_of(told)}JobStatus"]

    def _describe(self, kind: Kind, request: _Json) -> _Json:
        name = request[f"{kind}JobName"]
        if found := self._descriptions.get(self._arn(kind, name)):
            return found
        missing = f"Could not find requested job with name: {name}"
        raise _invalid(missing if kind == "Processing" else "Requested resource not found.")

    def _list(self, kind: Kind, request: _Json) -> _Json:
        of_kind = [each for each in self._descriptions.values() if kind_of(each) == kind]
        return page(kind, of_kind, request)

    def _stop(self, kind: Kind, request: _Json) -> _Json:
        arn: str = self._describe(kind, request)[f"{kind}JobArn"]
        stopped, status = self._stop_running(arn), self._status(arn)
        if not stopped and status != "Stopping":
            raise _invalid(
                f"The request was rejected because the {kind.lower()} job is in status {status}."
            )
        return {}

    def _stop_running(self, arn: str) -> bool:
        """Stop a job if it is in progress, and return whether it was."""
        with self._lock:
            in_progress, kind = self._status(arn) == "InProgress", self._jobs[arn].kind
            if in_progress:
                secondary = {"SecondaryStatus": "Stopping"} if kind == "Training" else {}
                self._change(arn, {f"{kind}JobStatus": "Stopping"} | secondary)
        if in_progress:
            self._tell(arn)
            self._jobs[arn].stop.set()
        return in_progress


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
