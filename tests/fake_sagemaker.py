"""SageMaker's jobs as a table, for tests that decide themselves how each job ends."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, cast

from local.aws.sagemaker.descriptions import state_change
from local.aws.sagemaker.job import Kind, kind_of

Json = dict[str, Any]

_IMAGE = f"image@sha256:{'ab' * 32}"
_OPERATION = re.compile("(Create|Describe|List|Stop)(Processing|Training)Jobs?")
_NOT_FOUND = {
    "Processing": "Could not find requested job with name: x",
    "Training": "Requested resource not found.",
}


class FakeSageMaker:
    """Jobs, and the answers about them."""

    def __init__(self, clock: Callable[[], datetime], page: int = 2) -> None:
        """Have at most `page` jobs in an answer: by default whoever lists has to turn pages."""
        self._clock, self._page = clock, page
        self.jobs: dict[str, Json] = {}
        """Name -> what Describe tells."""
        self.accepted: list[str] = []
        """The name of every job that was started, which is what AWS is paid for."""
        self.stale_list: list[Json] | None = None
        """What List still shows, if it has not noticed the latest changes."""

    def add(
        self,
        name: str,
        instance_type: str = "ml.m5.large",
        kind: Kind = "Processing",
        **known: Any,
    ) -> None:
        """Let there be a job that runs: of processing, or of training, on spot machines."""
        cluster = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 10}
        # No two jobs are created at the same time, even where a test's clock stands still.
        created = self._clock() + timedelta(microseconds=len(self.jobs))
        own: dict[Kind, Json] = {
            "Processing": {
                "AppSpecification": {"ImageUri": _IMAGE},
                "ProcessingResources": {"ClusterConfig": cluster},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            },
            "Training": {
                "SecondaryStatus": "Starting",
                "AlgorithmSpecification": {"TrainingImage": _IMAGE, "TrainingInputMode": "File"},
                "OutputDataConfig": {"S3OutputPath": "s3://out-bucket/_spot/slot"},
                "ResourceConfig": cluster,
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 7200},
                "EnableManagedSpotTraining": True,
            },
        }
        self.jobs[name] = {
            f"{kind}JobName": name,
            f"{kind}JobArn": _arn(kind, name),
            f"{kind}JobStatus": "InProgress",
            "CreationTime": created,
            "LastModifiedTime": created,
            **own[kind],
            **known,
        }

    def end(self, name: str, status: str, *, ran: bool = True, **known: Any) -> Json:
        """Let a job end now; return the event. One that `ran` had started after a minute.

        Of training: `SecondaryStatus` is the status where it is not given, 30 % of the time is
        billed, and the artifacts of what completed are where SageMaker would have put them.
        """
        job, kind, now = self.jobs[name], kind_of(self.jobs[name]), self._clock()
        started = job["CreationTime"] + timedelta(minutes=1)
        ended: Json = {f"{kind}EndTime": now, "LastModifiedTime": now, f"{kind}JobStatus": status}
        if ran:
            ended[f"{kind}StartTime"] = started
        if kind == "Training":
            ended["SecondaryStatus"] = status
            if ran:
                training_s = round((now - started).total_seconds())
                ended["TrainingTimeInSeconds"] = training_s
                ended["BillableTimeInSeconds"] = training_s * 3 // 10
            if status == "Completed":
                path = f"{job['OutputDataConfig']['S3OutputPath']}/{name}/output/model"
                ended["ModelArtifacts"] = {"S3ModelArtifacts": path}
        self.jobs[name] = {**job, **ended, **known}
        return self.event(name)

    def running(self) -> list[str]:
        """Return the names of the jobs that run."""
        jobs = self.jobs.items()
        return [name for name, job in jobs if status_of(job) == "InProgress"]

    def event(self, name: str) -> Json:
        """Return the event of a job's present status."""
        wire = {
            key: value.timestamp() if isinstance(value, datetime) else value
            for key, value in self.jobs[name].items()
        }
        return state_change(wire, self._clock())

    def answer(self, operation: str, params: Json) -> Json | tuple[str, str]:
        """Return an operation's answer, or an error's code and message."""
        matched = _OPERATION.fullmatch(operation)
        assert matched, f"the fake SageMaker has no {operation}"
        verb, kind = matched[1], cast("Kind", matched[2])
        if verb == "Create":
            return self._create(kind, params)
        if verb == "List":
            return self._list(kind, params)
        job = self.jobs.get(params[f"{kind}JobName"])
        if job is None or kind_of(job) != kind:
            return "ValidationException", _NOT_FOUND[kind]
        return job if verb == "Describe" else self._stop(kind, job)

    def _create(self, kind: Kind, params: Json) -> Json | tuple[str, str]:
        name = params[f"{kind}JobName"]
        if name in self.jobs:
            # Names are unique within a kind: SageMaker would start this one, and be paid twice.
            assert kind_of(self.jobs[name]) == kind, f"{name} is a job of the other kind already"
            return "ResourceInUse", "Job name must be unique within an AWS account and region"
        self.add(name, kind=kind)
        self.accepted.append(name)
        self.jobs[name] |= {key: value for key, value in params.items() if key != "Tags"}
        return {f"{kind}JobArn": _arn(kind, name)}

    def _list(self, kind: Kind, params: Json) -> Json:
        found = [
            job
            for job in self.stale_list or self.jobs.values()
            if kind_of(job) == kind
            and params["NameContains"] in job[f"{kind}JobName"]
            and params.get("StatusEquals") in (None, status_of(job))
            and params.get("LastModifiedTimeAfter", job["CreationTime"]) <= job["LastModifiedTime"]
        ]
        first = int(params.get("NextToken", 0))
        end = first + min(self._page, params.get("MaxResults", 10))
        more = {"NextToken": str(end)} if found[end:] else {}
        return {f"{kind}JobSummaries": found[first:end], **more}

    def _stop(self, kind: Kind, job: Json) -> Json | tuple[str, str]:
        if status_of(job) not in ("InProgress", "Stopping"):
            return "ValidationException", "The request was rejected: the job has ended."
        job[f"{kind}JobStatus"] = "Stopping"
        return {}


def _arn(kind: Kind, name: str) -> str:
    return f"arn:aws:sagemaker:eu-central-1:123456789012:{kind.lower()}-job/{name}"


def status_of(job: Json) -> str:
    """Return the status of a job of either kind."""
    return job[f"{kind_of(job)}JobStatus"]
