"""What SageMaker tells of jobs: their events, and the pages of ListProcessingJobs.

Both are parts of what Describe tells. Source of the event: SageMaker Developer Guide, "Events that
Amazon SageMaker AI sends to Amazon EventBridge".
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from local.aws.event import of_resource
from local.aws.protocols import ServiceError

_Json = dict[str, Any]

_TIMES = ("CreationTime", "ProcessingStartTime", "ProcessingEndTime", "LastModifiedTime")
# What the guide's example shows, which has no ExitMessage, Tags and Environment; but no inputs and
# outputs either: their enums are spelled otherwise there, and no rule here reads them.
_COPIED = (
    *("ProcessingJobName", "ProcessingJobArn", "ProcessingJobStatus", "FailureReason", "RoleArn"),
    *("ProcessingResources", "StoppingCondition", "AppSpecification", "NetworkConfig"),
)
_DEFAULT_PAGE = 10
_SUMMARY = (
    *("ProcessingJobName", "ProcessingJobArn", "ProcessingJobStatus", "CreationTime"),
    *("ProcessingEndTime", "LastModifiedTime", "FailureReason", "ExitMessage"),
)
_FILTERS: dict[str, Callable[[_Json, Any], bool]] = {
    "NameContains": lambda job, text: text in job["ProcessingJobName"],
    "StatusEquals": lambda job, status: job["ProcessingJobStatus"] == status,
    "LastModifiedTimeAfter": lambda job, time: job["LastModifiedTime"] > time,
}


def state_change(description: _Json, at: datetime) -> _Json:
    """Return the whole event for a job whose status changed `at` a time.

    Times of Describe's answer are epoch seconds, in the event they are epoch milliseconds.
    """
    detail = {key: description[key] for key in _COPIED if key in description}
    detail |= {key: round(description[key] * 1000) for key in _TIMES if key in description}
    kind = "SageMaker Processing Job State Change"
    return of_resource(description["ProcessingJobArn"], "aws.sagemaker", kind, detail, at)


def page(descriptions: Iterable[_Json], request: _Json) -> _Json:
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
    wanted = [
        job
        for job in descriptions
        if all(keep(job, request[name]) for name, keep in _FILTERS.items() if name in request)
    ]
    after = int(token) + request.get("MaxResults", _DEFAULT_PAGE)
    summaries = [{k: job[k] for k in _SUMMARY if k in job} for job in wanted[int(token) : after]]
    more = {"NextToken": str(after)} if after < len(wanted) else {}
    return {"ProcessingJobSummaries": summaries, **more}
