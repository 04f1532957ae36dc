"""What a region does with the slots that it takes over."""

from datetime import UTC, datetime, timedelta
from functools import partial

from pipeline.outcome import Outcome, State
from tests.ops.clock import NOW
from tests.ops.pairs import HOME, OTHER
from tests.ops.two_regions import FIRST, LAST, LINE, Json, TwoRegions, fill


class TestRuns:
    def test_what_is_missing_and_nothing_that_is_whole(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        status, document = regions.ops_json(f"{LINE} --yes")
        assert status == 0
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 1)]
        assert [each["outcome"] for each in document["slots"]] == ["completed"] * 2
        assert document["cost_usd"] == 1
        assert document["runs"]["region"] == OTHER

    def test_a_slot_after_the_one_that_it_follows(self, regions: TwoRegions) -> None:
        regions.ops(f"{LINE} --yes")
        for slot in (FIRST, LAST):
            daily, load = (regions.other.attempts(name, slot)[-1] for name in ("daily", "load"))
            assert daily.ended
            assert load.created
            assert daily.ended < load.created

    def test_what_stood_by_as_the_next_attempt(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        for schedule in ("daily", "load"):
            regions.other.stand_by(schedule, LAST)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 2), ("load", LAST, 2)]

    def test_what_is_about_to_be_noted_as_standing_by(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        for schedule in ("daily", "load"):
            regions.other.stand_by(schedule, LAST, concluded_at=None, outcome=None)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 2), ("load", LAST, 2)]

    def test_an_incomplete_slot_again_so_that_a_late_delivery_starts_nothing(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST, LAST)
        regions.other.put("daily", LAST, whole=False)
        regions.lose(HOME)
        status, out, _ = regions.ops(f"{LINE} --lost --yes")
        assert status == 0
        assert "to run  0 missing, 1 incomplete, which are replaced" in out
        assert regions.other.started == [("daily", LAST, 2)]
        assert regions.other.attempts("daily", LAST)[0].status == State.SKIPPED

    def test_what_came_due_during_the_switch(self, regions: TwoRegions) -> None:
        regions.now = datetime(2026, 1, 7, 2, 59, 59, tzinfo=UTC)
        fill(regions, "2026-01-05T03:00:00Z", FIRST)
        regions.before["UpdateItem"] = lambda: regions.sleep(2)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert ("daily", LAST, 1) in regions.other.started

    def test_no_marker_is_replaced_that_came_after_the_plan(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.lose(HOME)
        regions.before["Invoke"] = lambda: regions.other.put("load", LAST, whole=False)
        status, out, _ = regions.ops(f"{LINE} --lost --yes")
        assert status == 1
        assert regions.other.started == [("daily", LAST, 1)]
        assert "Its marker has come since, and not all that it lists: repeat the command" in out
        regions.ops(f"{LINE} --lost --yes")
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 2)]

    def test_beside_what_waits_here_for_it(self, regions: TwoRegions) -> None:
        fill(regions)
        waits: Json = {
            "waiting_for": "daily",
            "planned_for": NOW,
            "concluded_at": None,
            "ended": None,
        }
        for slot in (FIRST, LAST):
            regions.other.write("load", slot, outcome=None, status=None, **waits)
            regions.after(60, partial(regions.other.run, "load", slot))
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started[:2] == [("daily", FIRST, 1), ("daily", LAST, 1)]
        assert len(regions.other.started) == 4

    def test_what_failed_there_but_nothing_that_somebody_decided(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.home.write("daily", LAST, outcome=Outcome.INTERNAL_ERROR, status="Failed")
        regions.home.write("load", LAST, outcome=Outcome.STOPPED, status="Stopped")
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 1)]
        [decided] = regions.other.attempts("load", LAST)
        assert decided.outcome == Outcome.STOPPED

    def test_a_slot_that_fails_is_told_and_not_tried_again_by_the_next_command(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST)
        failed = {"outcome": "script_failed", "status": "Failed", "exit_message": "bad row"}
        regions.other.ends["daily", LAST] = failed
        status, out, _ = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "bad row" in out
        before = list(regions.other.started)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == before


