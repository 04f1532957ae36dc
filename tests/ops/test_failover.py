"""How the schedules are moved to the other region."""

import builtins
from datetime import timedelta

import pytest

from ops.failover import LEAD
from pipeline.attempt import parse_slot
from pipeline.switch import Switch
from tests.ops.clock import NOW
from tests.ops.pairs import HOME, OTHER
from tests.ops.two_regions import DONE, FIRST, LAST, LINE, TwoRegions, fill

LOST = DONE._replace(lost=True)


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    def answered(*_: object) -> str:
        return text

    monkeypatch.setattr(builtins, "input", answered)


class TestSwitch:
    def test_stops_the_one_region_before_the_other_runs(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 0
        assert regions.calls[:2] == [(HOME, "UpdateItem"), (OTHER, "UpdateItem")]
        assert regions.home.switch == regions.other.switch == DONE
        assert f"{HOME} stands by, term 1" in err
        assert f"{OTHER} runs the schedules, term 1" in err

    def test_nothing_is_changed_before_a_person_agrees(
        self, regions: TwoRegions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answer(monkeypatch, "n")
        status, out, err = regions.ops(LINE)
        assert status == 1
        assert "switch  to eu-west-1, term 1" in out
        assert "to run  4 missing, 0 incomplete" in out
        assert "cost at most  $0.81" in out
        assert "Nothing was changed" in err
        assert not regions.calls
        answer(monkeypatch, "y")
        assert regions.ops(LINE)[0] == 0
        assert regions.other.switch == DONE

    def test_its_time_is_that_of_the_switch_however_long_a_person_thinks(
        self, regions: TwoRegions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fill(regions, FIRST, LAST)

        def thinks(*_: object) -> str:
            regions.now += timedelta(minutes=30)
            return "y"

        monkeypatch.setattr(builtins, "input", thinks)
        assert regions.ops(LINE)[0] == 0
        assert regions.other.switch
        assert regions.other.switch.since == NOW + timedelta(minutes=30) + LEAD

    def test_what_is_due_before_both_regions_have_it_is_run(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.now = parse_slot(LAST) - LEAD / 2
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.switch
        assert regions.other.switch.since == parse_slot(LAST) + LEAD / 2
        assert ("daily", LAST, 1) in regions.other.started

    def test_a_region_that_is_none_of_the_two_is_a_wrong_call(self, regions: TwoRegions) -> None:
        assert regions.ops("failover --to us-east-1 --yes")[0] == 2

    def test_what_somebody_else_decided_meanwhile_stands(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        decide = regions.home.decide
        regions.before["UpdateItem"] = lambda: decide(HOME, 1)
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert f"Somebody else has decided meanwhile: {HOME} runs the schedules" in err
        assert regions.other.switch is None

    def test_of_two_decisions_of_one_term_a_later_one_settles(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        regions.home.decide(HOME, 3, NOW - timedelta(hours=2))
        regions.other.decide(OTHER, 3, NOW - timedelta(hours=1))
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.home.switch == regions.other.switch == Switch(OTHER, 4, NOW + LEAD)


class TestSilence:
    def test_without_the_first_region_it_is_refused_with_the_way_out(
        self, regions: TwoRegions
    ) -> None:
        regions.lose(HOME)
        status, out, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "2 missing" in out
        assert f"{HOME} does not answer" in err
        assert f"ops {LINE} --days 2 --lost --stack prod" in err
        assert f"and be paid, twice, until {HOME} sees {OTHER} again" in err
        assert not regions.calls

    def test_without_it_nothing_is_run_after_the_switch_either(self, regions: TwoRegions) -> None:
        for each in (regions.home, regions.other):
            each.decide(OTHER, 1)
        regions.lose(HOME)
        assert regions.ops(f"{LINE} --yes")[0] == 1
        assert not regions.other.started

    def test_if_an_operator_says_that_it_is_lost_the_other_one_runs(
        self, regions: TwoRegions
    ) -> None:
        regions.lose(HOME)
        status, _, err = regions.ops(f"{LINE} --lost --yes")
        assert status == 0
        assert regions.home.switch is None
        assert regions.other.switch == LOST
        assert sorted(regions.other.started) == [
            (schedule, slot, 1) for schedule in ("daily", "load") for slot in (FIRST, LAST)
        ]
        assert f"{HOME} does not answer: it stops once it sees {OTHER}" in err

    @pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
    def test_of_one_that_is_said_to_be_lost_a_refusal_is_no_answer(
        self, regions: TwoRegions, operation: str
    ) -> None:
        regions.errors[HOME, operation] = ("ResourceNotFoundException", 400)
        regions.errors[OTHER, operation] = ("AccessDeniedException", 400)
        assert regions.ops(f"{LINE} --lost --yes")[0] == 1
        del regions.errors[OTHER, operation]
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "found no" in err
        assert regions.ops(f"{LINE} --lost --yes")[0] == 0
        assert regions.other.switch == LOST

    def test_one_that_is_said_to_be_lost_and_answers_is_stopped_all_the_same(
        self, regions: TwoRegions
    ) -> None:
        assert regions.ops(f"{LINE} --lost --yes")[0] == 0
        assert regions.home.switch == regions.other.switch == LOST

    def test_one_that_is_back_is_told_by_the_same_command(self, regions: TwoRegions) -> None:
        regions.lose(HOME)
        regions.ops(f"{LINE} --lost --yes")
        regions.silent.clear()
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.home.switch == LOST
        assert len(regions.other.started) == 4

    def test_a_region_that_does_not_answer_cannot_take_over(self, regions: TwoRegions) -> None:
        regions.lose(OTHER)
        status, _, err = regions.ops(f"{LINE} --lost --yes")
        assert status == 1
        assert f"{OTHER} does not answer, so it cannot take over" in err
        regions.lose(HOME)
        assert "Neither region answers: check network" in regions.ops(f"{LINE} --yes")[2]

    def test_one_that_falls_silent_before_its_own_record_is_to_be_asked_again(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST, LAST)
        regions.errors[OTHER, "UpdateItem"] = ("InternalServerError", 500)
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "Nothing runs until it does: repeat then" in err
        assert "--lost" not in err
        regions.errors.clear()
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.home.switch == regions.other.switch == DONE

    def test_one_that_falls_silent_while_it_is_waited_for_has_the_same_way_out(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST)
        regions.home.run("daily", LAST)
        regions.after(15, lambda: regions.lose(HOME))
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "--lost --stack prod" in err
        assert "Traceback" not in err


class TestInterrupted:
    @pytest.mark.parametrize("seconds", [5, 15])
    def test_the_same_command_goes_on_and_runs_nothing_twice(
        self, regions: TwoRegions, seconds: int
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        regions.after(seconds, interrupt)
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 130
        assert f"To continue: .venv/bin/python -m ops {LINE} --days 2 --stack prod" in err
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert len(regions.other.started) == len(set(regions.other.started)) == 4
        status, out, _ = regions.ops(LINE)
        assert status == 0
        assert "Nothing is to be done" in out
        assert len(regions.other.started) == 4

    @pytest.mark.parametrize("call", range(6))
    def test_at_whichever_request_it_ends(self, regions: TwoRegions, call: int) -> None:
        fill(regions, FIRST)
        regions.interrupt_at = call
        assert regions.ops(f"{LINE} --yes")[0] == 130
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.home.switch == regions.other.switch == DONE
        assert sorted(set(regions.other.started)) == sorted(regions.other.started)
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 1)]
        assert "Nothing is to be done" in regions.ops(LINE)[1]
