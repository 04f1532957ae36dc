"""What jobs on spot leave open: the latest ones show it."""

import re
from itertools import pairwise

from acceptance.first_account.look import Json, Look, NotLookedAtError, Seen
from acceptance.first_account.probe import Section
from components.aws import instance_types
from ops.attempts import WITHOUT_INSTANCE
from pipeline.jobs import described
from pipeline.kind import Kind
from pipeline.outcome import Outcome

SPOT = Section(
    "A job on spot",
    """With `job.capacity: spot`. A reclaim cannot be asked for: `SecondaryStatusTransitions` of
`aws sagemaker describe-training-job --training-job-name "$JOB"` shows `Interrupted` where there was
one.""",
)
_ENDS = (
    *("Completed", "Failed", "Stopping", "Stopped"),
    *("MaxRuntimeExceeded", "MaxWaitTimeExceeded"),
)
_ON_A_MACHINE = ("Downloading", "DownloadingTrainingImage", "Training", "Uploading")
_LONGEST_WAIT_S = 28 * 86_400
_RECLAIM = ("the end", "the start")


def _steps(job: Json) -> list[Json]:
    return job.get("SecondaryStatusTransitions", [])


def _after_reclaims(job: Json) -> list[str]:
    """Return what followed each reclaim of a job, but for its end."""
    pairs = pairwise(each["Status"] for each in _steps(job))
    return [after for before, after in pairs if before == "Interrupted" and after not in _ENDS]


def _resumed_job(look: Look) -> Json:
    """Return the latest spot job that lost its machine, went on, and has ended."""
    needs = "a job that AWS reclaimed and resumed, which cannot be asked for"

    def is_one(job: Json) -> bool:
        return "TrainingEndTime" in job and bool(_after_reclaims(job))

    return look.job(needs, is_one, Kind.TRAINING)


@SPOT.probe("the class is not that of an exit code: `_AROUND` in `container/bin/places.py`")
def _exit_code(look: Look) -> Seen:
    """Has a failing script's reason its exit code behind it?"""

    def failed(job: Json) -> bool:
        return job.get("FailureReason", "").startswith("AlgorithmError")

    said = look.job("a script that failed on spot", failed, Kind.TRAINING)
    reason = described(Kind.TRAINING, said).reason or ""
    return reason.startswith("AlgorithmError: , exit code: "), said["FailureReason"]


@SPOT.probe("the preview warns of the wrong ones: `_ON_SPOT` in `components/aws/instance_types.py`")
def _types_with_quotas(look: Look) -> Seen:
    """Have the types that the preview takes for spot ones a quota, and no others?"""
    types = instance_types.known()
    there = look.quotas("spot training job usage").keys() & types
    wrong = sorted({each for each in types if instance_types.has_spot(each)} ^ there)
    return not wrong, f"{len(there)} types have one; otherwise than here: {', '.join(wrong) or 0}"


@SPOT.probe("narrow otherwise what the access error names: `components/policies/spot.py`")
def _conditions(look: Look) -> Seen:
    """Do the conditions of `StartJobs`, `ListScratch` and the trust for `training-job/*` hold?"""
    ends = (Outcome.COMPLETED, Outcome.ACCESS_DENIED)
    needs = "a job on spot that has ended"
    job = look.job(needs, lambda job: look.outcome(job) in ends, Kind.TRAINING)
    return look.outcome(job) == Outcome.COMPLETED, look.end_of(job)


@SPOT.probe("AWS says the most: `SpotWait` in `components/settings/values.py`")
def _longest_wait(look: Look) -> Seen:
    """Is a wait of 28 days taken?"""
    scan: Json = {"TableName": look.stack.table, "FilterExpression": "contains(reason, :word)"}
    scan["ExpressionAttributeValues"] = {":word": {"S": "MaxWaitTimeInSeconds"}}
    refused = look.ask("dynamodb", "scan", **scan)["Items"]
    if refused:
        return False, refused[0]["reason"]["S"]

    def is_one(job: Json) -> bool:
        return job["StoppingCondition"].get("MaxWaitTimeInSeconds") == _LONGEST_WAIT_S

    needs = f"a job on spot with job.max_wait_seconds: {_LONGEST_WAIT_S}"
    return True, look.end_of(look.job(needs, is_one, Kind.TRAINING))


