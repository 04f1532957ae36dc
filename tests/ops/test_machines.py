"""The rules of what another machine would have meant."""

from dataclasses import replace
from typing import Any

import pytest

from components.aws import instance_types
from ops import machines
from ops.machines import Load, Machine, Option
from ops.usage import Usage
from pipeline.kind import Kind
from tests.ops.measured import job

_CARD = (
    "m5.large 0.1, m5.xlarge 0.2, m5.2xlarge 0.4, t3.xlarge 0.15, m6i.xlarge 0.2, m7i.xlarge 0.19, "
    "c5.xlarge 0.17, c6i.xlarge 0.17, c5.2xlarge 0.35, r5.large 0.13, r5d.large 0.14, "
    "r5.xlarge 0.26, g5.xlarge 0.01, m9x.xlarge 0.01"
)
PRICES = {f"ml.{kind}": float(usd) for kind, usd in map(str.split, _CARD.split(","))}


def machine(kind: str = "ml.m5.xlarge", volume_gb: int | None = 100) -> Machine:
    shape = instance_types.shape(kind)
    assert shape
    of: dict[str, Any] = {"instance_type": kind, "shape": shape, "kind": Kind.PROCESSING}
    return Machine(instance_count=1, volume_gb=volume_gb, **of)


def load(**changed: Any) -> Load:
    taken = Load(
        jobs=3,
        out_of_memory=0,
        cpu_mean=1,
        cpu_peak=2,
        memory_gb=4,
        memory_peak_gb=5,
        disk_peak_gb=9,
        run_s=100,
        longest_s=200,
    )
    return replace(taken, **changed)


def option(kind: str, cost_usd: float | None, **changed: Any) -> Option:
    shape = instance_types.shape(kind)
    assert shape
    known: dict[str, Any] = {"memory_free": 0.5, "run_s": 100.0, "longest_s": 200.0, **changed}
    return Option(instance_type=kind, cost_usd=cost_usd, **shape._asdict(), **known)


class TestLoad:
    JOBS = (job(minutes=10), job(minutes=20), job(minutes=60))
    MEASURED = (
        Usage(10, 1000, 180, 30, 10),
        Usage(10, 1500, 300, 50, 12),
        Usage(10, 4000, 390, 31, 9),
    )

    def test_is_what_a_usual_job_took_and_the_fullest(self) -> None:
        assert machines.load(machine(), self.JOBS, self.MEASURED) == Load(
            jobs=3,
            out_of_memory=0,
            cpu_mean=1.5,
            cpu_peak=3.9,
            memory_gb=0.31 * 16,
            memory_peak_gb=8,
            disk_peak_gb=12,
            run_s=1200,
            longest_s=3600,
        )

    def test_with_a_job_that_ran_out_of_something_is_all_of_it_measured_or_not(self) -> None:
        killed = [job(minutes=1, outcome=outcome) for outcome in ("out_of_memory", "disk_full")]
        taken = machines.load(machine(), [*self.JOBS, *killed], self.MEASURED)
        assert (taken.memory_peak_gb, taken.out_of_memory, taken.disk_peak_gb) == (16, 1, 100)
        assert (taken.run_s, taken.longest_s) == (1200, 3600)

    def test_takes_as_long_as_one_that_was_stopped_for_its_time(self) -> None:
        late = job(minutes=90, outcome="timed_out")
        taken = machines.load(machine(), [*self.JOBS, late], self.MEASURED)
        assert (taken.run_s, taken.longest_s) == (1200, 5400)

    def test_of_a_volume_that_nobody_knows_has_no_disk(self) -> None:
        assert machines.load(machine(volume_gb=None), self.JOBS, self.MEASURED).disk_peak_gb is None


