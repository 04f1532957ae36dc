import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.settings import RetrySettings
from observer.retry import (
    AT_ONCE,
    INTERNAL_ERRORS,
    LONGEST_DELAY,
    NextAttempt,
    RetryState,
    next_attempt,
)
from pipeline.journal_items import Entry
from pipeline.kind import Kind
from pipeline.outcome import Outcome
from pipeline.schedule_config import RetryConfig
from tests.lambda_world import ATTEMPT, NAME

NOW = datetime(2026, 1, 5, 2, 10, tzinfo=UTC)
FIRST = RetryState(since=NOW - timedelta(minutes=10), instance_type="ml.m5.large")
CONFIG = RetryConfig(
    instance_types=["ml.m5.large", "ml.m6i.large", "ml.c5.xlarge"],
    larger={"ml.m5.large": "ml.m5.xlarge", "ml.m5.xlarge": "ml.m5.2xlarge"},
    max_size_increases=1,
    deadline_seconds=6 * 3600,
)
HEALING = {
    Outcome.CAPACITY,
    Outcome.QUOTA,
    Outcome.QUOTA_TOO_LOW,
    Outcome.NO_ADDRESSES,
    Outcome.THROTTLED,
    Outcome.INTERNAL_ERROR,
    Outcome.OUT_OF_MEMORY,
}


LIMIT_OF_A_TYPE = (
    "ResourceLimitExceeded: The account-level service limit 'ml.m5.large for processing job usage' "
    "is 0 Instances, with current utilization of 0 Instances and a request delta of 1 Instances."
)


def follows(
    config: RetryConfig,
    outcome: Outcome,
    state: RetryState,
    now: datetime = NOW,
    *,
    reason: str = "",
    kind: Kind = Kind.PROCESSING,
) -> NextAttempt | None:
    entry = Entry.of(ATTEMPT, NAME, outcome=outcome, reason=reason, retry_state=state.dump())
    return next_attempt(config, entry, now, kind)


def after(outcome: Outcome, state: RetryState = FIRST, config: RetryConfig = CONFIG) -> NextAttempt:
    following = follows(config, outcome, state)
    assert following is not None
    return following


class TestCapacity:
    def test_walks_through_the_types_at_once_and_then_waits_for_the_first_type(self) -> None:
        types: list[str] = []
        delays: list[timedelta] = []
        state = FIRST
        for _ in range(4):
            following = after(Outcome.CAPACITY, state)
            state = following.state
            types.append(state.instance_type)
            delays.append(following.at - NOW)
        assert types == ["ml.m6i.large", "ml.c5.xlarge", "ml.m5.large", "ml.m6i.large"]
        assert delays == [AT_ONCE, AT_ONCE, timedelta(minutes=5), AT_ONCE]

    def test_waits_where_there_is_only_one_type(self) -> None:
        alone = replace(CONFIG, instance_types=["ml.m5.large"])
        following = after(Outcome.CAPACITY, config=alone)
        assert following.state.instance_type == "ml.m5.large"
        assert following.at == NOW + timedelta(minutes=5)

    def test_waits_for_a_type_that_was_chosen_for_its_memory(self) -> None:
        sized = after(Outcome.OUT_OF_MEMORY).state
        mixed = replace(CONFIG, instance_types=["ml.m5.large", "ml.m5.xlarge", "ml.c5.large"])
        following = after(Outcome.CAPACITY, sized, mixed)
        assert following.state.instance_type == "ml.m5.xlarge"
        assert following.at == NOW + timedelta(minutes=5)


class TestQuota:
    @pytest.mark.parametrize("outcome", [Outcome.QUOTA, Outcome.THROTTLED, Outcome.NO_ADDRESSES])
    def test_waits_twice_as_long_each_time_up_to_an_hour(self, outcome: Outcome) -> None:
        state, minutes = FIRST, list[float]()
        for _ in range(6):
            following = after(outcome, state)
            state = following.state
            minutes.append((following.at - NOW) / timedelta(minutes=1))
        assert minutes == [5, 10, 20, 40, 60, 60]
        assert state.instance_type == FIRST.instance_type

    def test_ends_where_the_next_would_be_beyond_the_deadline(self) -> None:
        latest = NOW + timedelta(minutes=5) - timedelta(hours=6)
        assert follows(CONFIG, Outcome.QUOTA, replace(FIRST, since=latest))
        early = replace(FIRST, since=latest - timedelta(seconds=1))
        assert follows(CONFIG, Outcome.QUOTA, early) is None

    def test_is_not_waited_for_with_a_deadline_of_0(self) -> None:
        none = replace(CONFIG, deadline_seconds=0)
        assert follows(none, Outcome.QUOTA, FIRST) is None


class TestSpot:
    @pytest.mark.parametrize(
        "outcome",
        [
            *(Outcome.SPOT_NEVER_CAME, Outcome.SPOT_RECLAIMED),
            *(Outcome.CAPACITY, Outcome.QUOTA_TOO_LOW, Outcome.REFUSED),
        ],
    )
    def test_ends_on_demand_with_all_retries_anew_but_the_machines_size(
        self, outcome: Outcome
    ) -> None:
        used = replace(FIRST, instance_type="ml.m5.xlarge", waits=3, size_increases=1)
        following = follows(CONFIG, outcome, used, kind=Kind.TRAINING)
        fresh = RetryState(NOW, "ml.m5.xlarge", size_increases=1, capacity="on-demand")
        assert following == NextAttempt(NOW + AT_ONCE, fresh)

    def test_waits_for_a_quota_in_use_and_then_ends_on_demand(self) -> None:
        waited = follows(CONFIG, Outcome.QUOTA, FIRST, kind=Kind.TRAINING)
        assert waited == NextAttempt(NOW + timedelta(minutes=5), replace(FIRST, waits=1))
        late = replace(FIRST, since=NOW - timedelta(hours=6))
        following = follows(CONFIG, Outcome.QUOTA, late, kind=Kind.TRAINING)
        assert following
        assert following.state.capacity == "on-demand"


