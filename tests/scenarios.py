"""What can go wrong with a slot, and everything that is to come of it."""

from dataclasses import dataclass, field
from typing import Any

from local.aws.sagemaker.job import JobEnd
from pipeline.outcome import Outcome

T3, M5, C5 = "ml.t3.medium", "ml.m5.large", "ml.c5.xlarge"
LARGER = "ml.t3.large"
SPOT, LARGER_SPOT = "ml.r5.large", "ml.r5.xlarge"
"""Types of the schedule whose jobs are to run on spot machines."""


@dataclass(kw_only=True)
class Scenario:
    """What goes wrong, and everything that is to come of it."""

    faults: tuple[str, ...] = ()
    ends: tuple[JobEnd, ...] = ()
    """How the first jobs end that no fault befalls; the others complete."""
    attempts: list[tuple[str | None, str]]
    """Instance type and outcome of each."""
    told: str | None = None
    """Part of the one message's subject; None: nobody is told."""
    red: bool = False
    """Whether the schedule's alarm goes off, and comes back with the next success."""
    metrics: dict[str, float] = field(default_factory=dict[str, float])
    has_input: bool = True
    schedule: str = "daily"
    on_spot: int = 0
    """How many of the attempts, the first ones, had a spot job; the others had none."""


def failed(reason: str, exit_message: str | None = None) -> JobEnd:
    return JobEnd("Failed", reason, exit_message)


def completed(attempts: int = 1) -> dict[str, float]:
    return {"JobsSucceeded": 1, "JobsFailed": 0, "Attempts": attempts}


def ended(attempts: int = 1) -> dict[str, float]:
    return {"JobsFailed": 1, "Attempts": attempts}


def final(outcome: Outcome, **how: Any) -> Scenario:
    """Return a scenario of one attempt that is not tried again."""
    told = f"failed: {outcome.replace('_', ' ')}"
    instance_type = how.pop("instance_type", T3)
    attempts = [(instance_type, str(outcome))]
    return Scenario(attempts=attempts, told=told, red=True, metrics=ended(), **how)


def on_spot(*faults: str, first: str | None = None, **how: Any) -> Scenario:
    """Return a scenario of a spot attempt, and one on demand if the `first` has another outcome."""
    refused = first == Outcome.QUOTA_TOO_LOW  # then there was no job to have a machine
    attempts = [(None if refused else SPOT, str(first))] if first else []
    attempts.append((SPOT, "completed"))
    known = {"metrics": completed(len(attempts)), "on_spot": 0 if refused else 1}
    how = {"attempts": attempts, **known, **how}
    return Scenario(faults=faults, schedule="cheap", **how)


