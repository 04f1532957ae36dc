from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.handler import EventError, parse
from tests.fake_sagemaker import FakeSageMaker
from tests.launcher import strategies
from tests.launcher.test_event import nested

NAME = "p--daily-20260105T020000Z-1"
NOTICE: dict[str, Any] = {
    "source": "sagemaker-processing.launcher",
    "detail-type": "Processing Job Not Started",
    "detail": {"ProcessingJobName": NAME, "ProcessingJobStatus": "Refused"},
}


class TestParse:
    def test_the_watchs_event_is_about_no_job(self) -> None:
        assert parse({"watch": "2026-01-05T02:05:00Z"}) is None

    def test_sagemakers_event_is_about_its_job(self) -> None:
        sagemaker = FakeSageMaker(lambda: datetime(2026, 1, 5, 2, tzinfo=UTC))
        sagemaker.add(NAME)
        assert parse(sagemaker.end(NAME, "Failed", FailureReason="x")) == NAME

    def test_the_launchers_notice_is_about_the_job_that_it_did_not_start(self) -> None:
        assert parse(NOTICE) == NAME

    @pytest.mark.parametrize(
        "event",
        [
            None,
            {},
            {**NOTICE, "source": "aws.sagemaker"},
            {**NOTICE, "source": ["aws.sagemaker"]},
            {**NOTICE, "detail": "x"},
            {**NOTICE, "detail": {"ProcessingJobName": 5}},
        ],
    )
    def test_what_is_none_of_these_is_refused_and_says_what_it_should_be(self, event: Any) -> None:
        with pytest.raises(EventError, match=r"must be of aws\.sagemaker / SageMaker .* not "):
            parse(event)

    @pytest.mark.parametrize(
        "event",
        [
            "x" * 250_000,
            {"source": "x" * 250_000, "detail-type": nested(5000)},
            {**NOTICE, "detail": nested(5000)},
            {**NOTICE, "detail": {"ProcessingJobName": list(range(50_000))}},
        ],
        ids=["text", "kind", "detail", "name"],
    )
    def test_a_huge_event_is_refused_in_few_words(self, event: Any) -> None:
        with pytest.raises(EventError) as error:
            parse(event)
        assert len(str(error.value)) < 1000

    @given(
        strategies.json_values().flatmap(
            lambda value: st.sampled_from(
                [
                    value,
                    {**NOTICE, "detail": value},
                    {**NOTICE, "detail": {"ProcessingJobName": value}},
                    {"watch": value},
                ]
            )
        )
    )
    def test_any_event_means_what_it_says_or_is_refused(self, event: Any) -> None:
        try:
            name = parse(event)
        except EventError:
            return
        assert name == (None if "watch" in event else event["detail"]["ProcessingJobName"])
