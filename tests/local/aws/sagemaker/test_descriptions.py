"""The pages of ListProcessingJobs, and the event of a job against the one that AWS documents."""

from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws.sagemaker.descriptions import page, state_change
from tests.local.aws.sagemaker.job_requests import ACCOUNT, REGION, good_request

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
        assert _letters(page("Processing", _JOBS, query)) == expected

    def test_a_summary_has_no_more_than_aws_puts_in(self) -> None:
        summary = page("Processing", _JOBS, {})["ProcessingJobSummaries"][0]
        assert summary.keys() == _JOBS[0].keys() - {"RoleArn"}

    def test_pages_cover_everything_once(self) -> None:
        first = page("Processing", _JOBS, {"MaxResults": 2})
        second = page("Processing", _JOBS, {"MaxResults": 2, "NextToken": first["NextToken"]})
        third = page("Processing", _JOBS, {"MaxResults": 2, "NextToken": second["NextToken"]})
        assert [_letters(each) for each in (first, second, third)] == ["ca", "bd", "e"]
        assert "NextToken" not in third
        assert "NextToken" not in page("Processing", _JOBS, {"MaxResults": 5})


class TestTheEvent:
    def _event(self) -> _Json:
        description = {
            **good_request("told"),
            "ProcessingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/told",
            "ProcessingJobStatus": "Failed",
            "FailureReason": "AlgorithmError: , exit code: 1",
            "ExitMessage": "no input",
            "CreationTime": 1704320199.25,
            "LastModifiedTime": 1704320746.0,
            "ProcessingEndTime": 1704320746.0,
        }
        return state_change(description, datetime(2024, 1, 3, 22, 25, 46, tzinfo=UTC))

    def test_the_envelope_is_eventbridges(self) -> None:
        event = self._event()
        del event["id"], event["detail"]
        assert event == {
            "version": "0",
            "detail-type": "SageMaker Processing Job State Change",
            "source": "aws.sagemaker",
            "account": ACCOUNT,
            "time": "2024-01-03T22:25:46Z",
            "region": REGION,
            "resources": [f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:processing-job/told"],
        }

    def test_times_are_epoch_milliseconds_and_absent_if_there_is_none(self) -> None:
        detail = self._event()["detail"]
        assert detail["CreationTime"] == 1704320199250
        assert detail["ProcessingEndTime"] == 1704320746000
        assert "ProcessingStartTime" not in detail

    def test_it_lacks_what_the_documented_event_lacks_and_what_is_spelled_otherwise_there(
        self,
    ) -> None:
        detail = self._event()["detail"]
        assert not detail.keys() & {"ExitMessage", "Tags", "Environment"}
        assert not any(key.startswith(("ProcessingInput", "ProcessingOutput")) for key in detail)
        assert detail["AppSpecification"] == good_request()["AppSpecification"]
        assert detail["FailureReason"] == "AlgorithmError: , exit code: 1"

    def test_that_of_training_tells_its_secondary_statuses(self) -> None:
        passed = [{"Status": "Starting", "StartTime": 1704320199.25, "EndTime": 1704320200.0}]
        description = {
            "TrainingJobName": "told",
            "TrainingJobArn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/told",
            "TrainingJobStatus": "Stopped",
            "SecondaryStatus": "MaxWaitTimeExceeded",
            "SecondaryStatusTransitions": passed,
            "TrainingEndTime": 1704320746.0,
        }
        event = state_change(description, datetime(2024, 1, 3, 22, 25, 46, tzinfo=UTC))
        assert event["detail-type"] == "SageMaker Training Job State Change"
        assert event["detail"] == {
            **description,
            "SecondaryStatusTransitions": [
                {"Status": "Starting", "StartTime": 1704320199250, "EndTime": 1704320200000}
            ],
            "TrainingEndTime": 1704320746000,
        }
