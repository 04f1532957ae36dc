"""What SageMaker measures of a job's instances: CPU, memory and disk of each host, in percent.

Names and dimension: SageMaker Developer Guide, "SageMaker AI job metrics". SageMaker measures once
a minute; here it is several times a second, so that a job of seconds has some. Percent are of the
type that the job asked for: what this machine gives beyond that is more than 100.
"""

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from components.aws import instance_types
from local.aws.cloudwatch.metric_store import Point
from local.aws.sagemaker.job import Job
from local.engines.usage import Usage

_BLOCK = 512
"""Bytes, of stat's st_blocks."""


def points(job: Job, host: str, ml: Path, usage: Usage) -> list[Point]:
    """Return what is measured of a host now; no memory of types whose memory is not known here."""
    cluster = job.spec.cluster
    shape = instance_types.shape(cluster["InstanceType"])
    shares = {"DiskUtilization": used(ml) / 2**30 / cluster["VolumeSizeInGB"]}
    if shape:
        shares["MemoryUtilization"] = usage.memory_bytes / 2**30 / shape.memory_gb
    values = {"CPUUtilization": usage.cpu_percent}
    values |= {name: 100 * share for name, share in shares.items()}
    now, of = datetime.now(UTC), {"Host": f"{job.name}/{host}"}
    return [Point(job.group, of, name, "Percent", value, now) for name, value in values.items()]


def used(directory: Path) -> int:
    """Return the bytes of disk below a directory, as far as it can be read."""
    total = 0
    for place, _, names in os.walk(directory):
        for name in names:
            with suppress(OSError):  # the script has removed it meanwhile
                total += Path(place, name).lstat().st_blocks * _BLOCK
    return total
