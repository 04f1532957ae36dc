"""What the past jobs of a schedule on one machine tell, in numbers and in sentences."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from components.aws import instance_types
from components.settings import ScheduleSettings
from ops import machines
from ops.listing import on_demand_usd
from ops.machines import Load, Machine, Option
from ops.screen import change, share
from ops.usage import Usage
from pipeline import cost
from pipeline.journal_items import Entry, seconds_between
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.text import dollars, duration

_SAME_TIME = 0.05
"""Of a run: an estimate that differs by less says nothing."""
_LEAST_JOBS = 3
_LEAST_POINTS = 3
"""Of a job: in fewer a peak is easily missed."""
_NO_SHAPE = "vCPUs and memory of {} are not known here, and accelerators are not looked at"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What jobs tell, and what is advised."""

    schedule: str
    instance: str
    """The machine in words."""
    instance_type: str
    instance_count: int
    capacity: str
    """`spot` or `on-demand`."""
    volume_gb: int | None
    """Of the latest job."""
    runs_a_month: float | None
    """On this machine; None if the schedule has no usual month."""
    jobs: int
    """That were looked at."""
    wait_s: float
    """Until a usual job had its instances."""
    longest_wait_s: float
    advice: list[str]
    """Sentences."""
    load: Load | None = None
    """None where there is too little to say."""
    options: list[Option] = field(default_factory=list[Option])
    """The machine itself, and those that it is compared with."""
    suggested: str | None = None
    """The type of one of the options."""
    suggested_volume_gb: int | None = None


def find(
    region: str,
    settings: ScheduleSettings,
    runs_a_month: float | None,
    jobs: Sequence[Entry],
    measured: Mapping[str, Usage],
) -> Finding:
    """Return what jobs on one machine tell, the latest first, by what was measured of them."""
    last, waits = jobs[0], [seconds_between(job.created, job.started) or 0 for job in jobs]
    instance_type, count = last.instance_type or "", last.instance_count or 1
    known: dict[str, Any] = {
        "schedule": last.schedule,
        "instance": last.instance,
        "instance_type": instance_type,
        "instance_count": count,
        "capacity": "spot" if last.kind is Kind.TRAINING else "on-demand",
        "volume_gb": last.volume_gb,
        "runs_a_month": runs_a_month,
        "jobs": len(jobs),
        "wait_s": median(waits),
        "longest_wait_s": max(waits),
    }
    found = [measured[job.job_name] for job in jobs if job.job_name in measured]
    telling = [usage for usage in found if usage.points >= _LEAST_POINTS]
    shape = instance_types.shape(instance_type)
    lack = _lack(len(jobs), len(found), len(telling)) if shape else _NO_SHAPE.format(instance_type)
    if lack or not shape:
        return Finding(**known, advice=[f"Too little to say: {lack}."])
    machine = Machine(
        instance_type=instance_type,
        instance_count=count,
        volume_gb=last.volume_gb,
        shape=shape,
        kind=last.kind,
    )
    return Finding(
        **known, **_judged(region, settings, machine, machines.load(machine, jobs, telling))
    )


def dear_spot(entries: Sequence[Entry]) -> list[str]:
    """Return the sentence of a schedule whose slots cost more by spot than without; else none."""
    on_spot = [each for each in entries if each.training_s]
    slots = {each.slot for each in on_spot}
    own = [each for each in entries if each.slot in slots]
    lost = sum(each.outcome == Outcome.SPOT_RECLAIMED for each in on_spot)
    paid, whole = sum(each.cost_usd or 0 for each in own), on_demand_usd(own)
    if len(on_spot) < _LEAST_JOBS or not lost or not whole or paid <= whole:
        return []
    return [
        f"{lost} of {len(on_spot)} jobs on spot were reclaimed for good and done again on demand: "
        f"{dollars(paid)}, {change(whole, paid)} than without spot. Set job.capacity: on-demand."
    ]


