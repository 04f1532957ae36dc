from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from launcher.event import EventError, Request, Trigger, parse
from pipeline.attempt import Attempt, job_name, parse_job_name, slot_text
from tests.launcher import strategies

NOW = datetime(2026, 11, 24, 1, 2, 3, 456, tzinfo=UTC)
SLOT = datetime(2026, 1, 5, 2, tzinfo=UTC)


def nested(depth: int) -> Any:
    """Return a list in lists; from some thousand on Python cannot write it out."""
    outer: list[Any] = []
    for _ in range(depth):
        outer = [outer]
    return outer


class TestParse:
    def test_the_schedulers_event_names_schedule_and_slot(self) -> None:
        event = {"schedule": "daily", "slot": "2026-01-05T02:00:00Z", "trigger": "schedule"}
        found = parse(event, ["daily", "hourly"], NOW)
        assert found == Request(Attempt("daily", SLOT, 1), Trigger.SCHEDULE, NOW)

    def test_the_observers_event_names_the_attempt_too(self) -> None:
        event = {
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 99,
            "trigger": "retry",
        }
        found = parse(event, ["daily"], NOW)
        assert found == Request(Attempt("daily", SLOT, 99), Trigger.RETRY, NOW)

    def test_by_hand_without_a_slot_means_now(self) -> None:
        found = parse({"schedule": "daily"}, ["daily", "hourly"], NOW)
        now = NOW.replace(microsecond=0)
        assert found == Request(Attempt("daily", now, 1), Trigger.OPERATOR, NOW)

    def test_a_replay_needs_no_schedule_where_there_is_only_one(self) -> None:
        event = {"slot": "2026-01-05T02:00:00Z", "attempt": 2}
        found = parse(event, ["daily"], NOW)
        assert found == Request(Attempt("daily", SLOT, 2), Trigger.OPERATOR, NOW)

    def test_a_slot_that_is_a_few_minutes_ahead_of_this_clock_is_taken(self) -> None:
        event = {"schedule": "daily", "slot": slot_text(NOW + timedelta(minutes=5))}
        found = parse(event, ["daily"], NOW)
        assert found.attempt.slot == NOW.replace(microsecond=0) + timedelta(minutes=5)

    @pytest.mark.parametrize("trigger", list(Trigger))
    def test_a_slot_whose_time_has_not_come_is_refused_whoever_asks(self, trigger: Trigger) -> None:
        slot = slot_text(NOW + timedelta(minutes=5, seconds=1))
        event = {"schedule": "daily", "slot": slot, "trigger": trigger}
        now = "must not be later than now, which is 2026-11-24T01:02:03Z"
        with pytest.raises(EventError, match=f"slot '{slot}' {now}"):
            parse(event, ["daily"], NOW)

    @pytest.mark.parametrize(
        ("event", "message"),
        [
            ({}, "schedule None must be one of: daily, hourly"),
            ({"schedule": "weekly"}, "'weekly' must be one of: daily, hourly"),
            ({"schedule": ["daily"]}, "must be one of: daily, hourly"),
            ({"schedule": "daily", "slots": "x"}, "unknown keys ['slots']"),
            ({"schedule": "daily", "slot": "yesterday"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2026-02-30T00:00:00Z"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "<aws.scheduler.scheduled-time>"}, "UTC time"),
            ({"schedule": "daily", "slot": 5}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2026-01-05T02:00:00+00:00"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2026-01-05T02:00:00Z\n"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2026-01-05T24:00:00Z"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "2016-12-31T23:59:60Z"}, "must be a UTC time"),
            ({"schedule": "daily", "slot": "0000-01-01T00:00:00Z"}, "in 2000 to 2199"),
            ({"schedule": "daily", "slot": "0001-01-01T00:00:00Z"}, "in 2000 to 2199"),
            ({"schedule": "daily", "slot": "9999-12-31T23:59:59Z"}, "in 2000 to 2199"),
            ({"schedule": "daily\n"}, r"'daily\n' must be one of"),
            ({"schedule": "Daily"}, "'Daily' must be one of"),
            ({"schedule": "other--daily"}, "'other--daily' must be one of"),
            ({"schedule": "daily", "attempt": 1.0}, "a number from 1 to 99"),
            ({"schedule": "daily", "attempt": float("nan")}, "attempt nan must be"),
            ({"schedule": "daily", "attempt": 10**400}, "a number from 1 to 99"),
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
        with pytest.raises(EventError, match=r"(?s)'x'.*weekly.*slot.*attempt.*trigger"):
            parse(event, ["daily"], NOW)

    @pytest.mark.parametrize(
        "event",
        [
            "x" * 250_000,
            {"schedule": "x" * 250_000},
            {f"key{number}": number for number in range(20_000)},
            {"schedule": "daily", "x" * 250_000: None},
            {"schedule": "daily", "slot": list(range(50_000))},
            {"schedule": "daily", "trigger": nested(5000)},
            nested(5000),
        ],
        ids=["text", "value", "keys", "key", "list", "deep", "deep event"],
    )
    def test_a_huge_event_is_refused_in_few_words(self, event: Any) -> None:
        with pytest.raises(EventError) as error:
            parse(event, ["daily", "hourly"], NOW)
        assert len(str(error.value)) < 1000

    @given(
        strategies.json_values()
        | st.fixed_dictionaries(
            {},
            optional={
                "schedule": st.sampled_from(["daily", "hourly"]) | strategies.json_values(),
                "slot": st.from_regex(r"[0-9]{4}-[01]\d-[0-3]\dT[0-2]\d:00:\d\dZ", fullmatch=True)
                | strategies.json_values(),
                "attempt": st.integers(-1, 101) | strategies.json_values(),
                "trigger": st.sampled_from(["schedule", "retry", "operator"])
                | strategies.json_values(),
            },
        )
    )
    def test_any_event_means_exactly_what_it_says_or_is_refused(self, event: Any) -> None:
        try:
            found = parse(event, ["daily", "hourly"], NOW)
        except EventError:
            return
        said = {"attempt": 1, "trigger": "operator", **event}
        said["slot"] = said.get("slot") or slot_text(NOW)  # null is now, too
        attempt = found.attempt
        assert said == {
            "schedule": attempt.schedule,
            "slot": slot_text(attempt.slot),
            "attempt": attempt.number,
            "trigger": found.trigger,
        }
        assert parse_job_name("p", job_name("p", attempt)) == attempt