@SPOT.probe(
    "the attempt is a failed script instead of a resumed one: the last `sys.exit` in "
    "`container/bin/entrypoint.py`"
)
def _resumed(look: Look) -> Seen:
    """Is a job resumed whose container ended with 143 at a reclaim's SIGTERM?"""

    def tells(job: Json) -> bool:
        is_lost = any(each["Status"] == "Interrupted" for each in _steps(job))
        return bool(_after_reclaims(job)) or (is_lost and job["TrainingJobStatus"] == "Failed")

    job = look.job("a job that AWS reclaimed, which cannot be asked for", tells, Kind.TRAINING)
    after = _after_reclaims(job)
    return bool(after), f"{look.end_of(job)}; after Interrupted: {', '.join(after) or 'its end'}"


@SPOT.probe("it is told as `spot reclaimed`: `_stopped` in `lambda/observer/classify.py`")
def _never_started(look: Look) -> Seen:
    """Has a job that never had a machine no `TrainingStartTime`?"""

    def is_one(job: Json) -> bool:
        had = any(each["Status"] in ("Downloading", "Training") for each in _steps(job))
        return job["SecondaryStatus"] == "MaxWaitTimeExceeded" and not had

    needs = "a type that is hard to get, and no longer a wait than job.max_runtime_seconds"
    job = look.job(needs, is_one, Kind.TRAINING)
    return look.outcome(job) == Outcome.SPOT_NEVER_CAME, look.end_of(job)


@SPOT.probe(
    "`take` in `lambda/observer/spot_output.py`, and `_training` in `local/aws/sagemaker/job.py`"
)
def _artifacts(look: Look) -> Seen:
    """Are uncompressed artifacts where `ModelArtifacts` says, below `output/model`?"""
    needs = "a job on spot that completed"
    job = look.job(needs, lambda job: look.outcome(job) == Outcome.COMPLETED, Kind.TRAINING)
    uri: str = job["ModelArtifacts"]["S3ModelArtifacts"].rstrip("/")
    place = f"{job['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job['TrainingJobName']}"
    return uri == f"{place}/output/model", uri


@SPOT.probe("savings are shown too high: `_cost` in `lambda/pipeline/jobs.py`")
def _time_without_waits(look: Look) -> Seen:
    """Is the wait for another machine left out of `TrainingTimeInSeconds`?"""
    job = _resumed_job(look)
    spans, lost = {"had": 0.0, "waited": 0.0}, False
    for step in _steps(job):
        lost = lost or step["Status"] == "Interrupted"
        waits = step["Status"] in WITHOUT_INSTANCE
        if lost or not waits:  # the wait for the first machine is another one
            lasted = step.get("EndTime", step["StartTime"]) - step["StartTime"]
            spans["waited" if waits else "had"] += lasted.total_seconds()
    told, had, waited = job["TrainingTimeInSeconds"], spans["had"], spans["waited"]
    if waited < 60:
        raise NotLookedAtError("needs a job that waited for another machine, a minute at least")
    return told < had + waited / 2, f"{told} s, of {had:.0f} s and a wait of {waited:.0f} s"


@SPOT.probe("`ops run` says that it runs: `WITHOUT_INSTANCE` in `ops/attempts.py`")
def _status_of_a_wait(look: Look) -> Seen:
    """Is a job that waits for another machine `Starting`, `Pending` or `Interrupted`?"""
    after = _after_reclaims(_resumed_job(look))
    unlike = set(after) - {*WITHOUT_INSTANCE, *_ON_A_MACHINE}
    return not unlike, f"after Interrupted: {', '.join(after)}"


@SPOT.probe(
    "a longer part is done twice; say so in [script](script.md#on-a-machine-that-aws-may-reclaim)"
)
def _checkpoints(look: Look) -> Seen:
    """Is what lies in `/opt/ml/checkpoints` at a reclaim all in S3?"""

    def reclaims(job: Json) -> list[tuple[str, str]]:
        """Return what the entry point found there at each end by SIGTERM, and at the next start."""
        found = (re.fullmatch(r"entrypoint: checkpoint at (.*): (.*)", x) for x in look.lines(job))
        pairs = pairwise(each.groups() for each in found if each)
        return [(end, start) for (at, end), (then, start) in pairs if (at, then) == _RECLAIM]

    def is_one(job: Json) -> bool:
        alone = job["ResourceConfig"]["InstanceCount"] == 1
        return alone and bool(_after_reclaims(job)) and bool(reclaims(job))

    needs = "a job that AWS reclaimed by SIGTERM and resumed, which cannot be asked for"
    found = reclaims(look.job(needs, is_one, Kind.TRAINING))
    whole = all(end == start for end, start in found)
    return whole, "; ".join(f"{end} at a reclaim, then {start}" for end, start in found)
