"""What SageMaker tells of jobs: in Describe, in their events, and in the pages of List.

The last two have parts of the first. Source of the event: SageMaker Developer Guide, "Events that
Amazon SageMaker AI sends to Amazon EventBridge".
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from local.aws.event import of_resource
from local.aws.protocols import ServiceError
from local.aws.sagemaker.job import LONGEST_REASON, JobEnd, Kind, Moment, Place, kind_of

_Json = dict[str, Any]

_TIMES = ("CreationTime", "{}StartTime", "{}EndTime", "LastModifiedTime")
# What the guide's examples show, which have no ExitMessage and Environment; but no Tags, and no
# inputs and outputs of processing: their enums are spelled otherwise there, and no rule reads them.
_COPIED = (
    *("{}JobName", "{}JobArn", "{}JobStatus", "FailureReason", "RoleArn", "StoppingCondition"),
    *("ProcessingResources", "AppSpecification", "NetworkConfig"),
    *("SecondaryStatus", "AlgorithmSpecification", "InputDataConfig", "OutputDataConfig"),
    *("ResourceConfig", "VpcConfig"),
)
_PASSED = "SecondaryStatusTransitions"
_RUNS = ("Downloading", "Training", "Uploading")
_DEFAULT_PAGE = 10
_SUMMARY = (
    *("{}JobName", "{}JobArn", "{}JobStatus", "SecondaryStatus", "CreationTime", "{}EndTime"),
    "LastModifiedTime",
)
_OF_PROCESSING = ("FailureReason", "ExitMessage")
"""Of a summary; ListTrainingJobs tells neither."""
_FILTERS: dict[str, Callable[[Kind, _Json, Any], bool]] = {
    "NameContains": lambda kind, job, text: text in job[f"{kind}JobName"],
    "StatusEquals": lambda kind, job, status: job[f"{kind}JobStatus"] == status,
    "LastModifiedTimeAfter": lambda _, job, time: job["LastModifiedTime"] > time,
}


def state_change(description: _Json, at: datetime) -> _Json:
    """Return the whole event for a job whose status changed `at` a time.

    Times of Describe's answer are epoch seconds, in the event they are epoch milliseconds.
    """
    kind = kind_of(description)
    detail = _part(kind, description, _COPIED) | _milliseconds(_part(kind, description, _TIMES))
    if passed := description.get(_PASSED):
        detail[_PASSED] = [{**each, **_milliseconds(each)} for each in passed]
    arn, what = description[f"{kind}JobArn"], f"SageMaker {kind} Job State Change"
    return of_resource(arn, "aws.sagemaker", what, detail, at)


def changed(told: _Json, moment: float, changes: _Json, *times: str) -> _Json:
    """Return a description that changes at a moment, in epoch seconds, to which `times` are set."""
    status, passed = changes.get("SecondaryStatus"), told.get(_PASSED, [])
    if status and status != told.get("SecondaryStatus"):
        before = [*passed[:-1], *({**each, "EndTime": moment} for each in passed[-1:])]
        changes = {**changes, _PASSED: [*before, {"Status": status, "StartTime": moment}]}
    return told | changes | dict.fromkeys([*times, "LastModifiedTime"], moment)


def reached(told: _Json, moment: Moment, now: float, outputs: Sequence[Place]) -> _Json:
    """Return the description of a job that has come so far, at an epoch second."""
    kind = kind_of(told)
    if kind == "Processing":
        return changed(told, now, {}, "ProcessingStartTime") if moment == "Training" else told
    if moment in ("Printed", "Kept", "Saved"):
        return told
    changes: _Json = {"SecondaryStatus": moment}
    if moment == "Uploading":
        changes["ModelArtifacts"] = {"S3ModelArtifacts": outputs[0].uri}
    start = "TrainingStartTime"
    return changed(
        told, now, changes, *(() if start in told or moment == "Interrupted" else [start])
    )


def ended(told: _Json, end: JobEnd, moment: float) -> _Json:
    """Return the description of a job that ends at a moment, in epoch seconds."""
    kind, status, reason = kind_of(told), end.status, end.failure_reason
    stopping = told[f"{kind}JobStatus"] == "Stopping"
    # A job that was told to stop ends as Stopped, even if its script had just finished.
    if stopping and status == "Completed":
        status = "Stopped"
    changes: _Json = {f"{kind}JobStatus": status}
    if kind == "Processing":
        changes["ExitMessage"] = end.exit_message
    else:
        over_time = status == "Stopped" and not stopping
        secondary = end.secondary_status or ("MaxRuntimeExceeded" if over_time else status)
        changes["SecondaryStatus"] = secondary
        reason = (reason or "").replace(
            "AlgorithmError: ,", f"AlgorithmError: {end.exit_message or ''},"
        )
    changes["FailureReason"] = (reason or "")[:LONGEST_REASON]
    known = {key: value for key, value in changes.items() if value}
    found = changed(told, moment, known, f"{kind}EndTime")
    return found if kind == "Processing" else found | _paid(found, moment)


def _paid(told: _Json, end: float) -> _Json:
    """Return the seconds on machines, and what of them is billed: here 30 %.

    Neither is less than 1 in the service's model: they are not told of what had no machine.
    """
    *passed, last = told[_PASSED]
    spans = [each["EndTime"] - each["StartTime"] for each in passed if each["Status"] in _RUNS]
    found: _Json = {_PASSED: [*passed, {**last, "EndTime": end}]}
    if spans:
        found["TrainingTimeInSeconds"] = max(1, round(sum(spans)))
        found["BillableTimeInSeconds"] = max(1, round(0.3 * sum(spans)))
    return found


def aged(told: _Json, seconds: float) -> _Json:
    """Return a description of what happened so much earlier."""
    times = {key: told[key] - seconds for key in told if key.endswith("Time")}
    passed = [aged(each, seconds) for each in told.get(_PASSED, [])]
    return told | times | ({_PASSED: passed} if passed else {})


def _part(kind: Kind, description: _Json, names: Iterable[str]) -> _Json:
    wanted = [name.format(kind) for name in names]
    return {name: description[name] for name in wanted if name in description}


def _milliseconds(told: _Json) -> _Json:
    return {key: round(told[key] * 1000) for key in told if key.endswith("Time")}


def page(kind: Kind, descriptions: Iterable[_Json], request: _Json) -> _Json:
    """Return one page of summaries; the order of `descriptions` is that of creation.

    Raises:
        ServiceError: the request sorts or filters otherwise, or its NextToken is none of ours.
    """
    if unknown := request.keys() - {*_FILTERS, "SortOrder", "MaxResults", "NextToken"}:
        names = ", ".join(sorted(unknown))
        raise ServiceError("ValidationException", f"{names}: not played by the local SageMaker")
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        message = f"NextToken '{token}' is none that an answer gave; leave it out"
        raise ServiceError("ValidationException", message)
    asked = {name: request[name] for name in _FILTERS if name in request}
    wanted = [
        job
        for job in descriptions
        if all(_FILTERS[name](kind, job, value) for name, value in asked.items())
    ]
    if request.get("SortOrder") == "Descending":
        wanted.reverse()
    after = int(token) + request.get("MaxResults", _DEFAULT_PAGE)
    told = (*_SUMMARY, *(_OF_PROCESSING if kind == "Processing" else ()))
    summaries = [_part(kind, job, told) for job in wanted[int(token) : after]]
    more = {"NextToken": str(after)} if after < len(wanted) else {}
    return {f"{kind}JobSummaries": summaries, **more}
