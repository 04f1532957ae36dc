"""Work out what a night takes and costs as its input grows, from 1 GB to 10 TB.

Usage: python -m benchmarks.growth

Nothing runs: the launcher's own decision (`launcher.sizing`) and price list (`pipeline.cost`) are
asked, and the time of a host is what the constants here say of its share. Prints the table, and
whether the cost of a GB rises anywhere.
"""

import math
from itertools import pairwise
from typing import Any, NamedTuple

from benchmarks import table
from components import function_config
from launcher import sizing
from launcher.sizing import Counted
from pipeline import cost
from pipeline.contract import GB
from pipeline.schedule_config import JobConfig, ScheduleConfig
from tests.components.settings.test_settings import settings

REGION, HOST = "us-east-1", "ml.m5.large"
OBJECT_BYTES = 128 * 2**20
BILLED_AROUND_S = 60
"""Of each instance, before its first byte and after its last one: assumed."""
PROCESSED = 30e6
"""Bytes a second of one host: a little less than the sample takes of weather on one processor."""
TRANSFERRED = 94e6
"""Bytes a second between S3 and a host, each way: the 0.75 Gbit/s that an m5.large always has."""
OUTPUT = 0.25
"""Bytes written for each one read: assumed, between what the sample makes of weather and orders."""
INPUTS_GB = (1, 5, 20, 50, 51, 100, 250, 251, 500, 1250, 1251, 2500, 5000, 10240)

TIERS: list[dict[str, Any]] = [
    {"up_to_gb": 50, "instance_type": HOST, "volume_gb": "auto"},
    {"up_to_gb": 250, "instance_type": HOST, "instance_count": 5, "volume_gb": "auto"},
    {"up_to_gb": 1250, "instance_type": HOST, "instance_count": 25, "volume_gb": "auto"},
    {"up_to_gb": 10240, "instance_type": HOST, "instance_count": 100, "volume_gb": 150},
]
"""The sample script keeps two processors busy, so more input wants more hosts, not larger ones.
A host gets 10 to 50 GB: of less the minute around it is much, of more its volume is."""


class Run(NamedTuple):
    """What a run takes."""

    machines: str
    seconds: float
    usd: float


def job_of(tiers: list[dict[str, Any]]) -> JobConfig:
    """Return the job that the launcher has of such a stack."""
    document = function_config.document(settings(job__sizes=tiers))
    return ScheduleConfig.of(document["schedules"]["daily"]).job


def run(job: JobConfig, gigabytes: int) -> Run:
    """Return what a run of an input takes, in objects of one size."""
    total = gigabytes * GB
    counted = Counted(math.ceil(total / OBJECT_BYTES), total, OBJECT_BYTES)
    chosen = sizing.choose(job, counted, None)
    assert not isinstance(chosen, str), chosen  # noqa: S101
    share = math.ceil(counted.objects / chosen.instance_count) * OBJECT_BYTES
    transfer = (1 + OUTPUT) * share / TRANSFERRED
    seconds = BILLED_AROUND_S + transfer + share / PROCESSED
    hosts, volume = chosen.instance_count, chosen.volume_gb
    usd = cost.estimate(REGION, chosen.instance_type, hosts, volume, seconds)
    assert usd is not None  # noqa: S101
    return Run(f"{hosts} x {chosen.instance_type}, {volume} GB", seconds, usd)


def main() -> None:
    """Print the table, and how the cost of a GB goes."""
    one = {"instance_type": HOST, "volume_gb": "auto"}
    tiers, alone, largest = job_of(TIERS), job_of([one]), job_of(TIERS[-1:])
    heads = ["GB", "machines", "USD", "hours", "hours of one", "cents a GB", "of one", "of 100"]
    each_gb: list[float] = []
    rows: list[list[str]] = []
    for gb in INPUTS_GB:
        runs = [run(job, gb) for job in (tiers, alone, largest)]
        own, hours = runs[0], [f"{each.seconds / 3600:.2f}" for each in runs[:2]]
        cents = [f"{100 * each.usd / gb:.2f}" for each in runs]
        rows.append([f"{gb:,}", own.machines, f"{own.usd:.3f}", *hours, *cents])
        each_gb.append(own.usd / gb)
    table.show(heads, rows)
    rises = [after / before for before, after in pairwise(each_gb)]
    print(f"\nA GB costs {each_gb[0] / each_gb[-1]:.1f} times as much in the first row as in the")
    print(f"last one; the largest rise from a row to the next is to {max(rises):.2f} times.")


if __name__ == "__main__":
    main()
