"""Faults on demand: what goes wrong on AWS, in the words in which AWS tells it.

The texts are recorded ones, of users' reports (CapacityError, ResourceLimitExceeded,
InternalServerError, ClientError) and of the SDK's tests (Rate exceeded).
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from local.aws.sagemaker.job import Job, JobEnd, Kind, Moment, Spec, kind_of

_OF_JOBS = (
    *("capacity", "quota", "quota-zero", "throttle", "internal-error", "out-of-memory"),
    *("disk-full", "timeout", "operator-stop"),
)
"""Each befalls one job: the next that is asked for by a name that is new."""
_TAKEN_AT: dict[str, tuple[Moment, ...]] = {
    # A script that prints nothing is left to end, but nothing of it is uploaded.
    "spot-reclaimed": ("Printed", "Uploading"),
    "spot-reclaimed-after-checkpoint": ("Kept",),
    "spot-reclaimed-during-upload": ("Saved",),
}
"""When the machine is taken away: at the first of these moments, if there is one."""
OF_SPOT = ("spot-never-came", *_TAKEN_AT)
"""Each befalls one job, likewise, that may run on spot machines."""
_OF_EVENTS = ("lost-event", "duplicate-event", "out-of-order")
"""Each befalls the events of all jobs; only the first end is lost."""
NAMES = (*_OF_JOBS, *OF_SPOT, *_OF_EVENTS)

Event = dict[str, Any]

_QUOTA = (
    "The account-level service limit '{type} for {usage} job usage' is {most} Instances, with "
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
_NO_MACHINE = JobEnd("Stopped", secondary_status="MaxWaitTimeExceeded")


class Faults:
    """The faults that are still to come; safe to use from several threads."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.coming = list(names)
        """Those of `NAMES` that have befallen nothing yet, in order."""
        self._befallen: dict[str, str | None] = {}
        self._held: defaultdict[str, list[Event]] = defaultdict(list)
        """Events of jobs that have to wait for the job's end."""
        self._lock = threading.Lock()

    @property
    def left(self) -> list[str]:
        """Those that were to befall one thing, and have befallen none."""
        return [each for each in self.coming if each not in ("duplicate-event", "out-of-order")]

    def of_job(self, arn: str, kind: Kind) -> str | None:
        """Return what befalls a job, which is decided when it is asked for the first time."""
        possible = (*_OF_JOBS, *(OF_SPOT if kind == "Training" else ()))
        with self._lock:
            if arn not in self._befallen:
                fault = next((each for each in self.coming if each in possible), None)
                if fault:
                    self.coming.remove(fault)
                self._befallen[arn] = fault
            return self._befallen[arn]

    def play(
        self,
        job: Job,
        run: Callable[[Job], JobEnd],
        stop: Callable[[], object],
        resume: Callable[[], bool],
    ) -> JobEnd:
        """Run a job to the end that its fault gives it, if any.

        `stop` does what an operator does. `resume` lets a job run that was stopped because its
        machine was reclaimed, unless it is to stop anyway, and returns whether it does.
        """
        fault = self.of_job(job.arn, job.kind)
        if fault == "spot-never-came":
            return _NO_MACHINE
        if fault in _TAKEN_AT:
            return self._reclaimed(fault, job, run, resume)
        if fault == "operator-stop":

            def at(moment: Moment) -> None:
                job.at(moment)
                if moment == "Training":
                    stop()

            return run(replace(job, at=at))
        if fault not in (*_ENDS, "timeout"):
            return run(job)
        if fault != "capacity":
            job.at("Training")
        # The time that a job runs until it is stopped is not waited for.
        return _ENDS.get(fault) or JobEnd("Stopped", lasted_s=job.max_runtime_s)

    def _reclaimed(
        self, fault: str, job: Job, run: Callable[[Job], JobEnd], resume: Callable[[], bool]
    ) -> JobEnd:
        """Run a job on a machine that is taken away, then on another one, unless none comes."""

        def at(moment: Moment) -> None:
            job.at(moment)
            if moment in _TAKEN_AT[fault]:
                job.reclaimed.set()
                job.stop.set()

        end = run(replace(job, at=at))
        if not job.reclaimed.is_set():
            with self._lock:
                self.coming.append(fault)
            return end
        job.at("Interrupted")
        if fault == "spot-reclaimed":
            return _NO_MACHINE
        return run(job) if resume() else JobEnd("Stopped")

    def arriving(self, event: Event) -> list[Event]:
        """Return what arrives when a job's event is sent: it, once or twice, others, or nothing."""
        [job], ended = event["resources"], f"{kind_of(event['detail'])}EndTime" in event["detail"]
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


def refusal(fault: str | None, spec: Spec, kind: Kind) -> tuple[str, str] | None:
    """Return the code and message with which Create is refused, if it is."""
    if fault == "throttle":
        return "ThrottlingException", "Rate exceeded"
    if fault in ("quota", "quota-zero"):
        count = spec.cluster["InstanceCount"]
        # All that the limit allows is in use; or the limit of a new account, that allows none.
        most = count if fault == "quota" else 0
        usage = "processing" if kind == "Processing" else "spot training"
        text = _QUOTA.format(type=spec.cluster["InstanceType"], usage=usage, most=most, count=count)
        return "ResourceLimitExceeded", text
    return None
