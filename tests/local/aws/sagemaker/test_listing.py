"""The pages of ListProcessingJobs."""

from __future__ import annotations

from typing import Any

import pytest

from local.aws.sagemaker.listing import page

_Json = dict[str, Any]

_JOBS = [
    {
        "ProcessingJobName": f"job-{letter}",
        "ProcessingJobArn": f"arn:job-{letter}",
        "ProcessingJobStatus": "Stopped" if letter == "a" else "InProgress",
        "CreationTime": 100.0 + number,
        "LastModifiedTime": 200.0 - number,
        "RoleArn": "not in a summary",
    }
    for number, letter in enumerate("cabde")
]


def _letters(answer: _Json) -> str:
    return "".join(each["ProcessingJobName"][-1] for each in answer["ProcessingJobSummaries"])


class TestListing:
    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ({}, "cabde"),
            ({"NameContains": "b-d"}, "d"),
            ({"StatusEquals": "Stopped"}, "a"),
            ({"LastModifiedTimeAfter": 198.5}, "ca"),
            ({"LastModifiedTimeAfter": 196, "StatusEquals": "InProgress"}, "cbd"),
        ],
    )
    def test_it_is_filtered_and_sorted(self, query: _Json, expected: str) -> None:
        assert _letters(page(_JOBS, query)) == expected

    def test_a_summary_has_no_more_than_aws_puts_in(self) -> None:
        summary = page(_JOBS, {})["ProcessingJobSummaries"][0]
        assert summary.keys() == _JOBS[0].keys() - {"RoleArn"}

    def test_pages_cover_everything_once(self) -> None:
        first = page(_JOBS, {"MaxResults": 2})
        second = page(_JOBS, {"MaxResults": 2, "NextToken": first["NextToken"]})
        third = page(_JOBS, {"MaxResults": 2, "NextToken": second["NextToken"]})
        assert [_letters(each) for each in (first, second, third)] == ["ca", "bd", "e"]
        assert "NextToken" not in third
        assert "NextToken" not in page(_JOBS, {"MaxResults": 5})
