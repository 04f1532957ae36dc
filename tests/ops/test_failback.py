"""How the schedules come back."""

import pytest

from tests.ops.clock import NOW
from tests.ops.pairs import HOME
from tests.ops.two_regions import DONE, FIRST, LAST, LINE, TwoRegions, fill


class TestFailback:
    @pytest.fixture
    def away(self, regions: TwoRegions) -> TwoRegions:
        """The other region has run the last slot while home was lost."""
        fill(regions, FIRST)
        regions.lose(HOME)
        regions.ops(f"{LINE} --lost --yes")
        regions.silent.clear()
        regions.home.put("daily", FIRST)
        regions.home.put("load", FIRST)
        regions.other.started.clear()
        return regions

    def test_waits_for_replicas_before_the_switch(self, away: TwoRegions) -> None:
        def arrive() -> None:
            assert away.home.switch is None
            away.home.put("daily", LAST)
            away.home.put("load", LAST)

        away.after(60, arrive)
        status, out, _ = away.ops("failback --yes")
        assert status == 0
        assert "2 replicas, before the switch" in out
        assert away.home.switch == away.other.switch
        assert (away.home.switch or DONE)[:2] == (HOME, 2)
        assert not away.home.started
        assert away.home.outcomes("daily", LAST) == [(1, "completed")]

    def test_is_refused_while_they_do_not_come(self, away: TwoRegions) -> None:
        status, _, err = away.ops("failback --yes")
        assert status == 1
        assert "were completed in eu-west-1, and are not whole in eu-central-1" in err
        assert "ops failback --days 2 --lost --stack prod" in err
        assert away.home.switch is None
        assert not away.home.started

    def test_runs_at_home_what_is_given_up(self, away: TwoRegions) -> None:
        assert away.ops("failback --lost --yes")[0] == 0
        assert sorted(away.home.started) == [("daily", LAST, 1), ("load", LAST, 1)]

    def test_a_region_that_runs_already_has_nothing_to_do(self, regions: TwoRegions) -> None:
        for schedule in ("daily", "load"):
            for slot in (FIRST, LAST):
                regions.home.put(schedule, slot)
                regions.home.write(schedule, slot)
        status, out, _ = regions.ops("failback")
        assert status == 0
        assert "Nothing is to be done" in out
        assert regions.home.switch is None

    def test_what_home_wrote_before_there_was_a_second_region_is_whole_at_home(
        self, regions: TwoRegions
    ) -> None:
        for schedule in ("daily", "load"):
            for slot in (FIRST, LAST):
                regions.home.put(schedule, slot, versions=False)
                regions.home.write(schedule, slot, started=NOW)
        assert "Nothing is to be done" in regions.ops("failback")[1]