class TestWaits:
    def test_for_what_runs_in_the_first_region_and_its_replica(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.home.run("daily", LAST)
        regions.after(40, lambda: regions.other.put("daily", LAST))
        status, out, err = regions.ops(f"{LINE} --yes")
        assert status == 0
        assert "1 that run in eu-central-1" in out
        assert f"completed in {HOME}, and its replica has not come" in err + out
        assert regions.other.started == [("load", LAST, 1)]
        assert regions.now - NOW >= timedelta(seconds=40)

    def test_what_fails_there_meanwhile_is_run_here(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.home.ends["daily", LAST] = {"outcome": "capacity", "status": "Failed"}
        regions.home.run("daily", LAST)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 1)]

    def test_what_a_launcher_there_is_about_to_start_is_not_started_here(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST)
        of = regions.home.attempt("daily", LAST)
        regions.home.journal.claim_launch(of, "name", "a launcher", NOW)
        regions.after(15, lambda: regions.home.run("daily", LAST))
        regions.after(60, lambda: regions.other.put("daily", LAST))
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("load", LAST, 1)]

    def test_not_for_what_is_only_planned_there_which_will_stand_by(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST)
        later = NOW + timedelta(hours=1)
        regions.home.write(
            "daily", LAST, outcome="capacity", status="Failed", next_attempt_at=later
        )
        planned = {"outcome": None, "status": None, "concluded_at": None, "planned_for": later}
        regions.home.write("daily", LAST, 2, **planned)
        assert regions.ops(f"{LINE} --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 1)]

    def test_replicas_that_do_not_come_are_not_waited_for_for_ever(
        self, regions: TwoRegions
    ) -> None:
        fill(regions, FIRST)
        regions.home.write("daily", LAST)
        status, _, err = regions.ops(f"{LINE} --yes")
        assert status == 1
        assert "1 slots of daily were completed in eu-central-1, and are not whole" in err
        assert "15 minutes later" in err
        assert timedelta(0) < regions.now - NOW - timedelta(minutes=15) < timedelta(minutes=1)
        assert "--lost --stack prod" in err
        assert not regions.other.started

    def test_and_are_run_again_if_an_operator_gives_them_up(self, regions: TwoRegions) -> None:
        fill(regions, FIRST)
        regions.home.write("daily", LAST)
        assert regions.ops(f"{LINE} --lost --yes")[0] == 0
        assert regions.other.started == [("daily", LAST, 1), ("load", LAST, 1)]

    def test_a_slot_that_is_whole_is_written_down_once(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        regions.home.run("daily", "2026-01-05T03:00:00Z")
        regions.other.put("load", "2026-01-05T03:00:00Z")
        regions.after(40, lambda: regions.other.put("daily", "2026-01-05T03:00:00Z"))
        _, document = regions.ops_json(f"{LINE} --days 3 --yes")
        assert document["recorded"] == 6


class TestJournal:
    def test_has_what_is_whole_as_if_it_had_run_here(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        regions.other.stand_by("daily", LAST)
        regions.other.put("load", LAST, attempt=3)
        status, document = regions.ops_json(f"{LINE} --yes")
        assert (status, document["recorded"]) == (0, 4)
        assert regions.other.outcomes("daily", LAST) == [(1, Outcome.COMPLETED)]
        assert regions.other.outcomes("load", LAST) == [(3, Outcome.COMPLETED)]
        [found] = regions.other.attempts("daily", LAST)
        assert (
            found.reason == "Ran in the other region, as processing-prod--daily-20260107T030000Z-1"
        )
        assert (found.success_marker or "").endswith("/daily/2026/01/07/030000/_SUCCESS")
        assert regions.other.journal.last_success("daily") == NOW
        assert "completed" in regions.ops("list", "prod-recovery")[1]
        assert regions.ops_json(f"{LINE} --yes")[1]["recorded"] == 0

    def test_keeps_what_the_region_ran_itself(self, regions: TwoRegions) -> None:
        fill(regions, FIRST, LAST)
        regions.other.write("daily", LAST, outcome="script_failed", status="Failed")
        regions.ops(f"{LINE} --yes")
        assert regions.other.outcomes("daily", LAST) == [(1, "script_failed"), (2, "completed")]
