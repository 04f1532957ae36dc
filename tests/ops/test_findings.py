"""What is said of the jobs on one machine."""

from typing import Any

import pytest

from components.settings.schedule import ScheduleSettings
from ops import findings
from ops.findings import Finding
from ops.usage import Usage
from pipeline.journal_items import Entry
from tests.ops.measured import job

REGION = "eu-central-1"
SIZE = {"instance_type": "ml.m5.xlarge", "volume_gb": 100}
HOURLY = {"ml.m5.large": 0.2, "ml.m5.xlarge": 0.4, "ml.m5.2xlarge": 0.8, "ml.r5.xlarge": 0.5}
IDLE = Usage(points=10, cpu_sum=500, cpu_peak=90, memory_peak=31, disk_peak=45)


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    card = {"Processing": {"storage_gb_month": 0.73, "hourly": HOURLY}}
    monkeypatch.setattr("pipeline.cost._CARDS", {REGION: card})


def find(*jobs: tuple[Entry, Usage | None], **settings: Any) -> Finding:
    schedule = ScheduleSettings.model_validate(
        {"expression": "rate(1 day)", "job": {**SIZE, **settings}}
    )
    measured = {entry.job_name: usage for entry, usage in jobs if usage}
    return findings.find(REGION, schedule, 30.0, [entry for entry, _ in jobs], measured)


def days(usage: Usage | None, count: int = 3, **known: Any) -> list[tuple[Entry, Usage | None]]:
    return [(job(day, **known), usage) for day in range(count)]


class TestTooLittle:
    @pytest.mark.parametrize(
        ("jobs", "said"),
        [
            (days(IDLE, 1), "1 job ran to the end, and it takes 3."),
            (days(None), "CloudWatch has no metrics of these 3 jobs."),
            (
                [*days(IDLE, 2), (job(2), Usage(2, 9, 9, 9, 9))],
                "2 of 3 jobs were measured at least 3 times, and it takes 3; SageMaker measures "
                "once a minute.",
            ),
            (
                days(IDLE, instance_type="ml.g5.xlarge"),
                "vCPUs and memory of ml.g5.xlarge are not known here, and accelerators are not "
                "looked at.",
            ),
        ],
    )
    def test_to_say_is_said_and_why(
        self, jobs: list[tuple[Entry, Usage | None]], said: str
    ) -> None:
        found = find(*jobs)
        assert found.advice == [f"Too little to say: {said}"]
        assert (found.load, found.options, found.suggested) == (None, [], None)


