"""What the same jobs would be on other machines: rules that only compute.

Memory and disk are as measured. How long a job takes elsewhere is an estimate by the number of
vCPUs alone: that newer ones are faster is not in it.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from components.aws import instance_types
from components.aws.instance_types import Shape
from ops.usage import Usage
from pipeline import cost
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome

KEPT_FREE = 0.2
"""Of memory, on a machine that is suggested: the next input may be larger."""
WORTH = 0.1
"""Of a run's cost: less is no reason to change."""
_SHORT = 0.1
"""A machine with less memory left than that is too small."""
_ALL_CPU = 0.9
"""A job that takes so much of its vCPUs would take more, if there were more."""
_FULL_DISK = 0.85
_SMALLER_DISK = 0.7
"""Only a volume so much smaller is suggested."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What jobs ran on."""

    instance_type: str
    instance_count: int
    volume_gb: int | None
    """None: the journal does not say, as of jobs that it had before it knew volumes."""
    shape: Shape
    kind: Kind
    """Of their jobs, which has prices of its own; on spot they are those before its discount."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What jobs took of one instance: of several the fullest."""

    jobs: int
    """That were measured."""
    out_of_memory: int
    """Jobs, measured or not."""
    cpu_mean: float
    """vCPUs, over a usual job."""
    cpu_peak: float
    memory_gb: float
    """At the peak of a usual job."""
    memory_peak_gb: float
    """Of all jobs; all that there is, where one ran out of it."""
    disk_peak_gb: float | None
    """Likewise."""
    run_s: float
    """Of a usual job."""
    longest_s: float


@dataclass(frozen=True, kw_only=True)
class Option:
    """The same jobs on a machine."""

    instance_type: str
    vcpus: int
    memory_gb: int
    memory_free: float
    """Share of it, at the highest peak; negative where the jobs would not fit."""
    run_s: float
    longest_s: float
    cost_usd: float | None
    """Of a usual run."""

    @property
    def is_short(self) -> bool:
        """Whether it has too little memory."""
        return self.memory_free < _SHORT


def load(machine: Machine, jobs: Sequence[Entry], measured: Sequence[Usage]) -> Load:
    """Return what jobs took of their machine, by what was measured of them."""
    all_gb, volume_gb = machine.shape.memory_gb, machine.volume_gb
    outcomes = Counter(job.outcome for job in jobs)
    memory = [usage.memory_peak / 100 * all_gb for usage in measured]
    # What made a job fail is over before it is measured.
    memory_peak = all_gb if outcomes[Outcome.OUT_OF_MEMORY] else max(memory)
    disk = 100 if outcomes[Outcome.DISK_FULL] else max(usage.disk_peak for usage in measured)
    runs = [job.training_s or job.run_s or 0 for job in jobs]
    whole = [run for run, job in zip(runs, jobs, strict=True) if job.outcome == Outcome.COMPLETED]
    return Load(
        jobs=len(measured),
        out_of_memory=outcomes[Outcome.OUT_OF_MEMORY],
        cpu_mean=median(usage.cpu_mean for usage in measured) / 100,
        cpu_peak=max(usage.cpu_peak for usage in measured) / 100,
        memory_gb=median(memory),
        memory_peak_gb=memory_peak,
        disk_peak_gb=disk / 100 * volume_gb if volume_gb else None,
        run_s=median(whole or runs),
        longest_s=max(runs),
    )


def candidates(machine: Machine, prices: Mapping[str, float]) -> dict[str, Shape]:
    """Return the types to compare a machine with, and what they have.

    They are the next smaller and larger of its family; and of all others, for each pair of vCPUs
    and memory of which it has the one or the other, the cheapest, and of those the newest.
    """
    now, mine = machine.instance_type, machine.shape
    family = instance_types.family(now)
    index = family.index(now)
    others: dict[Shape, str] = {}
    for each in sorted(prices, key=lambda each: (-prices[each], each)):
        # One that bursts gives its CPU for some time only: none to move to unseen.
        is_other = each in instance_types.known() and each not in family and each[:4] != "ml.t"
        shape = instance_types.shape(each) if is_other else None
        if shape and (shape.vcpus == mine.vcpus or shape.memory_gb == mine.memory_gb):
            others[shape] = each
    if prices.get(others.get(mine, ""), math.inf) >= prices.get(now, 0):
        others.pop(mine, None)
    near = [*family[max(0, index - 1) : index], *family[index + 1 : index + 2]]
    volume_gb = machine.volume_gb or 0
    return {
        each: shape
        for each in (*near, *others.values())
        if (shape := instance_types.shape(each))
        and volume_gb <= instance_types.largest_volume(each)
    }


def slowdown(taken: Load, now: int, then: int) -> float:
    """Return how many times as long a job takes with `then` vCPUs instead of `now`.

    For a part of its time it takes its peak. That part is longer where there is less than the peak,
    and shorter where the peak was all there was, and there is more.
    """
    busy = min(1, taken.cpu_mean / taken.cpu_peak) if taken.cpu_peak else 0
    stretched = now / then if taken.cpu_peak >= _ALL_CPU * now else max(1, taken.cpu_peak / then)
    return 1 - busy + busy * stretched


def option(region: str, machine: Machine, taken: Load, instance_type: str, shape: Shape) -> Option:
    """Return what a machine's jobs would be on a type that has that."""
    longer = slowdown(taken, machine.shape.vcpus, shape.vcpus)
    of = (machine.instance_count, machine.volume_gb or 0, taken.run_s * longer)
    return Option(
        instance_type=instance_type,
        vcpus=shape.vcpus,
        memory_gb=shape.memory_gb,
        memory_free=1 - taken.memory_peak_gb / shape.memory_gb,
        run_s=taken.run_s * longer,
        longest_s=taken.longest_s * longer,
        cost_usd=cost.estimate(region, instance_type, *of, kind=machine.kind),
    )


def choose(now: Option, others: Sequence[Option], max_runtime_s: float) -> Option | None:
    """Return the machine to take instead: one with more memory if it is short, else a cheaper one.

    Without prices the cheaper one is that with less of both.
    """

    def is_better(other: Option) -> bool:
        if now.is_short:
            return other.memory_gb > now.memory_gb
        if now.cost_usd is None or other.cost_usd is None:
            return other.vcpus < now.vcpus and other.memory_gb < now.memory_gb
        return other.cost_usd <= (1 - WORTH) * now.cost_usd

    def dearness(other: Option) -> tuple[float, int]:
        return math.inf if other.cost_usd is None else other.cost_usd, other.memory_gb

    fit = [
        each
        for each in others
        if is_better(each) and each.memory_free >= KEPT_FREE and each.longest_s <= max_runtime_s
    ]
    return min(fit, key=dearness, default=None)


def volume(now_gb: int, peak_gb: float) -> int | None:
    """Return the volume to set instead, twice the peak in tens of GB; None if it is right."""
    wanted = max(10, 10 * math.ceil(2 * peak_gb / 10))
    return wanted if peak_gb > _FULL_DISK * now_gb or wanted <= _SMALLER_DISK * now_gb else None
