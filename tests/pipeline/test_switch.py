from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import switch
from pipeline.attempt import Attempt
from pipeline.switch import Switch, Switches
from tests.lambda_world import ENVIRONMENT, NOW, SLOT, World

HOME, OTHER = "eu-central-1", "eu-west-1"
TABLE = ENVIRONMENT["JOURNAL_TABLE"]
FIRST = Switch(OTHER, 1, NOW)
BACK = Switch(HOME, 2, NOW + timedelta(hours=5))


class TestRecord:
    def test_that_nobody_has_written_is_none(self, world: World) -> None:
        assert switch.read(world.client("dynamodb"), TABLE) is None

    def test_is_read_as_it_was_written(self, world: World) -> None:
        assert switch.write(world.client("dynamodb"), TABLE, FIRST) == FIRST
        assert switch.read(world.client("dynamodb"), TABLE) == FIRST

    def test_of_a_higher_term_replaces(self, world: World) -> None:
        switch.write(world.client("dynamodb"), TABLE, FIRST)
        assert switch.write(world.client("dynamodb"), TABLE, BACK) == BACK
        assert switch.read(world.client("dynamodb"), TABLE) == BACK

    @pytest.mark.parametrize("term", [1, 2])
    def test_stays_before_another_of_its_term_or_an_earlier_one(
        self, world: World, term: int
    ) -> None:
        switch.write(world.client("dynamodb"), TABLE, BACK)
        late = Switch(OTHER, term, NOW + timedelta(days=1))
        assert switch.write(world.client("dynamodb"), TABLE, late) == BACK
        assert switch.read(world.client("dynamodb"), TABLE) == BACK

    def test_is_none_of_any_schedule_and_does_not_expire(self, world: World) -> None:
        switch.write(world.client("dynamodb"), TABLE, FIRST)
        [item] = world.client("dynamodb").scan(TableName=TABLE)["Items"]
        assert "expires" not in item
        assert world.journal.recent("daily", SLOT - timedelta(days=9)) == []
        assert world.journal.entry(Attempt("daily", SLOT, 1)) is None

    def test_is_each_regions_own(self, world: World) -> None:
        world.make_journal(OTHER)
        there = world.client("dynamodb", OTHER)
        switch.write(there, TABLE, FIRST)
        assert switch.read(world.client("dynamodb"), TABLE) is None
        assert switch.read(there, TABLE) == FIRST


class TestNewest:
    def test_is_the_home_regions_term_0_before_anybody_has_decided(self) -> None:
        found = switch.newest(None, None, home=HOME)
        assert (found.region, found.term) == (HOME, 0)
        assert found.since < datetime(2000, 1, 1, tzinfo=UTC)

    def test_has_the_higher_term_whoever_tells_it(self) -> None:
        late = FIRST._replace(since=BACK.since + timedelta(days=1))
        assert switch.newest(late, BACK, home=HOME) == BACK
        assert switch.newest(BACK, late, home=HOME) == BACK
        assert switch.newest(None, FIRST, home=HOME) == FIRST

    @given(st.lists(st.builds(Switch, st.sampled_from([HOME, OTHER]), st.just(3), st.datetimes())))
    def test_is_the_same_in_both_regions(self, found: list[Switch]) -> None:
        assert switch.newest(*found, home=HOME) == switch.newest(*found[::-1], home=HOME)

    def test_says_who_runs_the_schedules_and_since_when_if_anybody_has_decided(self) -> None:
        assert str(FIRST) == "eu-west-1 runs the schedules since 2026-01-05T02:00:30Z"
        assert str(switch.newest(home=HOME)) == "eu-central-1 runs the schedules"


class TestSwitches:
    @pytest.fixture
    def both(self, world: World) -> Switches:
        world.make_journal(OTHER)
        there = world.client("dynamodb", OTHER)
        return Switches(world.client("dynamodb"), lambda: there, TABLE, HOME)

    def test_write_down_what_only_the_other_region_knew(self, both: Switches) -> None:
        switch.write(both.other(), TABLE, FIRST)
        assert both.current() == FIRST
        assert switch.read(both.own, TABLE) == FIRST

    def test_leave_a_record_that_is_ahead_to_its_region(self, both: Switches) -> None:
        switch.write(both.own, TABLE, FIRST)
        assert both.current() == FIRST
        assert switch.read(both.other(), TABLE) is None

    @pytest.mark.parametrize(
        ("lost", "region", "created", "given_up"),
        [
            (True, HOME, NOW - timedelta(seconds=1), True),
            (True, HOME, NOW, False),
            (True, OTHER, NOW - timedelta(seconds=1), False),
            (False, HOME, NOW - timedelta(seconds=1), False),
        ],
    )
    def test_give_up_what_a_region_had_begun_before_it_was_said_to_be_lost(
        self, both: Switches, lost: bool, region: str, created: datetime, given_up: bool
    ) -> None:
        switch.write(both.own, TABLE, FIRST._replace(lost=lost))
        assert both.gives_up(region, created) is given_up

    def test_are_read_consistently_and_written_only_where_one_is_behind(
        self, world: World, both: Switches
    ) -> None:
        for each in (both.own, both.other()):
            switch.write(each, TABLE, FIRST)
        world.requests.clear()
        assert both.current() == FIRST
        assert [name for name, _ in world.requests] == ["GetItem"] * 2
        assert all(each["ConsistentRead"] for each in world.asked("GetItem"))

    def test_are_asked_once_and_for_a_second_in_the_other_region(self) -> None:
        config: Any = SimpleNamespace(recovery_region=OTHER, journal_table=TABLE, home_region=HOME)
        own: Any = None
        found = switch.connect(boto3.Session(), own, config)
        assert found
        asked: Any = found.other().meta
        assert asked.region_name == OTHER
        assert (asked.config.connect_timeout, asked.config.read_timeout) == (1, 1)
        assert asked.config.retries["total_max_attempts"] == 1