class TestAdvice:
    def test_rests_on_the_peak_and_says_what_is_left_and_saved(self) -> None:
        found = find(*days(IDLE))
        assert found.advice == [
            "Memory peaked at 31 % of 16 GB in 3 jobs: ml.m5.large (8 GB) leaves 38 % of it free, "
            "and a run costs 40 % less."
        ]
        assert found.suggested == "ml.m5.large"
        assert [each.instance_type for each in found.options] == [
            "ml.m5.large",
            "ml.m5.xlarge",
            "ml.r5.xlarge",
            "ml.m5.2xlarge",
        ]

    def test_says_how_much_longer_fewer_processors_take(self) -> None:
        busy = Usage(points=10, cpu_sum=1000, cpu_peak=380, memory_peak=31, disk_peak=45)
        [said] = find(*days(busy)).advice
        assert said.endswith("a run costs 24 % less, and takes about 12m 38s instead of 10m 00s.")

    def test_says_nothing_of_time_where_the_jobs_took_none(self) -> None:
        [said] = find(*days(IDLE, minutes=0)).advice
        assert "takes about" not in said

    def test_is_a_larger_machine_where_memory_ran_out(self) -> None:
        killed = (job(3, outcome="out_of_memory"), None)
        found = find(*days(IDLE), killed)
        assert found.suggested == "ml.r5.xlarge"
        assert found.advice == [
            "Memory peaked at 100 % of 16 GB in 3 jobs, and 1 ran out of it: ml.r5.xlarge "
            "(32 GB) leaves 50 % of it free, and a run costs 20 % more."
        ]

    def test_says_that_none_is_large_enough(self) -> None:
        found = find(*days(IDLE, outcome="out_of_memory"), max_runtime_seconds=60)
        assert found.advice[0].endswith("none of these machines has more and leaves 20 % free.")

    def test_is_to_leave_a_machine_that_is_right(self) -> None:
        full = Usage(points=10, cpu_sum=500, cpu_peak=90, memory_peak=61, disk_peak=45)
        assert find(*days(full)).advice == [
            "ml.m5.xlarge is right: memory peaked at 61 % of 16 GB in 3 jobs, and no machine that "
            "leaves 20 % free is 10 % cheaper."
        ]

    def test_without_prices_is_of_the_next_smaller_one_and_no_money(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pipeline.cost._CARDS", {})
        [said] = find(*days(IDLE)).advice
        assert said.endswith("ml.m5.large (8 GB) leaves 38 % of it free.")


class TestSpot:
    SPOT: dict[str, Any] = {"capacity": "spot", "training_s": 600, "billable_s": 60}  # noqa: RUF012

    def test_is_compared_by_the_prices_of_training_and_with_types_that_may_be_on_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        dear = {name: 10 * usd for name, usd in HOURLY.items()} | {"ml.r6i.large": 0.1}
        card = {"storage_gb_month": 0.73, "hourly": HOURLY}
        cards = {REGION: {"Processing": card, "Training": {"hourly": dear}}}
        monkeypatch.setattr("pipeline.cost._CARDS", cards)
        found = find(*days(IDLE, minutes=60, **self.SPOT))
        assert found.capacity == "spot"
        assert found.load
        assert found.load.run_s == 600
        costs = {each.instance_type: each.cost_usd for each in found.options}
        assert costs["ml.m5.xlarge"] == pytest.approx((4 + 0.1) / 6)
        assert "ml.r6i.large" not in costs
        assert found.advice[0].endswith("a run costs 49 % less before the discount for spot.")

    @pytest.mark.parametrize(
        ("reclaimed", "told"),
        [
            (
                3,
                "3 of 4 jobs on spot were reclaimed for good and done again on demand: $5.00, ",
            ),
            (1, ""),
        ],
    )
    def test_that_costs_more_than_on_demand_is_said(self, reclaimed: int, told: str) -> None:
        spent: dict[str, Any] = {**self.SPOT, "cost_usd": 0.5, "on_demand_usd": 1.0}
        lost = [job(day, outcome="spot_reclaimed", **spent) for day in range(reclaimed)]
        again = [job(day, number=2, cost_usd=1.0) for day in range(reclaimed)]
        good = [job(day, **spent) for day in range(reclaimed, 4)]
        before = [job(day, cost_usd=9.0) for day in range(4, 9)]
        said = "".join(findings.dear_spot([*lost, *again, *good, *before]))
        assert said.startswith(told)
        assert bool(said) == bool(told)


class TestVolume:
    EMPTY = Usage(points=10, cpu_sum=500, cpu_peak=90, memory_peak=61, disk_peak=12)

    def test_that_is_much_too_large_has_another_suggested(self) -> None:
        found = find(*days(self.EMPTY))
        assert found.suggested_volume_gb == 30
        assert found.advice[1:] == [
            "Disk peaked at 12 % of 100 GB: volume_gb: 30 leaves 60 % free, and a run costs 14 % "
            "less."
        ]

    @pytest.mark.parametrize("setting", ["auto", 200])
    def test_that_is_not_what_is_set_now_is_left_alone(self, setting: str | int) -> None:
        found = find(*days(self.EMPTY), volume_gb=setting)
        assert found.suggested_volume_gb is None
        assert len(found.advice) == 1

    def test_is_at_most_the_disk_of_its_type(self) -> None:
        full = Usage(points=10, cpu_sum=500, cpu_peak=90, memory_peak=61, disk_peak=95)
        known: dict[str, Any] = {"instance_type": "ml.r5d.large", "volume_gb": 70}
        assert find(*days(full, **known), **known).suggested_volume_gb == 75
        known["volume_gb"] = 75
        assert find(*days(full, **known), **known).suggested_volume_gb is None