def without(state: RetryState = FIRST, config: RetryConfig = CONFIG) -> NextAttempt | None:
    return follows(config, Outcome.QUOTA_TOO_LOW, state, reason=LIMIT_OF_A_TYPE)


class TestQuotaTooLow:
    def test_takes_the_next_type_at_once_and_ends_where_none_is_left(self) -> None:
        second = without()
        assert second
        assert second == NextAttempt(
            NOW + AT_ONCE,
            replace(FIRST, instance_type="ml.m6i.large", impossible=("ml.m5.large",)),
        )
        third = without(second.state)
        assert third
        assert third.state.instance_type == "ml.c5.xlarge"
        assert third.at == NOW + AT_ONCE
        assert without(third.state) is None

    def test_a_type_that_can_never_start_is_not_come_back_to(self) -> None:
        second = without()
        assert second
        third = after(Outcome.CAPACITY, second.state)
        assert third.state.instance_type == "ml.c5.xlarge"
        again = without(third.state)
        assert again
        assert again.state.instance_type == "ml.m6i.large"
        assert again.at == NOW + timedelta(minutes=5)

    def test_ends_at_once_where_no_other_type_helps(self) -> None:
        assert follows(CONFIG, Outcome.QUOTA_TOO_LOW, FIRST) is None

    def test_ends_at_once_for_a_type_that_was_chosen_for_its_memory(self) -> None:
        assert without(after(Outcome.OUT_OF_MEMORY).state) is None

    def test_ends_at_once_for_a_type_that_left_the_settings(self) -> None:
        assert without(replace(FIRST, instance_type="ml.m4.large")) is None


class TestOnce:
    def test_an_internal_error_is_tried_again_once(self) -> None:
        following = after(Outcome.INTERNAL_ERROR)
        assert following == NextAttempt(NOW + AT_ONCE, replace(FIRST, internal_errors=1))
        assert follows(CONFIG, Outcome.INTERNAL_ERROR, following.state) is None

    def test_too_little_memory_means_one_larger_size_and_not_beyond(self) -> None:
        following = after(Outcome.OUT_OF_MEMORY)
        sized = replace(FIRST, size_increases=1, instance_type="ml.m5.xlarge")
        assert following == NextAttempt(NOW + AT_ONCE, sized)
        assert follows(CONFIG, Outcome.OUT_OF_MEMORY, sized) is None

    def test_the_largest_type_has_none_after_it(self) -> None:
        state = replace(FIRST, instance_type="ml.m5.24xlarge")
        assert follows(CONFIG, Outcome.OUT_OF_MEMORY, state) is None

    @pytest.mark.parametrize("outcome", sorted(set(Outcome) - HEALING))
    def test_what_would_only_fail_again_is_not_tried(self, outcome: Outcome) -> None:
        assert follows(CONFIG, outcome, FIRST) is None


@st.composite
def configs(draw: st.DrawFn) -> RetryConfig:
    """Return every setting that is allowed, at its bounds more often than not."""
    count = draw(st.integers(1, 6))
    types = [f"ml.{letter}.large" for letter in "abcdef"[:count]]
    numbers = {
        "max_size_increases": st.integers(0, 3),
        "deadline_seconds": st.sampled_from([0, 86_400]) | st.integers(0, 86_400),
    }
    drawn = {name: draw(values) for name, values in numbers.items()}
    RetrySettings.model_validate(drawn)
    larger = {f"ml.{a}.large": f"ml.{b}.large" for a, b in zip("abcdefgh", "bcdefghi", strict=True)}
    return RetryConfig(instance_types=types, larger=larger, **drawn)


class TestAnyChain:
    @given(configs(), st.data())
    def test_ends_and_never_goes_back_in_time(
        self, config: RetryConfig, data: st.DataObject
    ) -> None:
        state, now, attempts = RetryState(NOW, config.instance_types[0]), NOW, 1
        deadline = NOW + timedelta(seconds=config.deadline_seconds)
        single = INTERNAL_ERRORS + config.max_size_increases
        # Each wait may be followed by one walk through the types, and 24 hours hold so many waits.
        bound = (1 + single + 30) * len(config.instance_types) + single
        while True:
            outcome = data.draw(st.sampled_from(sorted(HEALING)))
            reason = data.draw(st.sampled_from(["", LIMIT_OF_A_TYPE]))
            following = follows(config, outcome, state, now, reason=reason)
            if following is None:
                break
            assert now < following.at <= now + LONGEST_DELAY
            if following.state.waits > state.waits:
                assert following.at <= deadline
            assert following.state.since == NOW
            state, now, attempts = following.state, following.at, attempts + 1
            assert attempts <= bound
        assert state.internal_errors <= INTERNAL_ERRORS
        assert state.size_increases <= config.max_size_increases

    @given(
        st.builds(
            RetryState,
            st.datetimes(timezones=st.just(UTC)),
            st.text(),
            st.integers(0, 99),
            st.integers(0, 3),
            st.integers(0, 3),
            st.lists(st.text()).map(tuple),
        )
    )
    def test_is_read_as_it_was_written(self, state: RetryState) -> None:
        assert RetryState.load(state.dump()) == state

    def test_is_read_as_an_earlier_deployment_wrote_it(self) -> None:
        written = json.dumps({"since": NOW.isoformat(), "instance_type": "ml.m5.large", "waits": 2})
        assert RetryState.load(written) == RetryState(NOW, "ml.m5.large", waits=2)
