"""SageMaker's processing jobs as a table, for tests that decide themselves how each job ends."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from local.aws.sagemaker.descriptions import state_change

Json = dict[str, Any]

_ARN = "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/"


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

    def add(self, name: str, instance_type: str = "ml.m5.large", **known: Any) -> None:
        """Let there be a job that runs."""
        cluster = {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 10}
        # No two jobs are created at the same time, even where a test's clock stands still.
        created = self._clock() + timedelta(microseconds=len(self.jobs))
        self.jobs[name] = {
            "ProcessingJobName": name,
            "ProcessingJobArn": _ARN + name,
            "ProcessingJobStatus": "InProgress",
            "AppSpecification": {"ImageUri": f"image@sha256:{'ab' * 32}"},
            "ProcessingResources": {"ClusterConfig": cluster},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "CreationTime": created,
            "LastModifiedTime": created,
            **known,
        }

    def end(self, name: str, status: str, *, ran: bool = True, **known: Any) -> Json:
        """Let a job end now; return the event. One that `ran` had started after a minute."""
        job = self.jobs[name]
        started = {"ProcessingStartTime": job["CreationTime"] + timedelta(minutes=1)} if ran else {}
        now = self._clock()
        ended = {"ProcessingEndTime": now, "LastModifiedTime": now}
        self.jobs[name] = {**job, **started, **ended, "ProcessingJobStatus": status, **known}
        return self.event(name)

    def running(self) -> list[str]:
        """Return the names of the jobs that run."""
        jobs = self.jobs.items()
        return [name for name, job in jobs if job["ProcessingJobStatus"] == "InProgress"]

    def event(self, name: str) -> Json:
        """Return the event of a job's present status."""
        wire = {
            key: value.timestamp() if isinstance(value, datetime) else value
            for key, value in self.jobs[name].items()
        }
        return state_change(wire, self._clock())

    def answer(self, operation: str, params: Json) -> Json | tuple[str, str]:
        """Return an operation's answer, or an error's code and message."""
        if operation == "CreateProcessingJob":
            return self._create(params)
        if operation == "ListProcessingJobs":
            return self._list(params)
        job = self.jobs.get(params["ProcessingJobName"])
        if job is None:
            return "ValidationException", "Could not find requested job with name: x"
        if operation == "DescribeProcessingJob":
            return job
        return self._stop(job)

    def _create(self, params: Json) -> Json | tuple[str, str]:
        name = params["ProcessingJobName"]
        if name in self.jobs:
            return "ResourceInUse", "Job name must be unique within an AWS account and region"
        self.add(name)
        self.accepted.append(name)
        self.jobs[name] |= {key: value for key, value in params.items() if key != "Tags"}
        return {"ProcessingJobArn": _ARN + name}

    def _list(self, params: Json) -> Json:
        found = [
            job
            for job in self.stale_list or self.jobs.values()
            if params["NameContains"] in job["ProcessingJobName"]
            and params.get("StatusEquals") in (None, job["ProcessingJobStatus"])
            and params.get("LastModifiedTimeAfter", job["CreationTime"]) <= job["LastModifiedTime"]
        ]
        first = int(params.get("NextToken", 0))
        end = first + min(self._page, params.get("MaxResults", 10))
        more = {"NextToken": str(end)} if found[end:] else {}
        return {"ProcessingJobSummaries": found[first:end], **more}

    def _stop(self, job: Json) -> Json | tuple[str, str]:
        if job["ProcessingJobStatus"] not in ("InProgress", "Stopping"):
            return "ValidationException", "The request was rejected: the job has ended."
        job["ProcessingJobStatus"] = "Stopping"
        return {}
