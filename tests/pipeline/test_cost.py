"""The estimate of an attempt's cost, and the prices it is made of."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cost import FILE, estimate, price_date

CARDS = json.loads(FILE.read_text("utf-8"))
TYPES = st.sampled_from(sorted(CARDS["us-east-1"]["Processing"]["hourly"]))
COUNTS = st.integers(1, 100)
GIGABYTES = st.integers(0, 16384)
SECONDS = st.integers(0, 604800)


def cost(instance_type: str, count: int, volume_gb: float, seconds: float) -> float:
    usd = estimate("us-east-1", instance_type, count, volume_gb, seconds)
    assert usd is not None
    return usd


class TestEstimate:
    @pytest.fixture(autouse=True)
    def made_up_card(self, monkeypatch: pytest.MonkeyPatch) -> None:
        prices = {"storage_gb_month": 0.73, "hourly": {"ml.m5.large": 0.2}}
        card = {"date": "2026-01-01", "Processing": prices}
        monkeypatch.setattr("pipeline.cost._CARDS", {"us-east-1": card})

    def test_instance_time_is_paid_by_the_second_of_each_instance(self) -> None:
        assert cost("ml.m5.large", 3, 0, 1800) == pytest.approx(3 * 0.1)

    def test_each_instance_has_its_own_volume_for_its_part_of_a_730_hour_month(self) -> None:
        with_volume = cost("ml.m5.large", 2, 50, 7200)
        assert with_volume - cost("ml.m5.large", 2, 0, 7200) == pytest.approx(2 * 50 * 0.001 * 2)

    def test_a_whole_month_of_storage_costs_the_price_of_a_month(self) -> None:
        seconds = 730 * 3600
        with_volume = cost("ml.m5.large", 1, 100, seconds)
        assert with_volume - cost("ml.m5.large", 1, 0, seconds) == pytest.approx(73)

    def test_a_type_that_is_not_on_the_card_has_no_estimate(self) -> None:
        assert estimate("us-east-1", "ml.m5.xlarge", 1, 30, 60) is None

    def test_a_region_without_a_card_has_none_and_not_that_of_another(self) -> None:
        assert estimate("eu-central-1", "ml.m5.large", 1, 30, 60) is None
        assert price_date("eu-central-1") is None


@given(TYPES, COUNTS, GIGABYTES, SECONDS, SECONDS)
def test_two_runs_cost_as_much_as_one_of_their_time_together(
    instance_type: str, count: int, volume_gb: int, first: int, second: int
) -> None:
    parts = [cost(instance_type, count, volume_gb, seconds) for seconds in (first, second)]
    assert cost(instance_type, count, volume_gb, first + second) == pytest.approx(sum(parts))


@given(TYPES, COUNTS, GIGABYTES, SECONDS)
def test_instances_cost_as_much_as_that_many_jobs_of_one(
    instance_type: str, count: int, volume_gb: int, seconds: int
) -> None:
    one = cost(instance_type, 1, volume_gb, seconds)
    assert cost(instance_type, count, volume_gb, seconds) == pytest.approx(count * one)


class TestCards:
    def test_have_a_price_above_nothing_for_all_they_list(self) -> None:
        for card in CARDS.values():
            for component in ("Processing", "Training"):
                prices = [card[component].get("storage_gb_month", 1)]
                assert all(price > 0 for price in [*prices, *card[component]["hourly"].values()])

    def test_have_the_storage_of_all_that_they_estimate(self) -> None:
        assert all(card["Processing"]["storage_gb_month"] for card in CARDS.values())

    def test_say_of_which_day_and_from_where_their_prices_are(self) -> None:
        for region, card in CARDS.items():
            assert date.fromisoformat(card["date"]).isoformat() == card["date"]
            assert card["date"] == price_date(region)
            assert card["source"]

    def test_ship_with_one_of_us_east_1(self) -> None:
        assert price_date("us-east-1")
        assert estimate("us-east-1", "ml.t3.medium", 1, 30, 3600)
