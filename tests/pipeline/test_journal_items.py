from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from components.aws.models import shape, violations
from pipeline import journal_items as entries
from pipeline.attempt import Attempt
from pipeline.journal_items import Entry, attempt_key, from_item, to_item
from pipeline.outcome import Outcome
from tests.launcher import strategies

_ZONES = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])
# DynamoDB holds what SageMaker tells: milliseconds.
_TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=_ZONES).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
AT = datetime(2026, 1, 5, tzinfo=UTC)
_COSTS = st.floats(0, 1e6).map(lambda usd: float(format(usd, ".10g")))


def _optional(name: str) -> st.SearchStrategy[object]:
    kinds: dict[str, st.SearchStrategy[object]] = {
        "instance_count": st.integers(1, 100),
        "volume_gb": st.integers(1, 16384),
        "input_bytes": st.integers(0, 10**16),
        "input_objects": st.integers(0, 10**9),
        "training_s": st.integers(0, 10**7),
        "billable_s": st.integers(0, 10**7),
        **dict.fromkeys(("cost_usd", "on_demand_usd"), _COSTS),
        "outcome": st.sampled_from(Outcome),
    }
    times = {
        *("created", "started", "ended", "next_attempt_at", "planned_for", "concluded_at"),
        "launching_until",
    }
    return st.none() | (_TIMES if name in times else kinds.get(name, _TEXTS))


_KEY = {"schedule": strategies.a_name, "slot": strategies.slots, "number": strategies.attempts}
_REST = {field.name: _optional(field.name) for field in fields(Entry)} | {"job_name": _TEXTS}
ENTRIES = st.builds(Entry, **{**_REST, **_KEY})


def item_of(entry: Entry) -> dict[str, Any]:
    return {**attempt_key(entry.attempt), **to_item(entry.beside_key)}


class TestEntry:
    @given(ENTRIES)
    def test_is_read_as_it_was_written(self, entry: Entry) -> None:
        assert from_item(item_of(entry)) == entry

    @given(ENTRIES)
    def test_is_an_item_that_dynamodb_takes(self, entry: Entry) -> None:
        item = item_of(entry)
        assert violations(shape("dynamodb", "PutItem", "Item"), item) == []
        assert all(len(value) == 1 for value in item.values())

    @given(ENTRIES)
    def test_leaves_out_what_is_not_known(self, entry: Entry) -> None:
        known = {name for name, value in vars(entry).items() if value is not None}
        assert item_of(entry).keys() == known - {"slot", "number"} | {"attempt"}

    def test_ignores_attributes_that_others_keep_beside_it(self) -> None:
        entry = Entry(schedule="d", slot=AT, number=1, job_name="n")
        kept = {"expires": {"N": "1"}, "claimed_by": {"S": "x"}}
        assert from_item({**item_of(entry), **kept}) == entry

    @given(_COSTS)
    def test_has_a_cost_of_few_digits(self, usd: float) -> None:
        entry = Entry(schedule="d", slot=AT, number=1, job_name="n", cost_usd=usd)
        assert len(item_of(entry)["cost_usd"]["N"]) <= 38


class TestKey:
    @given(
        st.builds(Attempt, st.just("d"), strategies.slots, strategies.attempts),
        st.builds(Attempt, st.just("d"), strategies.slots, strategies.attempts),
    )
    def test_sorts_by_slot_and_then_by_attempt(self, one: Attempt, other: Attempt) -> None:
        assert (_sort(one) < _sort(other)) == ((one.slot, one.number) < (other.slot, other.number))

    def test_of_an_attempt_is_as_the_contract_says(self) -> None:
        attempt = Attempt("daily", datetime(2026, 1, 5, 2, tzinfo=UTC), 1)
        assert attempt_key(attempt) == {
            "schedule": {"S": "daily"},
            "attempt": {"S": "2026-01-05T02:00:00Z#01"},
        }

    @given(strategies.slots, strategies.attempts)
    def test_of_the_health_lies_behind_every_slot(self, slot: datetime, attempt: int) -> None:
        assert _sort(Attempt("d", slot, attempt)) < entries.health_key("d")["attempt"]["S"]


def _sort(attempt: Attempt) -> str:
    return attempt_key(attempt)["attempt"]["S"]


@pytest.mark.parametrize(
    "name", ["schedule", "attempt", "reason", "job_name", "ended", "concluded_at", "claimed_by"]
)
def test_names_that_stand_in_expressions_are_no_words_of_dynamodbs_own(name: str) -> None:
    assert name.upper() not in ReservedKeywords.get_reserved_keywords()


def test_times_of_any_zone_are_the_same_instant() -> None:
    at = datetime(2026, 1, 5, 2, tzinfo=UTC)
    there = at.astimezone(timezone(timedelta(hours=-8)))
    entry = Entry(schedule="d", slot=at, number=1, job_name="n", ended=there)
    assert item_of(entry) == item_of(replace(entry, ended=at))
    assert from_item(item_of(entry)) == replace(entry, ended=at)
