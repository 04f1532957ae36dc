"""The estimate of an attempt's cost, and the card it is read from."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.models import shape
from pipeline.cost import RATE_DATE, estimate

CARD: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "lambda/pipeline/rates.json").read_text(encoding="utf-8")
)
TYPES = st.sampled_from(sorted(CARD["hourly"]))
COUNTS = st.integers(1, 100)
GIGABYTES = st.integers(0, 16384)
SECONDS = st.integers(0, 604800)


def cost(instance_type: str, count: int, volume_gb: float, seconds: float) -> float:
    usd = estimate(instance_type, count, volume_gb, seconds)
    assert usd is not None
    return usd


class TestEstimate:
    @pytest.fixture(autouse=True)
    def made_up_card(self, monkeypatch: pytest.MonkeyPatch) -> None:
        card = {"date": "2026-01-01", "storage_gb_month": 0.73, "hourly": {"ml.m5.large": 0.2}}
        monkeypatch.setattr("pipeline.cost._CARD", card)

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
        assert estimate("ml.m5.xlarge", 1, 30, 60) is None


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


class TestCard:
    def test_has_only_types_that_aws_offers_for_processing(self) -> None:
        path = "ProcessingResources.ClusterConfig.InstanceType"
        offered = shape("sagemaker", "CreateProcessingJob", path).metadata["enum"]
        assert set(CARD["hourly"]) <= set(offered)

    def test_has_a_price_above_nothing_for_all_it_lists(self) -> None:
        assert all(price > 0 for price in [CARD["storage_gb_month"], *CARD["hourly"].values()])

    def test_says_of_which_day_region_and_currency_its_prices_are(self) -> None:
        assert date.fromisoformat(CARD["date"]).isoformat() == CARD["date"] == RATE_DATE
        assert (CARD["region"], CARD["currency"]) == ("us-east-1", "USD")
        assert CARD["source"]
