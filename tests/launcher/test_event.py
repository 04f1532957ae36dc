from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.event import EventError, Request, Trigger, parse
from runs.identity import Run

NOW = datetime(2026, 11, 24, 1, 2, 3, 456, tzinfo=UTC)
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)


class TestParse:
    def test_the_schedulers_event_names_schedule_and_slot(self) -> None:
        event = {"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "trigger": "schedule"}
        found = parse(event, ["daily", "hourly"], NOW)
        assert found == Request(Run("daily", SLOT, 1), Trigger.SCHEDULE)

    def test_the_observers_event_names_the_attempt_too(self) -> None:
        event = {
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 99,
            "trigger": "retry",
        }
        found = parse(event, ["daily"], NOW)
        assert found == Request(Run("daily", SLOT, 99), Trigger.RETRY)

    def test_by_hand_without_a_slot_means_now(self) -> None:
        found = parse({"schedule": "daily"}, ["daily", "hourly"], NOW)
        now = NOW.replace(microsecond=0)
        assert found == Request(Run("daily", now, 1), Trigger.OPERATOR)

    def test_a_replay_needs_no_schedule_where_there_is_only_one(self) -> None:
        event = {"slot": "2026-01-05T02:00:00Z", "attempt": 2}
        found = parse(event, ["daily"], NOW)
        assert found == Request(Run("daily", SLOT, 2), Trigger.OPERATOR)

    @pytest.mark.parametrize(
        ("event", "message"),
        [
            ({}, "schedule None must be one of: daily, hourly"),
            ({"schedule": "weekly"}, "'weekly' must be one of: daily, hourly"),
            ({"schedule": ["daily"]}, "must be one of: daily, hourly"),
            ({"schedule": "daily", "slots": "x"}, "'slots' is no key"),
            ({"schedule": "daily", "slot": "yesterday"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2026-02-30T00:00:00Z"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "<aws.scheduler.scheduled-time>"}, "UTC time"),
            ({"schedule": "daily", "slot": 5}, "must be a UTC time"),
            ({"schedule": "daily", "attempt": 0}, "a number from 1 to 99"),
            ({"schedule": "daily", "attempt": 100}, "a number from 1 to 99"),
            ({"schedule": "daily", "attempt": True}, "a number from 1 to 99"),
            ({"schedule": "daily", "attempt": "2"}, "a number from 1 to 99"),
            ({"schedule": "daily", "trigger": "me"}, "one of: schedule, retry, operator"),
            ({"schedule": "daily", "trigger": {}}, "one of: schedule, retry, operator"),
            ([], "must be a JSON object"),
            (None, "must be a JSON object"),
        ],
    )
    def test_what_asks_for_no_run_is_refused_with_an_example(
        self, event: Any, message: str
    ) -> None:
        with pytest.raises(EventError) as error:
            parse(event, ["daily", "hourly"], NOW)
        assert message in str(error.value)
        assert '{"schedule": "daily"' in str(error.value)

    def test_all_problems_come_at_once(self) -> None:
        event = {"x": 1, "schedule": "weekly", "slot": "", "attempt": -1, "trigger": None}
        with pytest.raises(EventError, match=r"(?s)'x' is no key.*weekly.*slot.*attempt.*trigger"):
            parse(event, ["daily"], NOW)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        )
        | st.dictionaries(
            st.sampled_from(["schedule", "slot", "attempt", "trigger"]),
            st.text() | st.lists(st.none()),
        )
    )
    def test_no_event_whatever_its_form_ends_in_another_error(self, event: Any) -> None:
        try:
            found = parse(event, ["daily", "hourly"], NOW)
        except EventError:
            return
        assert found.run.schedule in ("daily", "hourly")
