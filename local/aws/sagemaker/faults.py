"""Faults on demand: what goes wrong on AWS, in the words in which AWS tells it.

The texts are recorded ones, of users' reports (CapacityError, ResourceLimitExceeded,
InternalServerError, ClientError) and of the SDK's tests (Rate exceeded).
"""

import threading
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
_TERMINAL = {"Completed", "Failed", "Stopped"}

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
        self._coming: list[str] = []
        self._befallen: dict[str, str | None] = {}
        self._lock = threading.Lock()
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Add a fault.

        Raises:
            ValueError: there is none of that name.
        """
        if name not in NAMES:
            raise ValueError(f"fault {name!r} must be one of: {', '.join(NAMES)}")
        self._coming.append(name)

    def clear(self) -> None:
        """Forget the faults that are still to come."""
        with self._lock:
            self._coming.clear()

    def of_job(self, name: str) -> str | None:
        """Return what befalls a job, which is decided when it is asked for the first time."""
        with self._lock:
            if name not in self._befallen:
                fault = next((each for each in self._coming if each in _OF_JOBS), None)
                if fault:
                    self._coming.remove(fault)
                self._befallen[name] = fault
            return self._befallen[name]

    def of_events(self, name: str, *, once: bool = False) -> bool:
        """Return whether a fault befalls events; `once` takes it away."""
        with self._lock:
            found = name in self._coming
            if found and once:
                self._coming.remove(name)
            return found


class EventFaults:
    """Stands between SageMaker and the event bus."""

    def __init__(
        self, faults: Faults, publish: Callable[[Event], None], lose: Callable[[str], None]
    ) -> None:
        """Prepare to pass events on to `publish`; `lose` is told the job of one that is lost."""
        self._faults, self._publish, self._lose = faults, publish, lose
        self._held: dict[str, list[Event]] = {}
        """Events of jobs that have to wait for the job's end."""

    def publish(self, event: Event) -> None:
        """Pass an event on to the bus, as the faults will have it."""
        job, status = event["detail"]["ProcessingJobName"], event["detail"]["ProcessingJobStatus"]
        ended = status in _TERMINAL
        if not ended and self._faults.of_events("out-of-order"):
            self._held.setdefault(job, []).append(event)
            return
        if ended and self._faults.of_events("lost-event", once=True):
            self._lose(job)
        else:
            self._pass_on(event)
        for held in self._held.pop(job, []) if ended else []:
            self._pass_on(held)

    def _pass_on(self, event: Event) -> None:
        for _ in range(2 if self._faults.of_events("duplicate-event") else 1):
            self._publish(event)


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
