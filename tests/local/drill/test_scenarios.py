"""The short form of the drill: the real program, functions and commands in two regions."""

import pytest

from local.drill import page
from local.drill.command_line import play
from local.drill.play import Played, SlotEnd, Word
from local.drill.scenarios import ALL
from local.drill.world import OTHER, Moment
from tests.conftest import ROOT

HOME = "eu-central-1"


def played(name: str) -> Played:
    [scenario] = [each for each in ALL if each.name == name]
    return play(scenario, ROOT, lambda _: None)


def test_a_slot_whose_marker_came_before_its_data_is_run_again_and_no_other() -> None:
    found = played("marker")
    assert found.problem is None
    assert [(slot.word, slot.jobs) for slot in found.slots] == [
        ("kept", [HOME]),
        ("kept", [HOME]),
        ("run again", [HOME, OTHER]),
        ("run there", [OTHER]),
        ("kept", [OTHER]),
    ]
    assert found.recovered_s
    assert [command for command, _ in found.said] == [f"ops failover --to {OTHER} --lost"]
    assert f"{OTHER} runs the schedules" in found.said[0][1]


def ended(*words: Word) -> Played:
    slots = [SlotEnd(f"day {number}", word, [HOME]) for number, word in enumerate(words)]
    moments = [
        Moment(0, HOME, "job", "<b> InProgress"),
        Moment(1, HOME, "lost", "it does not answer any more"),
        Moment(2, "operator", "begins", "ops failover"),
        Moment(4, "operator", "done", "ops failover"),
    ]
    return Played("A <b>", "about", moments, slots, recovered_s=3)


class TestWhatCameOfIt:
    def test_is_good_unless_a_slot_was_lost_or_run_twice(self) -> None:
        assert ended("kept", "run again", "run there").is_good
        assert not ended("kept", "lost").is_good
        assert not ended("run twice").is_good
        assert not Played("a", "b", problem="it hangs").is_good

    def test_is_a_page_that_says_so_first(self) -> None:
        good, bad = page.render([ended("kept")]), page.render([ended("kept", "lost")])
        assert "Nothing lost, nothing paid twice unasked" in good
        assert "Not well: A &lt;b&gt;" in bad

    @pytest.mark.parametrize(
        "mark", ["left: 0.0%; width: 100.0%", "left: 50.0%; width: 50.0%", "left: 25.0%"]
    )
    def test_is_a_picture_of_what_lasted_how_long(self, mark: str) -> None:
        assert mark in page.render([ended("kept")])
