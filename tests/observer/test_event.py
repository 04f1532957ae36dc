from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.ending import Ending
from observer.event import Change, EventError, Watch, parse
from tests.fake_sagemaker import FakeSageMaker
from tests.launcher import strategies
from tests.launcher.test_event import nested

NOTICE: dict[str, Any] = {
    "source": "sagemaker-processing.launcher",
    "detail-type": "Processing Job Not Started",
    "time": "2026-01-05T02:00:40Z",
    "detail": {
        "ProcessingJobName": "p--daily-20260105T020000Z-1",
        "ProcessingJobStatus": "Failed",
        "FailureReason": "ResourceLimitExceeded: …",
    },
}


def noticed(**detail: Any) -> dict[str, Any]:
    return {**NOTICE, "detail": {**NOTICE["detail"], **detail}}


class TestParse:
    def test_the_watchs_event_is_its_turn(self) -> None:
        assert parse({"watch": "2026-01-05T02:05:00Z"}) == Watch()

    def test_of_sagemakers_event_only_the_jobs_name_counts(self) -> None:
        sagemaker = FakeSageMaker(lambda: datetime(2026, 1, 5, 2, tzinfo=UTC))
        sagemaker.add("p--daily-20260105T020000Z-1")
        event = sagemaker.end("p--daily-20260105T020000Z-1", "Failed", FailureReason="x")
        assert parse(event) == Change("p--daily-20260105T020000Z-1", None)

    @pytest.mark.parametrize(("told", "status"), [("Failed", "NotStarted"), ("Skipped", "Skipped")])
    def test_the_launchers_notice_is_an_end_at_the_events_time(
        self, told: str, status: str
    ) -> None:
        ended = datetime(2026, 1, 5, 2, 0, 40, tzinfo=UTC)
        end = Ending(status=status, reason="ResourceLimitExceeded: …", ended=ended)
        found = parse(noticed(ProcessingJobStatus=told))
        assert found == Change("p--daily-20260105T020000Z-1", end)

    @pytest.mark.parametrize(
        ("event", "message"),
        [
            (None, "must be a JSON object"),
            ({}, "source and detail-type"),
            ({**NOTICE, "source": "aws.sagemaker"}, "source and detail-type"),
            ({**NOTICE, "detail": "x"}, "ProcessingJobName and ProcessingJobStatus"),
            (noticed(ProcessingJobName=5), "as strings"),
            (noticed(ProcessingJobStatus=None), "as strings"),
            (noticed(ProcessingJobStatus="Completed"), "must be one of: Failed, Skipped"),
            ({**NOTICE, "time": "soon"}, "time 'soon' must be like 2026-01-05T02:00:00Z"),
            ({**NOTICE, "time": "2026-01-05T02:00:40"}, "must be like 2026-01-05T02:00:00Z"),
            ({**NOTICE, "time": "0001-01-01T00:00:00+14:00"}, "must be like"),
            ({**NOTICE, "time": "9999-12-31T23:59:59-14:00"}, "must be like"),
            ({**NOTICE, "time": 20260105}, "time 20260105 must be like"),
            ({"watch": None}, "watch None must be the time, as a string"),
            ({"watch": {"x": 1}}, "must be the time, as a string"),
            ({**NOTICE, "source": ["aws.sagemaker"]}, "source and detail-type"),
            (noticed(FailureReason=["x"]), "must be a string"),
            (noticed(FailureReason=0), "detail.FailureReason 0 must be a string"),
        ],
    )
    def test_what_is_none_of_these_is_refused_and_says_what_it_should_be(
        self, event: Any, message: str
    ) -> None:
        with pytest.raises(EventError, match=message):
            parse(event)

    def test_a_reason_is_as_long_as_sagemakers_own(self) -> None:
        found = parse(noticed(FailureReason="é" * 250_000))
        assert isinstance(found, Change)
        assert found.notice
        assert found.notice.reason == "é" * 1024

    @pytest.mark.parametrize(
        "event",
        [
            "x" * 250_000,
            {"source": "x" * 250_000, "detail-type": nested(5000)},
            {**NOTICE, "detail": nested(5000)},
            {**NOTICE, "detail": {"ProcessingJobName": list(range(50_000))}},
            {**NOTICE, "time": "x" * 250_000},
            noticed(ProcessingJobStatus="x" * 250_000),
            {"watch": nested(5000)},
        ],
        ids=["text", "kind", "detail", "name", "time", "status", "watch"],
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
                    {**NOTICE, "time": value},
                    {"watch": value},
                    *(noticed(**{key: value}) for key in NOTICE["detail"]),
                ]
            )
        )
    )
    def test_any_event_means_what_it_says_or_is_refused(self, event: Any) -> None:
        try:
            told = parse(event)
        except EventError:
            return
        if isinstance(told, Watch):
            assert isinstance(event["watch"], str)
            return
        assert told.job_name == event["detail"]["ProcessingJobName"]
        assert told.notice
        assert told.notice.reason == (event["detail"]["FailureReason"] or "")[:1024]
