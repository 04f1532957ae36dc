"""The pages of ListProcessingJobs, in the order of creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from local.aws.protocols import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Json = dict[str, Any]

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


def page(descriptions: Iterable[_Json], request: _Json) -> _Json:
    """Return one page of summaries.

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
    wanted.sort(key=lambda job: (job["CreationTime"], job["ProcessingJobName"]))
    after = int(token) + request.get("MaxResults", _DEFAULT_PAGE)
    summaries = [{k: job[k] for k in _SUMMARY if k in job} for job in wanted[int(token) : after]]
    more = {"NextToken": str(after)} if after < len(wanted) else {}
    return {"ProcessingJobSummaries": summaries, **more}
