"""What a preview and a local run say of a stack, before it runs."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from components import forecast
from tests.components.settings.test_settings import settings
from tests.conftest import record_program

NOW = datetime(2026, 11, 26, 12, 5, tzinfo=UTC)
DAILY = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
ALL_FREE: dict[str, Any] = {"alerts__monitoring": "messages"}

pytestmark = pytest.mark.usefixtures("prices")


def text(daily: dict[str, Any] | None = None, now: datetime = NOW, **changes: Any) -> str:
    schedules = {"daily": {**DAILY, **(daily or {})}}
    return forecast.text(settings(**{"schedules": schedules, **changes}), now)


def line(kind: str, told: str) -> str:
    [found] = [each for each in told.splitlines() if each.strip().startswith(f"{kind}:")]
    return found.strip()


class TestRuns:
    """Prices are the tests' own: an hour of ml.m5.xlarge $0.20, of 100 GB $0.02."""

    def test_cost_their_maximum_runtime_with_instances_and_volumes(self) -> None:
        changes: dict[str, Any] = {"job__instance_count": 2, "retries__fallback_instance_types": []}
        assert line("cost", text(**changes)) == (
            "cost: at most $1.76 a run (of 4h 00m); $53.53 a month"  # 2 x 4 x 0.22, 365 in a year
        )

    def test_have_next_attempts_on_dearer_types_which_are_named(self) -> None:
        told = line("cost", text())
        assert "$0.88 a run (of 4h 00m), as a next attempt $1.28 on ml.m6i.xlarge;" in told

    def test_of_a_cheaper_fallback_only_are_told_by_their_own_price(self) -> None:
        changes: dict[str, Any] = {
            "job__instance_type": "ml.m6i.xlarge",
            "retries__fallback_instance_types": [],
        }
        assert "next attempt" not in line("cost", text(**changes))

    @pytest.mark.parametrize(
        ("expression", "a_month"),
        [
            ("rate(365 hours)", "$1.76"),
            ("cron(0 2,14 ? * MON *)", "$7.63"),  # 104 a year
            ("cron(0 2 1 1 ? *)", "$0.07"),
        ],
    )
    def test_are_summed_for_an_average_month(self, expression: str, a_month: str) -> None:
        assert line("cost", text({"expression": expression})).endswith(f"; {a_month} a month")

    @pytest.mark.parametrize(
        "daily", [{"suspend": True}, {"expression": "at(2027-01-31T02:00:00)"}]
    )
    def test_that_do_not_recur_have_no_month(self, daily: dict[str, Any]) -> None:
        assert "a month" not in line("cost", text(daily))

    def test_of_sizes_cost_from_the_cheapest_to_the_dearest(self) -> None:
        sizes = [
            {"up_to_gb": 10, "instance_type": "ml.m5.xlarge", "volume_gb": 100},
            {"instance_type": "ml.m5.xlarge", "instance_count": 2, "volume_gb": 100},
        ]
        assert line("cost", text(job__sizes=sizes)).startswith(
            "cost: at most $1.76 a run (of 4h 00m), $0.88 on the cheapest of its 2 sizes; $53.53"
        )

    def test_on_spot_cost_at_most_the_whole_and_again_where_they_end_on_demand(self) -> None:
        changes: dict[str, Any] = {
            "job__capacity": "spot",
            "retries__fallback_instance_types": [],
        }
        told = text({"expression": "rate(8 hours)"}, **changes)
        assert line("cost", told).startswith(
            "cost: at most $1.28 a run (of 4h 00m), less AWS's discount for spot; $0.88 more where "
            "it ends on demand; "  # 4 x 0.32, 4 x 0.22
        )
        assert line("spot", told).startswith("spot: up to 8h 00m to wait and run; what has not ")
        assert "slots are 8h 00m apart, a run may take 12h 00m" in line("overlap", told)
        assert "spot" not in text()

    def test_of_a_type_without_a_price_say_so(self) -> None:
        assert line("cost", text(job__instance_type="ml.c5.xlarge")) == (
            "cost: no price of ml.c5.xlarge"
        )

    def test_in_a_region_without_prices_show_none_and_say_how_to_get_them(self) -> None:
        told = forecast.text(settings().model_copy(update={"region": "us-west-2"}), NOW)
        assert told.startswith("Forecast: no prices of us-west-2; get them: ")
        assert "-m ops prices --stack prod" in told.splitlines()[0]
        assert "cost:" not in told


class TestAtRest:
    def test_are_the_key_and_what_is_beyond_the_free_alarms(self) -> None:
        assert line("At rest", text()) == (
            "At rest: $2.00 a month by list prices of us-east-1: key $1.00, 20 alarms $1.00; "
            "dashboard free among the account's first 3, else $3.00"
        )

    def test_is_the_key_alone_without_monitoring(self) -> None:
        told = line("At rest", text(**ALL_FREE))
        assert told == "At rest: $1.00 a month by list prices of us-east-1: key $1.00"

    def test_has_every_endpoint_in_every_zone(self) -> None:
        vpc: dict[str, Any] = {"network__mode": "vpc", "network__zones": 3}
        assert "2 endpoints in 3 zones $43.80" in text(**vpc, **ALL_FREE)
        assert "endpoints" not in text()

    def test_has_the_gauges_of_many_schedules(self) -> None:
        schedules = {f"s{number}": DAILY for number in range(7)}
        assert "14 metrics $1.20" in text(schedules=schedules, **ALL_FREE)


