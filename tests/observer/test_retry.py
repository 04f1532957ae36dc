from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.failure_settings import RetrySettings
from observer.config import RetryConfig
from observer.retry import AT_ONCE, LONGEST_DELAY, Chain, Next, next_attempt
from runs.outcome import Outcome

NOW = datetime(2026, 1, 5, 2, 10, tzinfo=UTC)
FIRST = Chain(since=NOW - timedelta(minutes=10), instance_type="ml.m5.large")
CONFIG = RetryConfig(
    ladder=["ml.m5.large", "ml.m6i.large", "ml.c5.xlarge"],
    larger={"ml.m5.large": "ml.m5.xlarge", "ml.m5.xlarge": "ml.m5.2xlarge"},
    size_ups=1,
    internal_errors=1,
    delay_seconds=300,
    deadline_seconds=6 * 3600,
)
HEALING = {
    Outcome.CAPACITY,
    Outcome.QUOTA,
    Outcome.THROTTLED,
    Outcome.INTERNAL_ERROR,
    Outcome.OUT_OF_MEMORY,
}


def after(outcome: Outcome, chain: Chain = FIRST, config: RetryConfig = CONFIG) -> Next:
    following = next_attempt(config, outcome, chain, NOW)
    assert following is not None
    return following


class TestCapacity:
    def test_walks_the_ladder_at_once_and_then_waits_for_the_first_type(self) -> None:
        types: list[str] = []
        delays: list[timedelta] = []
        chain = FIRST
        for _ in range(4):
            following = after(Outcome.CAPACITY, chain)
            chain = following.chain
            types.append(chain.instance_type)
            delays.append(following.at - NOW)
        assert types == ["ml.m6i.large", "ml.c5.xlarge", "ml.m5.large", "ml.m6i.large"]
        assert delays == [AT_ONCE, AT_ONCE, timedelta(minutes=5), AT_ONCE]

    def test_waits_where_there_is_only_one_type(self) -> None:
        alone = replace(CONFIG, ladder=["ml.m5.large"])
        following = after(Outcome.CAPACITY, config=alone)
        assert following.chain.instance_type == "ml.m5.large"
        assert following.at == NOW + timedelta(minutes=5)

    def test_waits_for_a_type_that_was_chosen_for_its_memory(self) -> None:
        sized = after(Outcome.OUT_OF_MEMORY).chain
        mixed = replace(CONFIG, ladder=["ml.m5.large", "ml.m5.xlarge", "ml.c5.large"])
        following = after(Outcome.CAPACITY, sized, mixed)
        assert following.chain.instance_type == "ml.m5.xlarge"
        assert following.at == NOW + timedelta(minutes=5)


class TestQuota:
    @pytest.mark.parametrize("outcome", [Outcome.QUOTA, Outcome.THROTTLED])
    def test_waits_twice_as_long_each_time_up_to_an_hour(self, outcome: Outcome) -> None:
        chain, minutes = FIRST, list[float]()
        for _ in range(6):
            following = after(outcome, chain)
            chain = following.chain
            minutes.append((following.at - NOW) / timedelta(minutes=1))
        assert minutes == [5, 10, 20, 40, 60, 60]
        assert chain.instance_type == FIRST.instance_type

    def test_ends_where_the_next_would_be_beyond_the_deadline(self) -> None:
        latest = NOW + timedelta(minutes=5) - timedelta(hours=6)
        assert next_attempt(CONFIG, Outcome.QUOTA, replace(FIRST, since=latest), NOW)
        early = replace(FIRST, since=latest - timedelta(seconds=1))
        assert next_attempt(CONFIG, Outcome.QUOTA, early, NOW) is None

    def test_is_not_waited_for_with_a_deadline_of_0(self) -> None:
        none = replace(CONFIG, deadline_seconds=0)
        assert next_attempt(none, Outcome.QUOTA, FIRST, NOW) is None


class TestOnce:
    def test_an_internal_error_is_tried_again_as_often_as_set(self) -> None:
        following = after(Outcome.INTERNAL_ERROR)
        assert following == Next(NOW + AT_ONCE, replace(FIRST, internal_errors=1))
        assert next_attempt(CONFIG, Outcome.INTERNAL_ERROR, following.chain, NOW) is None

    def test_too_little_memory_means_one_size_up_and_not_beyond(self) -> None:
        following = after(Outcome.OUT_OF_MEMORY)
        sized = replace(FIRST, size_ups=1, instance_type="ml.m5.xlarge")
        assert following == Next(NOW + AT_ONCE, sized)
        assert next_attempt(CONFIG, Outcome.OUT_OF_MEMORY, sized, NOW) is None

    def test_the_largest_type_has_none_after_it(self) -> None:
        chain = replace(FIRST, instance_type="ml.m5.24xlarge")
        assert next_attempt(CONFIG, Outcome.OUT_OF_MEMORY, chain, NOW) is None

    @pytest.mark.parametrize("outcome", sorted(set(Outcome) - HEALING))
    def test_what_would_only_fail_again_is_not_tried(self, outcome: Outcome) -> None:
        assert next_attempt(CONFIG, outcome, FIRST, NOW) is None


@st.composite
def configs(draw: st.DrawFn) -> RetryConfig:
    """Return every setting that is allowed, at its bounds more often than not."""
    count = draw(st.integers(1, 6))
    types = [f"ml.{letter}.large" for letter in "abcdef"[:count]]
    numbers = {
        "size_ups": st.integers(0, 3),
        "internal_errors": st.integers(0, 3),
        "delay_seconds": st.sampled_from([60, 3600]) | st.integers(60, 3600),
        "deadline_seconds": st.sampled_from([0, 86_400]) | st.integers(0, 86_400),
    }
    drawn = {name: draw(values) for name, values in numbers.items()}
    RetrySettings.model_validate(drawn)
    larger = {f"ml.{a}.large": f"ml.{b}.large" for a, b in zip("abcdefgh", "bcdefghi", strict=True)}
    return RetryConfig(ladder=types, larger=larger, **drawn)


class TestAnyChain:
    @given(configs(), st.data())
    def test_ends_and_never_goes_back_in_time(
        self, config: RetryConfig, data: st.DataObject
    ) -> None:
        chain, now, attempts = Chain(NOW, config.ladder[0]), NOW, 1
        deadline = NOW + timedelta(seconds=config.deadline_seconds)
        single = config.internal_errors + config.size_ups
        # Each wait may be followed by one walk of the ladder, and 24 hours hold so many waits.
        bound = (1 + single + 30) * len(config.ladder) + single
        while True:
            outcome = data.draw(st.sampled_from(sorted(HEALING)))
            following = next_attempt(config, outcome, chain, now)
            if following is None:
                break
            assert now < following.at <= now + LONGEST_DELAY
            if following.chain.waits > chain.waits:
                assert following.at <= deadline
            assert following.chain.since == NOW
            chain, now, attempts = following.chain, following.at, attempts + 1
            assert attempts <= bound
        assert chain.internal_errors <= config.internal_errors
        assert chain.size_ups <= config.size_ups

    @given(
        st.builds(
            Chain,
            st.datetimes(timezones=st.just(UTC)),
            st.text(),
            st.integers(0, 99),
            st.integers(0, 3),
            st.integers(0, 3),
        )
    )
    def test_is_read_as_it_was_written(self, chain: Chain) -> None:
        assert Chain.load(chain.dump()) == chain