SCENARIOS = {
    "completed": Scenario(attempts=[(T3, "completed")], metrics=completed()),
    "no capacity: the next type": Scenario(
        faults=("capacity", "capacity"),
        attempts=[(T3, "capacity"), (M5, "capacity"), (C5, "completed")],
        metrics=completed(3),
    ),
    "no capacity anywhere: from the first type again, until the deadline": Scenario(
        faults=("capacity",) * 9,
        attempts=[(kind, "capacity") for kind in (T3, M5, C5) * 3],
        told="failed: capacity",
        red=True,
        metrics=ended(9),
    ),
    "quota: later": Scenario(
        faults=("quota",), attempts=[(None, "quota"), (T3, "completed")], metrics=completed(2)
    ),
    "quota until the deadline": Scenario(
        faults=("quota",) * 3,
        attempts=[(None, "quota"), (T3, "quota"), (T3, "quota")],
        told="failed: quota",
        red=True,
        metrics=ended(3),
    ),
    "a quota of zero: the next type, at once": Scenario(
        faults=("quota-zero",),
        attempts=[(None, "quota_too_low"), (M5, "completed")],
        metrics=completed(2),
    ),
    "a quota of zero for every type: told at once": Scenario(
        faults=("quota-zero",) * 3,
        attempts=[(None, "quota_too_low"), (M5, "quota_too_low"), (C5, "quota_too_low")],
        told="failed: quota too low",
        red=True,
        metrics=ended(3),
    ),
    "a quota of zero for the larger size: told at once": Scenario(
        faults=("out-of-memory", "quota-zero"),
        attempts=[(T3, "out_of_memory"), (LARGER, "quota_too_low")],
        told="failed: quota too low",
        red=True,
        metrics=ended(2),
    ),
    "throttled: later": Scenario(
        faults=("throttle",),
        attempts=[(None, "throttled"), (T3, "completed")],
        metrics=completed(2),
    ),
    "internal error: once more": Scenario(
        faults=("internal-error",),
        attempts=[(T3, "internal_error"), (T3, "completed")],
        metrics=completed(2),
    ),
    "internal error twice": Scenario(
        faults=("internal-error",) * 2,
        attempts=[(T3, "internal_error")] * 2,
        told="failed: internal error",
        red=True,
        metrics=ended(2),
    ),
    "out of memory: one size larger": Scenario(
        faults=("out-of-memory",),
        attempts=[(T3, "out_of_memory"), (LARGER, "completed")],
        metrics=completed(2),
    ),
    "out of memory on the larger one too": Scenario(
        faults=("out-of-memory",) * 2,
        attempts=[(T3, "out_of_memory"), (LARGER, "out_of_memory")],
        told="failed: out of memory",
        red=True,
        metrics=ended(2),
    ),
    "one after the other": Scenario(
        faults=("quota", "capacity", "internal-error", "out-of-memory"),
        attempts=[
            (None, "quota"),
            (T3, "capacity"),
            (M5, "internal_error"),
            (M5, "out_of_memory"),
            ("ml.m5.xlarge", "completed"),
        ],
        metrics=completed(5),
    ),
    "disk full": final(Outcome.DISK_FULL, faults=("disk-full",)),
    "timed out": final(Outcome.TIMED_OUT, faults=("timeout",)),
    "stopped by an operator: told, and no failure": Scenario(
        faults=("operator-stop",), attempts=[(T3, "stopped")], told="was stopped"
    ),
    "script failed": final(
        Outcome.SCRIPT_FAILED,
        ends=(failed("AlgorithmError: , exit code: 3", "process_data.sh failed: no rows"),),
    ),
    "no network": final(
        Outcome.NO_NETWORK,
        ends=(failed("AlgorithmError: , exit code: 6", "curl: (6) Could not resolve host: x"),),
    ),
    "empty output": final(Outcome.EMPTY_OUTPUT, ends=(JobEnd("Completed"),)),
    "bad image": final(
        Outcome.BAD_IMAGE,
        ends=(failed("ClientError: Cannot pull algorithm container. It does not exist."),),
    ),
    "access denied": final(
        Outcome.ACCESS_DENIED, ends=(failed("ClientError: S3 HeadObject: AccessDenied"),)
    ),
    "unknown": final(Outcome.UNKNOWN, ends=(failed("ClientError: something new"),)),
    "empty input": final(Outcome.EMPTY_INPUT, has_input=False, instance_type=None),
    "lost event": Scenario(
        faults=("lost-event",), attempts=[(T3, "completed")], metrics=completed()
    ),
    "duplicate events of a success": Scenario(
        faults=("duplicate-event",), attempts=[(T3, "completed")], metrics=completed()
    ),
    "duplicate events of a failure": final(
        Outcome.DISK_FULL, faults=("duplicate-event", "disk-full")
    ),
    "duplicate events of what heals": Scenario(
        faults=("duplicate-event", "capacity"),
        attempts=[(T3, "capacity"), (M5, "completed")],
        metrics=completed(2),
    ),
    "events out of order": final(Outcome.DISK_FULL, faults=("out-of-order", "disk-full")),
    "lost event of a failure": final(Outcome.DISK_FULL, faults=("lost-event", "disk-full")),
    "on spot": on_spot(),
    "spot never came: on demand": on_spot("spot-never-came", first=Outcome.SPOT_NEVER_CAME),
    "spot reclaimed for good: on demand": on_spot("spot-reclaimed", first=Outcome.SPOT_RECLAIMED),
    "spot reclaimed after a checkpoint: goes on from there": on_spot(
        "spot-reclaimed-after-checkpoint"
    ),
    "spot reclaimed during its upload: only the last start counts": on_spot(
        "spot-reclaimed-during-upload"
    ),
    "no capacity on spot: on demand": on_spot("capacity", first=Outcome.CAPACITY),
    "a quota of zero for spot: on demand": on_spot("quota-zero", first=Outcome.QUOTA_TOO_LOW),
    "out of memory on spot: one size larger, on spot": on_spot(
        "out-of-memory",
        attempts=[(SPOT, "out_of_memory"), (LARGER_SPOT, "completed")],
        metrics=completed(2),
        on_spot=2,
    ),
    "script failed on spot: nothing on demand": final(
        Outcome.SCRIPT_FAILED,
        ends=(failed("AlgorithmError: , exit code: 3", "process_data.sh failed: no rows"),),
        instance_type=SPOT,
        schedule="cheap",
        on_spot=1,
    ),
}
