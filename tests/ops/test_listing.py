from datetime import timedelta
from typing import Any

import pytest

from pipeline.attempt import Attempt, parse_slot
from pipeline.journal_items import Entry
from tests.ops.clock import NOW
from tests.ops.world import NAME, SLOT, World

ATTEMPT = Attempt("daily", parse_slot(SLOT), 1)

RAN: dict[str, Any] = {
    "created": NOW,
    "started": NOW + timedelta(seconds=75),
    "ended": NOW + timedelta(seconds=75 + 3725),
    "instance_type": "ml.m5.xlarge",
    "instance_count": 2,
    "cost_usd": 0.25,
}
FAILED: dict[str, Any] = {
    "outcome": "script_failed",
    "status": "Failed",
    "exit_message": "bad row 7 in a.csv",
}


def row(out: str, begin: str) -> str:
    """Return the line of the table that begins so, with single spaces."""
    return " ".join(rows(out, begin)[0].split())


def note(out: str, begin: str) -> str:
    """Return what is said below the table of the slot whose line begins so."""
    _, line = rows(out, begin)
    return line.partition("  ")[2]


def rows(out: str, begin: str) -> list[str]:
    return [line.rstrip() for line in out.splitlines() if line.startswith(begin)]


class TestTable:
    def test_a_slot_is_shown_on_the_schedules_own_clock_with_all_that_it_took(
        self, world: World
    ) -> None:
        world.conclude(**RAN)
        status, out, _ = world.ops("list")
        assert status == 0
        assert "daily  Europe/Berlin" in out
        header = "slot outcome attempts duration waited instance cost"
        assert row(out, "slot") == header
        expected = "Mon 05 Jan 04:00 completed 1 1h 02m 1m 15s 2 x m5.xlarge $0.25"
        assert row(out, "Mon") == expected

    def test_a_slot_that_lacked_something_waited_from_its_time_on(self, world: World) -> None:
        started = parse_slot(SLOT) + timedelta(hours=2)
        began: dict[str, Any] = {"created": started, "started": started}
        world.conclude(**RAN | began, waiting_for="an object")
        assert "2h 00m" in row(world.ops("list")[1], "Mon")

    def test_a_slot_counts_all_its_attempts_and_their_cost_and_shows_the_last(
        self, world: World
    ) -> None:
        world.conclude(**RAN, outcome="out_of_memory")
        world.conclude(2, **RAN | {"instance_type": "ml.m5.2xlarge"})
        _, out, _ = world.ops("list")
        expected = "Mon 05 Jan 04:00 completed 2 1h 02m 1m 15s 2 x m5.2xlarge $0.50"
        assert row(out, "Mon") == expected

    def test_the_newest_slot_comes_first(self, world: World) -> None:
        for day in (5, 6, 4):
            world.conclude(slot=f"2026-01-0{day}T03:00:00Z")
        _, out, _ = world.ops("list")
        assert [line[:3] for line in out.splitlines() if line[4:5] == "0"] == ["Tue", "Mon", "Sun"]

    def test_a_failure_tells_its_reason_in_the_scripts_words(self, world: World) -> None:
        world.conclude(**FAILED, reason="AlgorithmError: exit code 1")
        _, out, _ = world.ops("list")
        assert note(out, "Mon") == "bad row 7 in a.csv"

    @pytest.mark.parametrize("columns", [80, 100, 140])
    def test_no_line_is_wider_than_the_terminal_and_no_reason_is_lost(
        self, world: World, monkeypatch: pytest.MonkeyPatch, columns: int
    ) -> None:
        monkeypatch.setenv("COLUMNS", str(columns))
        planned = NOW + timedelta(minutes=5)
        end: dict[str, Any] = {**RAN, "outcome": "internal_error", "next_attempt_at": planned}
        world.conclude(**end, reason="InternalServerError: " + "please retry " * 40)
        _, out, _ = world.ops("list")
        assert max(map(len, out.splitlines())) <= columns
        for text in (
            "internal_error",
            "next attempt Wed 07 Jan 13:05",
            "2 x m5.xlarge",
            "$0.25",
            "InternalServerError:",
        ):
            assert text in out

    def test_a_planned_attempt_is_shown_by_its_time_and_not_counted(self, world: World) -> None:
        planned = NOW + timedelta(minutes=5)
        world.conclude(outcome="capacity", status="Failed", next_attempt_at=planned)
        world.conclude(2, planned_for=planned, concluded_at=None, outcome=None, status=None)
        _, out, _ = world.ops("list")
        assert row(out, "Mon") == "Mon 05 Jan 04:00 capacity 1"
        assert note(out, "Mon") == "next attempt Wed 07 Jan 13:05"

    def test_a_reason_cannot_steer_the_terminal(self, world: World) -> None:
        world.conclude(outcome="script_failed", exit_message="\x1b[2Jgone [bold]x[/]")
        _, out, _ = world.ops("list")
        assert "\x1b" not in out
        assert "gone [bold]x[/]" in out

    def test_an_unpriced_attempt_shows_that_its_cost_is_not_known(self, world: World) -> None:
        unpriced: dict[str, Any] = {**RAN, "cost_usd": None}
        world.conclude(**unpriced)
        _, out, _ = world.ops("list")
        assert row(out, "Mon").endswith("m5.xlarge ?")

    def test_nothing_is_said_in_words(self, world: World) -> None:
        assert (
            "No failed slot since Sun 04 Jan 12:00 UTC." in world.ops("list --failed --days 3")[1]
        )


