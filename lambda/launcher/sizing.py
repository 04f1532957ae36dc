"""Which machines a slot's input gets: how much is counted of it, and what that means."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from pipeline import text
from pipeline.contract import GB, HEADROOM_GB, VOLUME_FACTOR
from pipeline.schedule_config import JobConfig, SizeConfig

BUDGET_S = 20.0
"""Of counting: a slot is to start within the minute."""


class Until(NamedTuple):
    """What is enough to know: more bytes than that, in so many objects."""

    bytes: float
    objects: int


@dataclass(frozen=True)
class Counted:
    """What was counted of an input."""

    objects: int = 0
    bytes: int = 0
    largest: int = 0
    """Bytes of the largest object."""
    complete: bool = True
    late: bool = False
    """BUDGET_S ended it."""


@dataclass(frozen=True)
class Machines:
    """What a job runs on."""

    instance_type: str
    instance_count: int
    volume_gb: int
    alternatives: list[str]
    """The types to try when there is no capacity, in their order."""
    counted: Counted
    reason: str | None
    """Why, in characters that a tag takes; None where the input does not matter."""

    @property
    def for_journal(self) -> dict[str, Any]:
        """What the journal keeps of it."""
        return {
            "instance_type": self.instance_type,
            "alternatives": " ".join(self.alternatives),
            "input_bytes": self.counted.bytes,
            "input_objects": self.counted.objects,
            "sized_by": self.reason,
        }


def enough(job: JobConfig) -> Until:
    """Return what has to be known of an input; without sizes whether each instance gets any."""
    last, most = job.sizes[-1], max(size.instance_count for size in job.sizes)
    if last.up_to_gb is not None:
        return Until(last.up_to_gb * GB, 0)  # what is larger is refused
    if last.volume_gb is None:
        return Until(math.inf, 0)
    before = job.sizes[-2].up_to_gb if len(job.sizes) > 1 else None
    return Until(-1 if before is None else before * GB, most)


def count(
    objects: Iterable[Any], until: Until, clock: Callable[[], float] = time.monotonic
) -> Counted:
    """Count objects, as S3 lists them, until that is enough or the time is over."""
    number = total = largest = 0
    end = clock() + BUDGET_S
    for item in objects:
        number, total = number + 1, total + item["Size"]
        largest = max(largest, item["Size"])
        is_enough, late = total > until.bytes and number >= until.objects, clock() > end
        if is_enough or late:
            return Counted(number, total, largest, complete=False, late=not is_enough)
    return Counted(number, total, largest)


def choose(job: JobConfig, counted: Counted, planned: str | None) -> Machines | str:
    """Return the machines for an input, or why there are none.

    `planned` is the type that an earlier attempt's end chose; it counts if the size is the same as
    then, as far as its types tell.
    """
    size = _smallest(job.sizes, counted)
    if size is None:
        most = job.sizes[-1].up_to_gb or 0
        said = _size_text(counted)
        return f"InputTooLarge: {said}, and the largest of job.sizes is up to {most:g} GB"
    instance_type = planned if planned in size.attempt_types else size.instance_types[0]
    hosts = size.instance_count
    if counted.complete and counted.objects and not job.cluster:
        hosts = min(hosts, counted.objects)
    shares = 1 if job.cluster else hosts
    volume = min(_volume_gb(size, counted, shares), job.volume_limits[instance_type])
    least = max(counted.largest, counted.bytes / shares)
    if least > volume * GB:
        return (
            f"InputTooLarge: {_size_text(counted)}, at least {text.size(least)} of it on one "
            f"instance, whose volume has {volume} GB"
        )
    reason = _reason(job, size, counted, hosts)
    return Machines(instance_type, hosts, int(volume), size.instance_types, counted, reason)


def _smallest(sizes: list[SizeConfig], counted: Counted) -> SizeConfig | None:
    """Return the smallest size that an input fits; the last one, if the time was over."""
    for size in sizes:
        fits = size.up_to_gb is None or counted.bytes <= size.up_to_gb * GB
        if fits and (not counted.late or size is sizes[-1]):
            return size
    return None


def _volume_gb(size: SizeConfig, counted: Counted, shares: int) -> int | float:
    """Return what its volume should have: inf where nobody knows."""
    if size.volume_gb is not None:
        return size.volume_gb
    if not counted.complete:
        return math.inf
    # S3's objects are shared out by their number: one host may get the largest of them.
    share = min(counted.bytes, math.ceil(counted.objects / shares) * counted.largest)
    return math.ceil(VOLUME_FACTOR * share / GB) + HEADROOM_GB


def _reason(job: JobConfig, size: SizeConfig, counted: Counted, hosts: int) -> str | None:
    parts: list[str] = []
    if len(job.sizes) > 1:
        top = f"up to {size.up_to_gb:g} GB" if size.up_to_gb else "the largest size"
        parts.append(top)
    elif size.volume_gb is None:
        parts.append("volume by input")
    if hosts < size.instance_count:
        objects = "1 object - cannot be shared out" if hosts == 1 else f"{hosts} objects"
        parts.append(f"{hosts} of {size.instance_count} instances for {objects}")
    elif parts and hosts > 1 and not job.cluster and counted.largest * hosts > 2 * counted.bytes:
        parts.append(f"one object of {text.size(counted.largest)} stays on one instance")
    return f"{_size_text(counted)}: {' - '.join(parts)}" if parts else None


def _size_text(counted: Counted) -> str:
    least = "" if counted.complete else "at least "
    objects = f"{counted.objects} object{'' if counted.objects == 1 else 's'}"
    late = f" after {BUDGET_S:.0f} s of listing" if counted.late else ""
    return f"{least}{text.size(counted.bytes)} in {objects}{late}"
