from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.ending import Ending
from observer.event import Change, EventError, Watch, parse
from tests.fake_sagemaker import FakeSageMaker

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
        ],
    )
    def test_what_is_none_of_these_is_refused_and_says_what_it_should_be(
        self, event: Any, message: str
    ) -> None:
        with pytest.raises(EventError, match=message):
            parse(event)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).flatmap(
            lambda value: st.sampled_from(
                [value, {**NOTICE, "detail": value}, noticed(FailureReason=value)]
            )
        )
    )
    def test_no_event_whatever_its_form_ends_in_another_error(self, event: Any) -> None:
        try:
            told = parse(event)
        except EventError:
            return
        assert isinstance(told, Watch | Change)
