"""The pages of ListProcessingJobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_Json = dict[str, Any]

_DEFAULT_PAGE = 10
_SUMMARY = (
    "ProcessingJobName",
    "ProcessingJobArn",
    "CreationTime",
    "ProcessingEndTime",
    "LastModifiedTime",
    "ProcessingJobStatus",
    "FailureReason",
    "ExitMessage",
)
_SORT_KEYS = {
    "Name": "ProcessingJobName",
    "CreationTime": "CreationTime",
    "Status": "ProcessingJobStatus",
}
_FILTERS: dict[str, Callable[[_Json, Any], bool]] = {
    "NameContains": lambda job, text: text in job["ProcessingJobName"],
    "StatusEquals": lambda job, status: job["ProcessingJobStatus"] == status,
    "CreationTimeAfter": lambda job, time: job["CreationTime"] > time,
    "CreationTimeBefore": lambda job, time: job["CreationTime"] < time,
    "LastModifiedTimeAfter": lambda job, time: job["LastModifiedTime"] > time,
    "LastModifiedTimeBefore": lambda job, time: job["LastModifiedTime"] < time,
}


class InvalidQueryError(Exception):
    """A NextToken that no earlier answer gave, or a time that is no number."""


def page(descriptions: Iterable[_Json], request: _Json) -> _Json:
    """Return one page of summaries, sorted by creation time, rising, unless asked otherwise.

    Raises:
        InvalidQueryError: the request's NextToken is not one of ours, or a time is no number.
    """
    for name in _FILTERS.keys() & request.keys():
        if name.endswith(("After", "Before")) and not isinstance(request[name], int | float):
            raise InvalidQueryError(f"{name} '{request[name]}' must be a number of epoch seconds")
    wanted = [
        job
        for job in descriptions
        if all(keep(job, request[name]) for name, keep in _FILTERS.items() if name in request)
    ]
    key = _SORT_KEYS[request.get("SortBy", "CreationTime")]
    wanted.sort(
        key=lambda job: (job[key], job["ProcessingJobName"]),
        reverse=request.get("SortOrder") == "Descending",
    )
    first = _offset(request.get("NextToken", "0"))
    after = first + request.get("MaxResults", _DEFAULT_PAGE)
    summaries = [_summary(job) for job in wanted[first:after]]
    more = {"NextToken": str(after)} if after < len(wanted) else {}
    return {"ProcessingJobSummaries": summaries, **more}


def _offset(token: str) -> int:
    if not token.isdecimal():
        raise InvalidQueryError(f"NextToken '{token}' is none that an answer gave; leave it out")
    return int(token)


def _summary(job: _Json) -> _Json:
    return {key: job[key] for key in _SUMMARY if key in job}
