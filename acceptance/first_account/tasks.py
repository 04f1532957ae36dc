"""What jobs show that do something special: the canary, as `container/scripts/probe.sh` has it."""

import re

from acceptance.first_account.first_job import JOB
from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen, name_of
from components.aws import instance_types
from ops.stack import Stack
from pipeline.outcome import Outcome

FILES = {"list": {"a//b.csv": b"1,2\n"}}
"""A task -> what is in its input beside the task's name."""
_HELD_GB, _CACHED_GB = 1, 2
"""What `measure` holds in memory, and reads from a file."""


@JOB.probe(
    "the local run plays it otherwise: `local/aws/sagemaker/runner.py`; either way consumers "
    "trust `_SUCCESS` only"
)
def _outputs_of_a_failure(look: Look) -> Seen:
    """Are the outputs of a failing script kept back?"""
    job = look.canary("fail")
    found = look.outputs(job)
    return not found, f"{name_of(job)} wrote one file, and {len(found)} objects are there"


@JOB.probe(
    "a machine that is too small is a failed script, and no larger one is tried: `OOM_COUNTS` in "
    "`container/bin/entrypoint.py`"
)
def _oom_counts(look: Look) -> Seen:
    """Can the entry point read the kernel's count of processes killed for memory?"""
    counts = [line for line in look.lines(look.canary("measure")) if "oom_kill " in line]
    outcome = look.outcome(look.canary("oom"))
    return outcome == Outcome.OUT_OF_MEMORY, f"{outcome}; {', '.join(counts) or 'no count'}"


@JOB.probe("the class is not `timed out`: add the reason to `tests/observer/recorded_reasons.json`")
def _maximum_runtime(look: Look) -> Seen:
    """Is a job after its maximum runtime told as such?"""
    job = look.canary("slow")
    return look.outcome(job) == Outcome.TIMED_OUT, look.end_of(job)


@JOB.probe("with the cache, `ops advise` is too cautious: `ops/findings.py`")
def _memory(look: Look) -> Seen:
    """Is `MemoryUtilization` without the cache of files, and of all the instance's memory?"""
    job = look.canary("measure")
    shape = instance_types.shape(job["ProcessingResources"]["ClusterConfig"]["InstanceType"])
    if not shape:
        raise NotLookedAtError("needs a type whose memory its name tells")
    most = max(look.measured(job, "MemoryUtilization", "Maximum")) * shape.memory_gb / 100
    # SageMaker's own processes hold a part, too, of less than 1 GB.
    is_own = _HELD_GB <= most <= _HELD_GB + 1 + _CACHED_GB / 2
    return is_own, f"at most {most:.1f} of {shape.memory_gb} GB"


@JOB.probe(
    "what `ops advise` says of `volume_gb` is of another disk: `_volume` in `ops/findings.py` has "
    "to go"
)
def _disk(look: Look) -> Seen:
    """Is `DiskUtilization` of the volume of `volume_gb`?"""
    job = look.canary("measure")
    most, used = max(look.measured(job, "DiskUtilization", "Maximum")), _said(look, job, "used")
    return abs(most - float(used.rstrip("%"))) <= 5, f"at most {most:.0f} %, df says {used}"


@JOB.probe("Spark spills to another disk: `SCRATCH` in `examples/spark/cluster.py`")
def _volume_of_all(look: Look) -> Seen:
    """Has `/opt/ml/processing` as a whole the job's volume, also where no input or output is?"""
    job = look.canary("measure")
    whole, output = _said(look, job, "whole"), _said(look, job, "output")
    return whole == output, f"as a whole {whole}, the output {output}"


@JOB.probe("the local run is stricter than SageMaker: `local/aws/sagemaker/job_data.py`")
def _strange_keys(look: Look) -> Seen:
    """Does a job fail at an input key with `//`?"""
    job = look.canary("list")
    files = [line for line in look.lines(job) if "b.csv" in line]
    return job["ProcessingJobStatus"] == "Failed", f"{look.end_of(job)}; {files}"


def _said(look: Look, job: Json, what: str) -> str:
    """Return what probe.sh printed as `probe WHAT: …`."""
    for line in look.lines(job):
        if found := re.fullmatch(rf"probe {what}: +(.*)", line):
            return found[1]
    raise NotLookedAtError(f"needs the line {what} in the log of {name_of(job)}")


def of(stack: Stack) -> list[str]:
    """Return the tasks of probe.sh that the stack's canary can do."""
    if stack.name == "local":  # of its processes' memory, disks and time the machine has others
        return ["fail", "list"]
    job = stack.settings.schedules["canary"].job
    return ["measure", "fail", "oom", "slow", "list", *(["hosts"] if job.cluster else [])]