class TestCandidates:
    def test_are_the_next_of_the_family_and_the_cheapest_of_each_other_shape(self) -> None:
        assert machines.candidates(machine(), PRICES) == {
            "ml.m5.large": (2, 8),
            "ml.m5.2xlarge": (8, 32),
            "ml.m7i.xlarge": (4, 16),  # the same, and cheaper
            "ml.c6i.xlarge": (4, 8),  # as cheap as c5, and newer
            "ml.r5.large": (2, 16),
            "ml.r5.xlarge": (4, 32),
            "ml.c5.2xlarge": (8, 16),
        }

    def test_have_no_other_of_the_same_shape_that_is_not_cheaper(self) -> None:
        prices = {"ml.m5.xlarge": 0.2, "ml.m6i.xlarge": 0.2}
        assert machines.candidates(machine(), prices).keys() == {"ml.m5.large", "ml.m5.2xlarge"}

    def test_without_prices_are_those_of_the_family(self) -> None:
        assert [*machines.candidates(machine(), {})] == ["ml.m5.large", "ml.m5.2xlarge"]
        assert [*machines.candidates(machine("ml.t3.medium"), {})] == ["ml.t3.large"]

    def test_hold_the_volume(self) -> None:
        prices = {"ml.r5d.large": 0.1}
        assert "ml.r5d.large" in machines.candidates(machine(volume_gb=75), prices)
        assert "ml.r5d.large" not in machines.candidates(machine(volume_gb=76), prices)


class TestSlowdown:
    @pytest.mark.parametrize(
        ("mean", "peak", "then", "expected"),
        [
            (1.0, 1.9, 2, 1),  # it never needs more than there is
            (1.0, 1.0, 8, 1),  # more than it takes is of no use
            (4.0, 4.0, 2, 2),  # half of the processors for twice as long
            (4.0, 4.0, 8, 0.5),
            (2.0, 4.0, 2, 1.5),  # half of its time it takes all
            (2.0, 4.0, 8, 0.75),
            (1.5, 3.0, 2, 1.25),  # a peak that was not all: less, and no more
            (1.5, 3.0, 8, 1),
            (0.0, 0.0, 2, 1),
        ],
    )
    def test_is_of_the_time_in_which_the_processors_are_the_limit(
        self, mean: float, peak: float, then: int, expected: float
    ) -> None:
        taken = load(cpu_mean=mean, cpu_peak=peak)
        assert machines.slowdown(taken, 4, then) == pytest.approx(expected)


def test_an_option_costs_what_its_longer_run_does(monkeypatch: pytest.MonkeyPatch) -> None:
    prices = {"storage_gb_month": 0.73, "hourly": {"ml.m5.large": 0.36}}
    monkeypatch.setattr("pipeline.cost._CARDS", {"eu-central-1": {"Processing": prices}})
    taken, shape = load(cpu_mean=4, cpu_peak=4), instance_types.Shape(2, 8)
    found = machines.option("eu-central-1", machine(), taken, "ml.m5.large", shape)
    assert (found.run_s, found.longest_s) == (200, 400)
    assert found.memory_free == pytest.approx(3 / 8)
    assert found.cost_usd == pytest.approx((0.36 + 100 * 0.001) * 200 / 3600)


class TestChoice:
    NOW = option("ml.m5.xlarge", 1.0)

    @pytest.mark.parametrize(
        ("other", "chosen"),
        [
            (option("ml.m5.large", 0.5, memory_free=0.2), True),
            (option("ml.m5.large", 0.5, memory_free=0.19), False),
            (option("ml.m5.large", 0.91), False),  # too little saved
            (option("ml.m5.large", 0.5, longest_s=301), False),  # it would be stopped
            (option("ml.m5.large", None), True),
            (option("ml.c5.xlarge", None), False),  # nobody knows whether it is cheaper
        ],
    )
    def test_is_cheaper_with_memory_and_time_to_spare(self, other: Option, chosen: bool) -> None:
        assert machines.choose(self.NOW, [other], 300) == (other if chosen else None)

    def test_is_the_cheapest(self) -> None:
        others = [option("ml.m5.large", 0.5), option("ml.r5.large", 0.4), option("ml.c5.xlarge", 9)]
        assert machines.choose(self.NOW, others, 300) == others[1]

    def test_has_more_memory_where_there_is_too_little(self) -> None:
        short = replace(self.NOW, memory_free=0.09)
        others = [option("ml.r5.large", 0.1), option("ml.m5.2xlarge", 2), option("ml.r5.xlarge", 3)]
        assert machines.choose(short, others, 300) == others[1]
        assert machines.choose(short, others[:1], 300) is None


@pytest.mark.parametrize(
    ("now_gb", "peak_gb", "wanted"),
    [(30, 0.1, 10), (10, 0.1, None), (30, 12, None), (100, 21, 50), (30, 26, 60), (100, 34, 70)],
)
def test_a_volume_is_twice_the_peak_where_that_is_much_less_or_it_is_full(
    now_gb: int, peak_gb: float, wanted: int | None
) -> None:
    assert machines.volume(now_gb, peak_gb) == wanted
