"""Faults on demand: what goes wrong on AWS, in the words in which AWS tells it.

The texts are recorded ones, of users' reports (CapacityError, ResourceLimitExceeded,
InternalServerError, ClientError) and of the SDK's tests (Rate exceeded).
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from local.aws.sagemaker.job import Job, JobEnd

_OF_JOBS = (
    *("capacity", "quota", "quota-zero", "throttle", "internal-error", "out-of-memory"),
    *("disk-full", "timeout", "operator-stop"),
)
"""Each befalls one job: the next that is asked for by a name that is new."""
_OF_EVENTS = ("lost-event", "duplicate-event", "out-of-order")
"""Each befalls the events of all jobs; only the first end is lost."""
NAMES = (*_OF_JOBS, *_OF_EVENTS)

Event = dict[str, Any]

_QUOTA = (
    "The account-level service limit '{type} for processing job usage' is {most} Instances, with "
    "current utilization of {most} Instances and a request delta of {count} Instances. Please use "
    "AWS Service Quotas to request an increase for this quota. If AWS Service Quotas is not "
    "available, contact AWS support to request an increase for this quota."
)
_ENDS: dict[str, JobEnd] = {
    "capacity": JobEnd(
        "Failed",
        "CapacityError: Unable to provision requested ML compute capacity. Please retry using a "
        "different ML instance type.",
    ),
    "internal-error": JobEnd(
        "Failed", "InternalServerError: We encountered an internal error.  Please try again."
    ),
    "out-of-memory": JobEnd(
        "Failed",
        "ClientError: Please use an instance type with more memory, or reduce the size of job data "
        "processed on an instance.",
    ),
    "disk-full": JobEnd(
        "Failed",
        "AlgorithmError: , exit code: 1",
        "process_data.sh failed with exit code 1: write error: No space left on device",
    ),
}


class Faults:
    """The faults that are still to come; safe to use from several threads."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.coming = list(names)
        """Those of `NAMES` that have befallen nothing yet, in order."""
        self._befallen: dict[str, str | None] = {}
        self._held: defaultdict[str, list[Event]] = defaultdict(list)
        """Events of jobs that have to wait for the job's end."""
        self._lock = threading.Lock()

    def of_job(self, name: str) -> str | None:
        """Return what befalls a job, which is decided when it is asked for the first time."""
        with self._lock:
            if name not in self._befallen:
                fault = next((each for each in self.coming if each in _OF_JOBS), None)
                if fault:
                    self.coming.remove(fault)
                self._befallen[name] = fault
            return self._befallen[name]

    def arriving(self, event: Event) -> list[Event]:
        """Return what arrives when a job's event is sent: it, once or twice, others, or nothing."""
        detail = event["detail"]
        job, ended = detail["ProcessingJobName"], "ProcessingEndTime" in detail
        with self._lock:
            if not ended and "out-of-order" in self.coming:
                self._held[job].append(event)
                return []
            found = [event, *(self._held.pop(job, []) if ended else [])]
            if ended and "lost-event" in self.coming:
                self.coming.remove("lost-event")
                found.remove(event)
            times = 2 if "duplicate-event" in self.coming else 1
            return [each for each in found for _ in range(times)]


def refusal(fault: str | None, cluster: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the code and message with which CreateProcessingJob is refused, if it is."""
    if fault == "throttle":
        return "ThrottlingException", "Rate exceeded"
    if fault in ("quota", "quota-zero"):
        count = cluster["InstanceCount"]
        # All that the limit allows is in use; or the limit of a new account, that allows none.
        most = count if fault == "quota" else 0
        text = _QUOTA.format(type=cluster["InstanceType"], most=most, count=count)
        return "ResourceLimitExceeded", text
    return None


def play(
    fault: str | None, job: Job, run: Callable[[Job], JobEnd], stop: Callable[[], object]
) -> JobEnd:
    """Run a job to the end that its fault gives it, if any; `stop` does what an operator does."""
    if fault == "operator-stop":

        def started() -> None:
            job.started()
            stop()

        return run(replace(job, started=started))
    if fault not in (*_ENDS, "timeout"):
        return run(job)
    if fault != "capacity":
        job.started()
    # The time that a job runs until it is stopped is not waited for.
    return _ENDS.get(fault) or JobEnd("Stopped", lasted_s=job.max_runtime_s)