class TestSpot:
    SPOT: dict[str, Any] = {**RAN, "capacity": "spot", "on_demand_usd": 1.0}  # noqa: RUF012

    def test_is_named_with_what_it_saved(self, world: World) -> None:
        world.conclude(**self.SPOT)
        _, out, _ = world.ops("list")
        assert row(out, "Mon").endswith("2 x m5.xlarge on spot $0.25 (75 % less by spot)")

    def test_that_was_reclaimed_is_told_with_what_it_cost_on_top(self, world: World) -> None:
        world.conclude(**self.SPOT, outcome="spot_reclaimed")
        world.conclude(2, **RAN)
        _, out, _ = world.ops("list")
        assert row(out, "Mon").endswith("2 x m5.xlarge $0.50 (100 % more by spot)")
        assert note(out, "Mon").strip() == "1 spot_reclaimed → 2 completed"


class TestSize:
    WHY = "1.2 GB in 7 objects: up to 10 GB"

    def test_is_noted_with_its_reason(self, world: World) -> None:
        world.conclude(**RAN, sized_by=self.WHY)
        _, out, _ = world.ops("list")
        assert note(out, "Mon").strip() == self.WHY

    def test_of_a_job_that_runs_is_known_too(self, world: World) -> None:
        world.journal.write(Entry.of(ATTEMPT, NAME, sized_by=self.WHY, planned_for=NOW))
        world.job()
        _, [slot] = world.ops_json("list")
        assert (slot["sized_by"], slot["status"]) == (self.WHY, "InProgress")


class TestRunning:
    def test_a_job_is_shown_before_the_journal_knows_of_it(self, world: World) -> None:
        world.job(CreationTime=NOW - timedelta(seconds=90))
        _, out, _ = world.ops("list")
        assert row(out, "Mon") == "Mon 05 Jan 04:00 InProgress 1 1m 30s m5.xlarge"

    @pytest.mark.parametrize(
        ("selected", "shown"),
        [({}, ""), ({"SelectedInstanceType": "ml.m6i.large"}, " m6i.large")],
    )
    def test_a_choice_of_types_is_shown_by_the_one_that_sagemaker_selected(
        self, world: World, selected: dict[str, str], shown: str
    ) -> None:
        resources = {"ClusterConfig": {"VolumeSizeInGB": 1, **selected}}
        world.job(CreationTime=NOW - timedelta(seconds=90), ProcessingResources=resources)
        _, out, _ = world.ops("list")
        assert row(out, "Mon") == f"Mon 05 Jan 04:00 InProgress 1 1m 30s{shown}"

    def test_takes_the_place_of_the_attempt_before_it(self, world: World) -> None:
        world.conclude(**RAN)
        world.job(NAME[:-1] + "2", ProcessingStartTime=NOW - timedelta(seconds=5))
        status, [slot] = world.ops_json("list")
        assert status == 0
        assert (slot["status"], slot["outcome"], slot["attempts"]) == ("InProgress", None, 2)
        assert (slot["duration_seconds"], slot["cost_usd"]) == (5, 0.25)

    def test_jobs_of_a_stack_whose_name_holds_this_ones_are_not_shown(self, world: World) -> None:
        world.job("my-" + NAME)
        assert world.ops_json("list") == (0, [])

    def test_only_those_of_the_schedule_that_is_asked_for(self, world: World) -> None:
        world.job()
        assert world.ops_json("list --schedule hourly") == (0, [])
        assert len(world.ops_json("list --schedule daily")[1]) == 1


class TestChoice:
    def test_days_count_from_now(self, world: World) -> None:
        world.conclude()
        assert len(world.ops_json("list --days 3")[1]) == 1
        assert world.ops_json("list --days 2") == (0, [])

    def test_failed_leaves_out_what_went_as_intended(self, world: World) -> None:
        for hour, outcome in enumerate(["completed", "skipped", "stopped", "quota"]):
            world.conclude(slot=f"2026-01-06T0{hour}:00:00Z", schedule="hourly", outcome=outcome)
        _, slots = world.ops_json("list --failed")
        assert [slot["outcome"] for slot in slots] == ["quota"]

    def test_json_has_every_slot_newest_first_in_utc(self, world: World) -> None:
        world.conclude(**RAN)
        world.conclude(slot="2026-01-06T10:00:00Z", schedule="hourly")
        status, slots = world.ops_json("list")
        assert status == 0
        assert [slot["schedule"] for slot in slots] == ["hourly", "daily"]
        expected = {
            "schedule": "daily",
            "slot": "2026-01-05T03:00:00Z",
            "job_name": NAME,
            "status": "Completed",
            "outcome": "completed",
            "attempts": 1,
            "duration_seconds": 3725,
            "waited_seconds": 75,
            "instance_type": "ml.m5.xlarge",
            "instance_count": 2,
            "cost_usd": 0.25,
            "reason": None,
        }
        assert slots[1].items() >= expected.items()
