"""Whom a schedule may follow, and what may say that its input is complete."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from components.settings.waiting import circles, not_slots_of
from pipeline import cron
from pipeline.slots import Cron
from tests.components.settings.test_rules import problems
from tests.components.settings.test_settings import settings
from tests.examples import share

DAILY = {"expression": "cron(0 4 * * ? *)", "timezone": "Europe/Berlin"}
WEEKLY = {**DAILY, "expression": "cron(0 4 ? * MON *)"}


def refused(own: dict[str, Any], **others: dict[str, Any]) -> list[str]:
    """Return the problems of `load`, which is as `daily` but for its own keys."""
    schedules = {"daily": DAILY, "load": {**DAILY, **own}, **others}
    return problems(schedules=schedules)


@pytest.mark.parametrize(
    "own",
    [
        {"after": "daily"},
        {**WEEKLY, "after": "daily"},
        {"input": {"output_of": "daily"}},
        {"after": "daily", "input": {"output_of": "daily"}},
        {"expression": "at(2030-01-31T04:00:00)", "after": "daily"},
        {"input": {"when_empty": "wait", "ready": "_SUCCESS"}},
    ],
)
def test_what_may_be_waited_for(own: dict[str, Any]) -> None:
    assert refused(own) == []


def test_a_circle_is_told_once_and_not_by_its_waits() -> None:
    [told] = refused({"after": "other"}, other=DAILY | {"after": "load"})
    assert "load waits for itself" in told


@pytest.mark.parametrize(
    ("own", "others", "told"),
    [
        ({"after": "dayly"}, {}, "load.after dayly is no schedule; there are daily"),
        (
            {"after": "load"},
            {},
            "load waits for itself, by load -> load, so none of them would ever start; leave after "
            "out in one of them",
        ),
        (
            {"after": "other"},
            {"other": DAILY | {"after": "load", "input": {"wait_seconds": 300}}},
            "load waits for itself, by load -> other -> load",
        ),
        (
            {"after": "other"},
            {"other": {**DAILY, "suspend": True}},
            "load.after other is suspended, so no slot of load would start; set suspend of load",
        ),
        (
            {"after": "weekly"},
            {"weekly": WEEKLY},
            "on 2001-01-02 only the first has a slot; give both the same days, or the other more",
        ),
        ({"after": "daily", "expression": "cron(0 5 * * ? *)"}, {}, "the same time of day"),
        ({"after": "daily", "timezone": "UTC"}, {}, "set the same timezone for both"),
        ({"after": "daily", "expression": "rate(1 day)"}, {}, "write both as cron()"),
        (
            {"after": "other"},
            {"other": DAILY | {"input": {"when_empty": "wait"}}},
            "schedules.load.input.wait_seconds load waits 21600 s for other, which itself may wait "
            "21600 s before",
        ),
        (
            {"after": "other", "input": {"output_of": "daily"}},
            {"other": DAILY},
            "input.output_of daily is not other, which is named by schedules.load.after",
        ),
        (
            {"input": {"output_of": "daily", "prefix": "in/"}},
            {},
            "its prefix has no effect beside output_of",
        ),
        (
            {"input": {"ready": "_SUCCESS", "when_empty": "run"}},
            {},
            "load.input.ready _SUCCESS has no meaning where schedules.load.input.when_empty is run",
        ),
    ],
)
def test_what_may_not_is_refused_with_a_way_out(
    own: dict[str, Any], others: dict[str, Any], told: str
) -> None:
    found = refused(own, **others)
    assert any(told in line for line in found), found


@pytest.mark.parametrize(
    "waits",
    [
        {"input": {"when_empty": "wait", "wait_seconds": 7200}},
        {"job": {"capacity": "spot", "max_runtime_seconds": 3600}},
    ],
)
@pytest.mark.parametrize(("seconds", "count"), [(7799, 1), (7800, 0)])
def test_a_follower_is_asked_for_after_its_predecessor_has_waited(
    waits: dict[str, Any], seconds: int, count: int
) -> None:
    own = {"after": "other", "input": {"wait_seconds": seconds}}
    found = refused(own, other=DAILY | waits)
    assert len(found) == count
    assert all("set at least 7800 for load, or less for other" in each for each in found)


class TestWhatIsSetOfAWait:
    @pytest.mark.parametrize("field", [{"when_late": "skip"}, {"wait_seconds": 600}])
    def test_is_refused_where_nothing_waits(self, field: dict[str, Any]) -> None:
        [name] = field
        [told] = refused({"input": field})
        assert told.startswith(f"schedules.load.input.{name} has no effect, as nothing is waited")
        [told] = problems(input=field)
        assert told.startswith(f"input.{name} has no effect, as nothing is waited for")

    def test_may_stand_for_all_where_one_waits(self) -> None:
        load = {**DAILY, "after": "daily"}
        wait = {"input__wait_seconds": 600, "input__when_late": "skip"}
        assert problems(schedules={"daily": DAILY, "load": load}, **wait) == []


class TestAFollowersInput:
    def test_is_not_what_another_one_may_read(self) -> None:
        both = {"input": {"bucket": "lake", "prefix": "output/"}, "output": {"bucket": "lake"}}
        assert any("read what runs wrote" in each for each in refused(both))

    def test_leaves_the_stacks_own_input_alone(self) -> None:
        own = {"input": {"output_of": "daily"}}
        found = settings(input__bucket="lake", schedules={"daily": DAILY, "load": DAILY | own})
        assert found.schedules["load"].follows == "daily"


_FIELDS = [
    *(("0", "0,30"), ("4", "4,5", "*/2", "*")),
    *(("* * ?", "1 * ?", "1,15 * ?", "L * ?", "1W * ?", "? * MON", "? * MON-FRI", "? * 2#1"),),
    *(("*", "2026", "2026-2030"),),
]
_expressions = st.tuples(*map(st.sampled_from, _FIELDS)).map(lambda each: f"cron({' '.join(each)})")


@examples(max_examples=share(1))
@given(own=_expressions, theirs=_expressions)
def test_a_follower_that_is_accepted_has_no_slot_that_the_other_lacks(
    own: str, theirs: str
) -> None:
    one, other = cron.parse(own), cron.parse(theirs)
    assert isinstance(one, Cron)
    assert isinstance(other, Cron)
    zone, start = ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC)
    lacking = [
        slot
        for slot in islice(one.following(start, zone), 50)
        if other.previous(slot + timedelta(seconds=1), zone) != slot
    ]
    if not_slots_of(one, other) is None:
        assert not lacking
    if own == theirs:
        assert not_slots_of(one, other) is None


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef") | st.none()))
def test_each_circle_is_told_once(follows: dict[str, str | None]) -> None:
    def comes_back(name: str) -> bool:
        step = follows[name]
        for _ in follows:
            if step is None or step == name:
                break
            step = follows.get(step)
        return step == name

    told = list(circles(follows))
    for circle in told:
        assert circle[0] == circle[-1]
        assert all(follows[one] == other for one, other in pairwise(circle))
    on_circles = sorted(name for circle in told for name in circle[1:])
    assert on_circles == sorted(filter(comes_back, follows))
