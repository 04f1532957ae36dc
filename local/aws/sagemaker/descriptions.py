"""What SageMaker tells of jobs: their events, and the pages of List.

Both are parts of what Describe tells. Source of the event: SageMaker Developer Guide, "Events that
Amazon SageMaker AI sends to Amazon EventBridge".
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from local.aws.event import of_resource
from local.aws.protocols import ServiceError
from local.aws.sagemaker.job import Kind, kind_of

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
    if passed := description.get("SecondaryStatusTransitions"):
        detail["SecondaryStatusTransitions"] = [{**each, **_milliseconds(each)} for each in passed]
    arn, what = description[f"{kind}JobArn"], f"SageMaker {kind} Job State Change"
    return of_resource(arn, "aws.sagemaker", what, detail, at)


def _part(kind: Kind, description: _Json, names: Iterable[str]) -> _Json:
    wanted = [name.format(kind) for name in names]
    return {name: description[name] for name in wanted if name in description}


def _milliseconds(told: _Json) -> _Json:
    return {key: round(told[key] * 1000) for key in told if key.endswith("Time")}


def page(kind: Kind, descriptions: Iterable[_Json], request: _Json) -> _Json:
    """Return one page of summaries, in the order of `descriptions`, which is that of creation.

    Raises:
        ServiceError: the request sorts or filters otherwise, or its NextToken is none of ours.
    """
    if unknown := request.keys() - {*_FILTERS, "MaxResults", "NextToken"}:
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
    after = int(token) + request.get("MaxResults", _DEFAULT_PAGE)
    told = (*_SUMMARY, *(_OF_PROCESSING if kind == "Processing" else ()))
    summaries = [_part(kind, job, told) for job in wanted[int(token) : after]]
    more = {"NextToken": str(after)} if after < len(wanted) else {}
    return {f"{kind}JobSummaries": summaries, **more}
