"""Which machines an input gets: pure, for every legal setting and every input."""

import math
from collections.abc import Iterator
from itertools import count as numbers
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from components.settings import Settings
from launcher import sizing
from launcher.sizing import Counted, Machines, Until
from pipeline.contract import GB
from pipeline.schedule_config import JobConfig, SizeConfig
from tests.examples import share
from tests.launcher import strategies
from tests.launcher.test_job_request import config_of

unhurried = limits(
    max_examples=share(1 / 2),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LIMITS = {"ml.m5.large": 16384, "ml.r5d.large": 75, "ml.m5.4xlarge": 16384}


def job_of(settings: Settings) -> JobConfig:
    return next(iter(config_of(settings).schedules.values())).job


def size(top: float | None, *types: str, count: int = 1, volume: int | None = None) -> SizeConfig:
    return SizeConfig(top, list(types), list(types), count, volume)


def job(*sizes: SizeConfig) -> JobConfig:
    return JobConfig(
        sizes=list(sizes),
        cluster=False,
        capacity="on-demand",
        max_wait_seconds=120,
        max_runtime_seconds=60,
        arguments=[],
        environment={},
        volume_keys={},
        volume_limits=LIMITS,
    )


SMALL, LARGE = size(1, "ml.m5.large"), size(None, "ml.m5.4xlarge", count=4, volume=500)
TIERS = job(SMALL, size(10, "ml.r5d.large", volume=70), LARGE)


def chosen(of: JobConfig, counted: Counted, planned: str | None = None) -> Machines:
    found = sizing.choose(of, counted, planned)
    assert isinstance(found, Machines), found
    return found


def objects(*sizes: int) -> Iterator[dict[str, Any]]:
    return iter([{"Key": "k", "Size": each} for each in sizes])


class TestEveryInput:
    @unhurried
    @given(strategies.settings(), strategies.inputs())
    def test_gets_the_smallest_tier_that_fits(self, settings: Settings, counted: Counted) -> None:
        of = job_of(settings)
        assume(counted.complete)
        found = sizing.choose(of, counted, None)
        tops = [each.up_to_gb or math.inf for each in of.sizes]
        fitting = [index for index, top in enumerate(tops) if counted.bytes <= top * GB]
        if isinstance(found, str):
            assert not fitting or "whose volume has" in found
        else:
            assert found.alternatives == of.sizes[fitting[0]].instance_types

    @unhurried
    @given(strategies.settings(), strategies.inputs())
    def test_fits_on_its_volumes_and_its_largest_object_on_one(
        self, settings: Settings, counted: Counted
    ) -> None:
        of = job_of(settings)
        found = sizing.choose(of, counted, None)
        if isinstance(found, Machines):
            shares = 1 if of.cluster else found.instance_count
            assert found.volume_gb * shares * GB >= counted.bytes
            assert found.volume_gb * GB >= counted.largest

    @unhurried
    @given(strategies.settings(), strategies.inputs())
    def test_has_no_more_instances_than_objects(self, settings: Settings, counted: Counted) -> None:
        of = job_of(settings)
        found = sizing.choose(of, counted, None)
        alone = counted.complete and counted.objects and not of.cluster
        if isinstance(found, Machines) and alone:
            assert found.instance_count <= counted.objects

    @unhurried
    @given(strategies.settings(), st.lists(st.integers(0, 9000 * GB), max_size=30))
    def test_needs_no_more_of_the_list_than_decides(
        self, settings: Settings, listed: list[int]
    ) -> None:
        of = job_of(settings)
        early = sizing.choose(of, sizing.count(objects(*listed), sizing.enough(of)), None)
        whole = sizing.choose(of, sizing.count(objects(*listed), Until(math.inf, 0)), None)
        if isinstance(early, Machines) and isinstance(whole, Machines):
            same = ("instance_type", "instance_count", "volume_gb", "alternatives")
            assert [getattr(early, name) for name in same] == [
                getattr(whole, name) for name in same
            ]
        else:  # what is too large for a volume of the last tier may show only at the list's end
            assert isinstance(whole, str)


class TestVolume:
    @pytest.mark.parametrize(
        ("counted", "hosts", "volume"),
        [
            (Counted(1, 20 * GB, 20 * GB), 1, 70),
            (Counted(0, 0, 0), 1, 10),
            (Counted(4, 40 * GB, 10 * GB), 4, 40),
            (Counted(4, 40 * GB, 31 * GB), 4, 103),
            (Counted(5, 50 * GB, 10 * GB), 4, 70),
            (Counted(9, 9000 * GB, 9000 * GB, complete=False), 1, 16384),
        ],
    )
    def test_of_auto_is_three_times_what_one_instance_may_get_and_ten(
        self, counted: Counted, hosts: int, volume: int
    ) -> None:
        assert chosen(job(size(None, "ml.m5.large", count=hosts)), counted).volume_gb == volume

    def test_is_at_most_what_the_type_has_and_still_holds_the_input(self) -> None:
        assert chosen(job(size(None, "ml.r5d.large")), Counted(1, 60 * GB, 60 * GB)).volume_gb == 75
        said = sizing.choose(job(size(None, "ml.r5d.large")), Counted(1, 80 * GB, 80 * GB), None)
        assert said == (
            "InputTooLarge: 80.0 GB in 1 object, at least 80.0 GB of it on one instance, "
            "whose volume has 75 GB"
        )


class TestCount:
    def test_stops_when_the_largest_tier_is_certain(self) -> None:
        listed = objects(*[GB] * 1000)
        found = sizing.count(listed, sizing.enough(TIERS))
        assert (found.objects, found.complete, len(list(listed))) == (11, False, 989)

    def test_stops_when_the_input_is_certain_to_be_too_large(self) -> None:
        bounded = job(SMALL, size(10, "ml.m5.large"))
        listed = objects(*[GB] * 1000)
        found = sizing.count(listed, sizing.enough(bounded))
        assert found.objects == 11
        assert sizing.choose(bounded, found, None) == (
            "InputTooLarge: at least 11.0 GB in 11 objects, and the largest of job.sizes is up to "
            "10 GB"
        )

    def test_goes_on_until_it_is_known_that_each_instance_gets_an_object(self) -> None:
        assert sizing.count(objects(*[99 * GB] * 9), sizing.enough(TIERS)).objects == 4

    def test_without_sizes_is_of_one_object_for_each_instance(self) -> None:
        plain = job(size(None, "ml.m5.large", count=3, volume=30))
        assert sizing.count(objects(*[0] * 9), sizing.enough(plain)).objects == 3

    def test_ends_with_the_time_and_takes_the_largest_tier_then_and_says_so(self) -> None:
        clock = numbers(0.0, sizing.BUDGET_S / 5)
        found = sizing.count(objects(*[1] * 99), sizing.enough(TIERS), lambda: next(clock))
        machines = chosen(TIERS, found)
        assert machines.alternatives == LARGE.instance_types
        assert machines.reason == (
            "at least 0.0 MB in 6 objects after 20 s of listing: the largest size"
        )


class TestReason:
    @pytest.mark.parametrize(
        ("of", "counted", "reason"),
        [
            (TIERS, Counted(3, GB, 1), "1.0 GB in 3 objects: up to 1 GB"),
            (TIERS, Counted(9, 20 * GB, 2 * GB), "20.0 GB in 9 objects: the largest size"),
            (
                TIERS,
                Counted(2, 20 * GB, 10 * GB),
                "20.0 GB in 2 objects: the largest size - 2 of 4 instances for 2 objects",
            ),
            (
                TIERS,
                Counted(1, 20 * GB, 20 * GB),
                "20.0 GB in 1 object: the largest size - 1 of 4 instances for 1 object - cannot be "
                "shared out",
            ),
            (
                TIERS,
                Counted(9, 20 * GB, 15 * GB),
                "20.0 GB in 9 objects: the largest size - one object of 15.0 GB stays on one "
                "instance",
            ),
            (
                job(size(None, "ml.m5.large")),
                Counted(1, 1, 1),
                "0.0 MB in 1 object: volume by input",
            ),
            (job(size(None, "ml.m5.large", volume=30)), Counted(1, 1, 1), None),
        ],
    )
    def test_tells_input_and_choice(
        self, of: JobConfig, counted: Counted, reason: str | None
    ) -> None:
        assert chosen(of, counted).reason == reason


class TestPlannedType:
    def test_stays_if_it_is_of_the_chosen_size(self) -> None:
        of = job(size(None, "ml.m5.large", "ml.m5.4xlarge", volume=30))
        assert chosen(of, Counted(1, 1, 1), "ml.m5.4xlarge").instance_type == "ml.m5.4xlarge"

    def test_goes_where_the_input_has_grown_into_another_size(self) -> None:
        found = chosen(TIERS, Counted(9, 20 * GB, GB), "ml.m5.large")
        assert found.instance_type == "ml.m5.4xlarge"
