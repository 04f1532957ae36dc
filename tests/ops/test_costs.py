from datetime import timedelta
from typing import Any

import pytest

from tests.ops.clock import NOW
from tests.ops.world import World


def ran(minutes: int, usd: float | None, count: int = 1) -> dict[str, Any]:
    return {
        "started": NOW,
        "ended": NOW + timedelta(minutes=minutes),
        "instance_count": count,
        "cost_usd": usd,
    }


def month(document: Any, name: str) -> list[tuple[Any, ...]]:
    keys = ("schedule", "slots", "attempts", "instance_hours", "cost_usd", "unpriced")
    return [
        tuple(each[key] for key in keys) for each in document["months"] if each["month"] == name
    ]


class TestCosts:
    def test_sums_the_attempts_of_each_month_and_schedule(self, world: World) -> None:
        world.conclude(**ran(30, 0.5))
        world.conclude(2, **ran(60, 1.25, count=2))
        world.conclude(slot="2026-01-06T03:00:00Z", **ran(30, 0.25))
        world.conclude(slot="2026-01-06T03:00:00Z", schedule="hourly", **ran(6, 0.125))
        world.conclude(slot="2025-12-24T03:00:00Z", **ran(15, 0.25))
        status, document = world.ops_json("costs")
        assert status == 0
        assert [each["month"] for each in document["months"]] == ["2026-01", "2026-01", "2025-12"]
        assert month(document, "2026-01") == [
            ("daily", 2, 3, 3.0, 2.0, 0),
            ("hourly", 1, 1, 0.1, 0.125, 0),
        ]
        assert month(document, "2025-12") == [("daily", 1, 1, 0.25, 0.25, 0)]
        total = document["total"]
        assert (total["slots"], total["attempts"], total["cost_usd"]) == (4, 5, 2.375)

    def test_a_slot_belongs_to_the_month_on_its_own_clock(self, world: World) -> None:
        world.conclude(slot="2025-12-31T23:30:00Z", **ran(60, 1.0))
        _, document = world.ops_json("costs --months 1")
        assert month(document, "2026-01") == [("daily", 1, 1, 1.0, 1.0, 0)]

    @pytest.mark.parametrize(("months", "seen"), [(1, 0), (2, 1)])
    def test_this_month_is_the_first_of_so_many(self, world: World, months: int, seen: int) -> None:
        world.conclude(slot="2025-12-01T03:00:00Z", **ran(60, 1.0))
        assert world.ops_json(f"costs --months {months}")[1]["total"]["slots"] == seen

    def test_an_attempt_without_a_price_is_counted_and_not_hidden(self, world: World) -> None:
        world.conclude(**ran(60, None))
        world.conclude(2, **ran(60, 1.0))
        _, document = world.ops_json("costs")
        assert month(document, "2026-01") == [("daily", 1, 2, 2.0, 1.0, 1)]
        _, out, _ = world.ops("costs")
        assert "Attempts without a price, which are not in it: 1." in out

    def test_of_spot_says_what_was_saved_and_takes_off_what_was_reclaimed(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spot: dict[str, Any] = {"training_s": 3600, "billable_s": 900, "on_demand_usd": 2.0}
        world.conclude(**ran(90, 0.5), **spot)
        world.conclude(schedule="hourly", **ran(60, 0.25))
        _, document = world.ops_json("costs")
        assert [
            tuple(each[name] for name in ("instance_hours", "spot_hours", "unpaid_hours"))
            for each in document["months"]
        ] == [(1, 1, 0.75), (1, 0, 0)]
        assert [each["saved_usd"] for each in document["months"]] == [1.5, None]
        world.conclude(**ran(90, 0.5), **spot, outcome="spot_reclaimed")
        world.conclude(2, **ran(60, 2.0))
        total = world.ops_json("costs")[1]["total"]
        assert (total["cost_usd"], total["saved_usd"]) == (2.75, -0.5)
        monkeypatch.setenv("COLUMNS", "80")
        _, out, _ = world.ops("costs")
        assert "2026-01 hourly " in out
        [line] = [line for line in out.splitlines() if line.startswith("total")]
        assert line.split()[-4:] == ["$2.75", "1.00", "0.75", "-$0.50"]

    def test_an_attempt_that_got_no_job_costs_nothing_and_is_not_unpriced(
        self, world: World
    ) -> None:
        world.conclude(outcome="quota", status="Refused")
        _, document = world.ops_json("costs")
        assert month(document, "2026-01") == [("daily", 1, 1, 0, 0, 0)]

    def test_says_that_it_is_an_estimate_and_from_when_its_prices_are(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pipeline.cost._CARDS", {"eu-central-1": {"date": "2026-01-02"}})
        world.conclude(**ran(90, 1234.5))
        status, out, _ = world.ops("costs")
        assert status == 0
        assert "An estimate of instances and their volumes by list prices of eu-central-1" in out
        assert "(of 2026-01-02)" in out
        assert world.ops_json("costs")[1]["price_date"] == "2026-01-02"
        [line] = [line for line in out.splitlines() if line.startswith("2026-01 ")]
        assert line.split() == ["2026-01", "daily", "1", "1", "1.50", "0", "$1,234.50"]
        [total] = [line for line in out.splitlines() if line.startswith("total")]
        assert total.split() == ["total", "1", "1", "1.50", "0", "$1,234.50"]

    def test_without_prices_of_the_region_says_how_to_get_them(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pipeline.cost._CARDS", {"us-east-1": {"date": "2026-01-02"}})
        world.conclude(**ran(60, None))
        _, out, _ = world.ops("costs")
        assert "There are no prices of eu-central-1." in out
        assert "python -m ops prices --stack prod" in out
        assert "2026-01-02" not in out
        assert world.ops_json("costs")[1]["price_date"] is None