def _judged(
    region: str, settings: ScheduleSettings, machine: Machine, taken: Load
) -> dict[str, Any]:
    """Return the fields of a finding that tells enough."""
    prices = cost.hourly(region, machine.kind)
    if machine.kind is Kind.TRAINING:
        prices = {each: usd for each, usd in prices.items() if instance_types.has_spot(each)}
    candidates = machines.candidates(machine, prices)
    kinds = {machine.instance_type: machine.shape, **candidates}
    now, *others = (machines.option(region, machine, taken, *each) for each in kinds.items())
    chosen = machines.choose(now, others, settings.job.max_runtime_seconds)
    volume_gb = _volume(settings, machine, taken)
    return {
        "load": taken,
        "options": sorted([now, *others], key=lambda each: (each.vcpus, each.memory_gb)),
        "suggested": chosen and chosen.instance_type,
        "suggested_volume_gb": volume_gb,
        "advice": [
            _of_machine(machine, now, chosen, taken),
            *_of_volume(region, machine, taken, volume_gb),
        ],
    }


def _lack(jobs: int, measured: int, telling: int) -> str | None:
    """Return why so many jobs tell too little; None if they do not."""
    if jobs < _LEAST_JOBS:
        return f"{jobs} job{'' if jobs == 1 else 's'} ran to the end, and it takes {_LEAST_JOBS}"
    if not measured:
        return f"CloudWatch has no metrics of these {jobs} jobs"
    if telling < _LEAST_JOBS:
        return (
            f"{telling} of {jobs} jobs were measured at least {_LEAST_POINTS} times, and it takes "
            f"{_LEAST_JOBS}; SageMaker measures once a minute"
        )
    return None


def _of_machine(machine: Machine, now: Option, chosen: Option | None, taken: Load) -> str:
    peak = f"memory peaked at {share(1 - now.memory_free)} of {now.memory_gb} GB"
    killed = f", and {taken.out_of_memory} ran out of it" if taken.out_of_memory else ""
    peak += f" in {taken.jobs} jobs{killed}"
    free = f"leaves {share(machines.KEPT_FREE)} free"
    if chosen:
        leaves = f"leaves {share(chosen.memory_free)} of it free"
        costs = _change(machine, now.cost_usd, chosen.cost_usd)
        takes = f", and takes about {duration(chosen.run_s)} instead of {duration(now.run_s)}"
        is_as_long = abs(chosen.run_s - now.run_s) <= _SAME_TIME * now.run_s
        other = f"{chosen.instance_type} ({chosen.memory_gb} GB)"
        return f"{_capital(peak)}: {other} {leaves}{costs}{'' if is_as_long else takes}."
    if now.is_short:
        return f"{_capital(peak)}: none of these machines has more and {free}."
    cheaper = f"is {share(machines.WORTH)} cheaper" if now.cost_usd else "is smaller"
    return f"{now.instance_type} is right: {peak}, and no machine that {free} {cheaper}."


def _volume(settings: ScheduleSettings, machine: Machine, taken: Load) -> int | None:
    """Return the volume to set instead; None where it is right, or not set to what the jobs had."""
    kind, volume_gb = machine.instance_type, machine.volume_gb
    sizes = [size for size in settings.sizes if kind in settings.attempt_types_of(size)]
    is_set = sizes and all(size.volume_gb == volume_gb for size in sizes)
    if not is_set or volume_gb is None or taken.disk_peak_gb is None:
        return None
    most = instance_types.largest_volume(kind)
    wanted = min(most, machines.volume(volume_gb, taken.disk_peak_gb) or volume_gb)
    return wanted if wanted != volume_gb else None


def _of_volume(region: str, machine: Machine, taken: Load, wanted: int | None) -> Iterator[str]:
    now_gb, peak_gb = machine.volume_gb, taken.disk_peak_gb
    if now_gb is None or peak_gb is None or wanted is None:
        return
    of = (region, machine.instance_type, machine.instance_count)
    usd = (cost.estimate(*of, each, taken.run_s, kind=machine.kind) for each in (now_gb, wanted))
    free = share(1 - peak_gb / wanted)
    peak = f"Disk peaked at {share(peak_gb / now_gb)} of {now_gb} GB"
    yield f"{peak}: volume_gb: {wanted} leaves {free} free{_change(machine, *usd)}."


def _change(machine: Machine, before: float | None, after: float | None) -> str:
    """Return by how much a run is cheaper or dearer; nothing where that is not known."""
    by = change(before, after)
    spot = " before the discount for spot" if machine.kind is Kind.TRAINING else ""
    return f", and a run costs {by}{spot}" if by else ""


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