class TestSlots:
    def test_the_next_five_are_told_on_both_clocks(self) -> None:
        assert line("next", text(now=datetime(2026, 10, 23, 12, tzinfo=UTC))) == (
            "next: Sat 24 Oct 04:00 (02:00Z), Sun 25 Oct 04:00 (03:00Z), "
            "Mon 26 Oct 04:00 (03:00Z), Tue 27 Oct 04:00 (03:00Z), Wed 28 Oct 04:00 (03:00Z)"
        )

    def test_of_another_day_in_utc_name_it(self) -> None:
        early = text({"expression": "cron(30 0 * * ? *)"})
        assert "next: Fri 27 Nov 00:30 (Thu 23:30Z)," in early

    def test_of_utc_are_told_once(self) -> None:
        assert "next: Fri 27 Nov 04:00Z, Sat" in text({"timezone": "UTC"})

    @pytest.mark.parametrize(
        ("daily", "told"),
        [
            ({"suspend": True}, "next: none, it is suspended"),
            ({"expression": "rate(6 hours)"}, "next: every 6h 00m from its creation on"),
            ({"expression": "at(2030-01-31T02:00:00)"}, "next: Thu 31 Jan 2030 02:00 (01:00Z)"),
        ],
    )
    def test_that_are_fewer_or_unknown_are_told_as_what_they_are(
        self, daily: dict[str, Any], told: str
    ) -> None:
        assert line("next", text(daily)) == told

    def test_that_a_clock_change_skips_or_repeats_are_told(self) -> None:
        told = text({"expression": "cron(0/30 2 * * ? *)"})
        skipped, repeated = (each.strip() for each in told.splitlines() if "clock:" in each)
        assert skipped == (
            "clock: Sun 28 Mar 2027 02:00 and 1 more, which Europe/Berlin skips: no slot; choose "
            "another hour, or UTC"
        )
        assert repeated.startswith("clock: Sun 31 Oct 2027 02:00 and 1 more, which Europe/Berlin ")
        assert "clock:" not in text()

    @pytest.mark.parametrize(
        ("daily", "told"),
        [
            ({"expression": "rate(1 hour)"}, "slots are 1h 00m apart, a run may take 4h 00m; "),
            ({"expression": "cron(0 1,5 * * ? *)"}, "slots are 3h 00m apart"),  # 28 March
            ({"overlap": "Forbid", "expression": "rate(1 hour)"}, "the later slot is skipped"),
            ({"overlap": "Replace", "expression": "rate(1 hour)"}, "the earlier run is stopped"),
        ],
    )
    def test_that_come_before_a_run_must_end_are_told_with_the_policy(
        self, daily: dict[str, Any], told: str
    ) -> None:
        assert told in line("overlap", text(daily))

    @pytest.mark.parametrize("daily", [{}, {"expression": "rate(4 hours)"}, {"suspend": True}])
    def test_that_leave_a_run_its_time_are_not(self, daily: dict[str, Any]) -> None:
        assert "overlap:" not in text(daily)

    def test_may_wait_which_counts_as_a_part_of_their_time(self) -> None:
        told = text({"expression": "cron(0 0/8 * * ? *)", "input": {"when_empty": "wait"}})
        assert line("waits", told) == "waits: up to 6h 00m for its input"
        assert "slots are 7h 00m apart, a run may wait and take 10h 00m" in line("overlap", told)

    def test_may_wait_for_another_schedule(self) -> None:
        load = {**DAILY, "input": {"output_of": "daily"}}
        told = forecast.text(settings(schedules={"daily": DAILY, "load": load}), NOW)
        assert line("waits", told) == "waits: up to 6h 00m for daily"


def test_the_program_says_it_once_and_not_as_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        record_program("prod")
    [told] = [each for each in caplog.records if "Forecast:" in each.getMessage()]
    assert told.levelno == logging.INFO


class TestASecondRegion:
    def test_costs_its_metrics_at_rest_and_each_gb_that_is_replicated(self) -> None:
        recovery: dict[str, Any] = {"recovery": {"region": "eu-west-1", "inputs": True}}
        one, two = (forecast.at_rest(settings(**each)) for each in ({}, recovery))
        # 2 rules, each with 4 metrics and 2 alarms; the first ten metrics are free.
        assert sum(two.values()) - sum(one.values()) == pytest.approx(2 * 2 * 0.10)
        assert line("Recovery", text(**recovery)) == (
            "Recovery: inputs and outputs to eu-west-1, $0.02 a GB and $0.005 for 1,000 objects, "
            "then $0.023 a GB and month there, by list prices of us-east-1"
        )

    def test_has_metrics_that_count_with_those_of_schedules(self) -> None:
        schedules = dict.fromkeys("abcde", DAILY)
        found = forecast.at_rest(settings(schedules=schedules, recovery={"region": "eu-west-1"}))
        assert found["14 metrics"] == pytest.approx(4 * 0.30)

    def test_is_not_spoken_of_where_there_is_none(self) -> None:
        assert "Recovery" not in text()
