"""Sizes: the machines for a slot's input, by how large that is."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import Field

from components.aws import instance_types
from components.settings import values
from components.settings.values import Frozen
from pipeline.contract import HEADROOM_GB, VOLUME_FACTOR


class SizeSettings(Frozen):
    """A tier: the machines of a slot whose input is larger than what the tier before takes."""

    up_to_gb: Annotated[float, Field(gt=0, le=1_600_000)] | None = None
    """Of input, in GB of 2^30 bytes. Only the last tier may leave it out, and then takes all."""
    instance_type: values.InstanceType
    """The type to try first."""
    instance_count: values.InstanceCount = 1
    """As job.instance_count; never more than there are objects."""
    volume_gb: values.Volume = None
    """Must hold the tier's largest input and its output. `auto`: as job.volume_gb."""
    fallback_instance_types: tuple[values.InstanceType, ...] = ()
    """Types to try, in this order, where the tier's own has no capacity."""

    @property
    def instance_types(self) -> tuple[str, ...]:
        """The instance types to try, the tier's own first."""
        return (self.instance_type, *self.fallback_instance_types)

    @property
    def most_volume_gb(self) -> int:
        """The largest volume that an instance may have."""
        limit = instance_types.largest_volume(self.instance_type)
        wanted = VOLUME_FACTOR * self.up_to_gb + HEADROOM_GB if self.up_to_gb else limit
        return self.volume_gb or min(math.ceil(wanted), limit)


def problems(sizes: Sequence[SizeSettings], most: int | None, key: str) -> Iterator[str]:
    """Yield what is wrong with the tiers of a key; `most` instances may run at once, if limited."""
    for number, (one, following) in enumerate(pairwise(sizes), start=1):
        if one.up_to_gb is None:
            yield (
                f"{key}: tier {number} has no up_to_gb, so that no tier after it would ever be "
                "taken; set it, or move the tier to the end"
            )
        elif following.up_to_gb is not None and following.up_to_gb <= one.up_to_gb:
            yield (
                f"{key}: up_to_gb of tier {number + 1}, {following.up_to_gb:g}, must be more "
                f"than the {one.up_to_gb:g} of the tier before; order the tiers ascending"
            )
    for number, size in enumerate(sizes, start=1):
        where = f"{key}: tier {number}"
        if most and size.instance_count > most:
            yield (
                f"{where} has instance_count {size.instance_count}, more than "
                f"limits.max_concurrent_instances = {most}; lower it, or raise the limit"
            )
        types = size.instance_types
        for each in sorted({each for each in types if types.count(each) > 1}):
            yield f"{where} names {each} twice; name each type once"
        yield from (f"{where}, {field}: {each}" for field, each in volume_problems(size))


def volume_problems(size: SizeSettings) -> Iterator[tuple[str, str]]:
    """Yield fields, and why they are no volume of one of its types, or too small for its input."""
    smallest = min(size.instance_types, key=instance_types.largest_volume)
    limit = instance_types.largest_volume(smallest)
    if size.volume_gb and size.volume_gb > limit:
        yield (
            "volume_gb",
            f"{size.volume_gb} is more than the {limit} GB of {smallest}; set it lower, or name "
            "another type",
        )
    held = min(size.volume_gb or limit, limit) * size.instance_count
    if size.up_to_gb and size.up_to_gb > held:
        volumes = f"{size.instance_count} x {held // size.instance_count} GB"
        yield (
            "up_to_gb",
            f"{size.up_to_gb:g} does not fit on its volumes, {volumes}; set a larger volume_gb, "
            "more instances, another type, or a smaller up_to_gb",
        )
