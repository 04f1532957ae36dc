import io
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pipeline.attempt import Attempt, job_name, parse_slot
from pipeline.journal_items import Entry
from tests.ops.world import NOW, World

BUCKET = "processing-prod-output-123456789012-eu-central-1"
LINE = "backfill --schedule daily --from 2026-01-02 --to 2026-01-05 --parallel 2"
SHORT = LINE.replace("01-05", "01-03")
SLOTS = [f"2026-01-0{day}T03:00:00Z" for day in (2, 3, 4, 5)]

Json = dict[str, Any]


def name(slot: str, attempt: int = 1) -> str:
    return job_name("processing-prod", Attempt("daily", parse_slot(slot), attempt))


class Nights:
    """Jobs that run for ten seconds, after which the observer concludes them as a test says."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.started: list[tuple[str, int]] = []
        """Slot and attempt of each job."""
        self.most = 0
        """Jobs that ran at once."""
        self.ends: dict[str, list[Json]] = {}
        """Slot -> what the observer writes down of its attempts, one after the other."""
        self.answers: list[Callable[[Json], Json]] = []
        """What the launcher does with the next events, before it starts jobs again."""
        world.launcher = self.launch
        world.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
        )

    def launch(self, event: Json) -> Json:
        if self.answers:
            return self.answers.pop(0)(event)
        answer = self.world.launch(event)
        if answer["result"] == "started":
            self.run(event["slot"], event["attempt"])
        return answer

    def run(self, slot: str, attempt: int) -> None:
        """Let an attempt's job run from now on."""
        if name(slot, attempt) not in self.world.jobs:
            self.world.job(name(slot, attempt))
        self.started.append((slot, attempt))
        self.most = max(self.most, len(self.running))
        self.world.after(10, lambda: self.end(slot, attempt))

    def end(self, slot: str, attempt: int) -> None:
        found = self.ends.get(slot, [])
        known = found.pop(0) if found else {}
        status = known.get("status", "Completed")
        self.world.end(name(slot, attempt), status)
        job = self.world.jobs[name(slot, attempt)]
        ran = {"created": job["CreationTime"], "started": job["CreationTime"]}
        self.world.conclude(attempt, slot, ended=self.world.now, cost_usd=0.5, **ran, **known)
        if status == "Completed":
            self.mark(slot)

    def mark(self, slot: str) -> None:
        """Write a slot's success marker."""
        key = f"output/daily/{parse_slot(slot):%Y/%m/%d/%H%M%S}/_SUCCESS"
        self.world.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"{}")

    @property
    def running(self) -> list[str]:
        jobs = self.world.jobs.items()
        return [each for each, job in jobs if job["ProcessingJobStatus"] == "InProgress"]


@pytest.fixture
def nights(world: World, prices: None) -> Nights:
    del prices
    return Nights(world)


def failed(**known: Any) -> Json:
    return {"outcome": "script_failed", "status": "Failed", "exit_message": "bad row 7", **known}


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


class TestPlan:
    def test_finds_markers_where_the_prefix_names_the_slot_before_on_the_schedules_clock(
        self, world: World, nights: Nights, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        del nights
        prefix = "out/{schedule}/{previous_local:%F-%H}/"
        with (project / "Pulumi.prod.yaml").open("a") as file:
            file.write(f"  sagemaker-processing:output:\n    prefix: {prefix}\n")
        key = "out/daily/2026-01-01-04/_SUCCESS"
        world.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"{}")
        answer(monkeypatch, "n\n")
        assert "done  1," in world.ops(LINE)[1]

    def test_comes_first_with_slots_and_cost_and_starts_nothing_unless_a_person_agrees(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nights.mark(SLOTS[0])
        nights.run(SLOTS[1], 1)
        started: Json = {"started": NOW - timedelta(seconds=751), "ended": NOW}
        world.conclude(slot="2025-12-30T03:00:00Z", cost_usd=0.25, **started)
        answer(monkeypatch, "n\n")
        status, out, err = world.ops(LINE)
        assert status == 1
        assert "cron(0 4 * * ? *)  Europe/Berlin" in out
        for row in (
            "slots  4, Fri 02 Jan 04:00 to Mon 05 Jan 04:00",
            "done  1,",
            "under way  1 ",
            "to run  2, at most 2 at once",
            "cost at most  $0.40, if each takes its maximum of 1h 00m",
            "cost  $0.50, if each is like that of Tue 30 Dec 04:00, which took 12m 31s",
        ):
            assert row in out
        assert "Run 2 slots for at most $0.40? [y/N]" in err
        assert "Nothing was started" in err
        assert len(nights.started) == 1

    @pytest.mark.parametrize(("typed", "slots"), [("y\n", 2), ("", 0)])
    def test_asks_a_person_and_takes_nobody_for_a_no(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch, typed: str, slots: int
    ) -> None:
        answer(monkeypatch, typed)
        status, document = world.ops_json(SHORT)
        assert status == (0 if slots else 1)
        assert len(nights.started) == slots
        assert ("error" in document) == (not slots)

    def test_says_so_where_prices_are_not_known(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nights.mark(SLOTS[0])
        monkeypatch.setattr("pipeline.cost._CARDS", {})
        answer(monkeypatch, "n")
        _, out, err = world.ops(LINE)
        assert "cost at most  ?" in out
        assert "eu-central-1; get it: .venv/bin/python -m ops prices --stack prod\n" in out
        assert "Run 3 slots for a cost that is not known? [y/N]" in err

    def test_asks_nothing_where_nothing_is_to_be_started(
        self, world: World, nights: Nights
    ) -> None:
        for slot in SLOTS:
            nights.mark(slot)
        status, out, _ = world.ops(LINE)
        assert (status, nights.started) == (0, [])
        assert "Nothing to do" in out

    @pytest.mark.parametrize(
        ("days", "slots"),
        [
            ("--from 2026-01-06 --to 2026-12-31", ["2026-01-06T03:00:00Z", "2026-01-07T03:00:00Z"]),
            ("--from 2025-10-25 --to 2025-10-26", ["2025-10-25T02:00:00Z", "2025-10-26T03:00:00Z"]),
            ("--from 2026-01-05 --to 2026-01-05", ["2026-01-05T03:00:00Z"]),
        ],
    )
    def test_days_are_those_of_the_schedules_own_clock_until_now(
        self, world: World, nights: Nights, days: str, slots: list[str]
    ) -> None:
        status, document = world.ops_json(f"backfill --schedule daily {days} --yes")
        assert status == 0
        assert document["plan"]["slots"] == slots
        assert [slot for slot, _ in nights.started] == slots

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("daily --from 2026-01-06 --to 2026-01-05", "must not be the later one"),
            ("daily --from 2026-01-08 --to 2026-01-09", "has no slot of cron(0 4 * * ? *)"),
            ("hourly --from 2026-01-05 --to 2026-01-05", "run --schedule hourly --slot TIME"),
            ("weekly --from 2026-01-05 --to 2026-01-05", "stack prod has daily, hourly"),
            ("daily --from 2000-01-01 --to 2026-01-05", "more than 9,000 slots; take fewer days"),
        ],
    )
    def test_what_has_no_slots_is_refused_with_a_way_out(
        self, world: World, monkeypatch: pytest.MonkeyPatch, line: str, said: str
    ) -> None:
        monkeypatch.setattr("ops.backfill_plan.MOST_SLOTS", 9000)
        status, _, err = world.ops(f"backfill --schedule {line} --yes")
        assert status == 2
        assert said in err


class TestRun:
    def test_runs_what_has_no_marker_the_oldest_first_and_never_more_than_n_at_once(
        self, world: World, nights: Nights
    ) -> None:
        nights.mark(SLOTS[2])
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert nights.started == [(slot, 1) for slot in (*SLOTS[:2], *SLOTS[3:])]
        assert nights.most == 2
        assert [each["outcome"] for each in document["slots"]] == ["completed"] * 3
        assert document["plan"]["done"] == [SLOTS[2]]
        assert document["cost_usd"] == 1.5

    def test_tells_each_change_of_a_slot_once_and_sums_up(
        self, world: World, nights: Nights
    ) -> None:
        status, out, err = world.ops(f"{LINE} --yes")
        assert status == 0
        begin = "Fri 02 Jan 04:00  daily attempt 1: "
        told = [line.removeprefix(begin) for line in err.splitlines() if line.startswith(begin)]
        assert told == ["started", "waits for instance", "completed"]
        assert [line[:3] for line in out.splitlines() if " 10s " in line] == [
            *("Fri", "Sat", "Sun", "Mon")
        ]
        assert "4 completed; $2.00 (estimate)" in out
        assert nights.most == 2

    def test_a_failed_slot_is_told_and_the_others_go_on(self, world: World, nights: Nights) -> None:
        nights.ends[SLOTS[1]] = [failed()]
        status, out, _ = world.ops(f"{LINE} --yes")
        assert status == 1
        assert len(nights.started) == 4
        assert "bad row 7" in out
        assert "3 completed, 1 script_failed" in out
        assert f"python -m ops {LINE} --stack prod" in out

    def test_waits_for_the_attempt_that_the_observer_plans_and_starts_no_other_in_its_place(
        self, world: World, nights: Nights
    ) -> None:
        planned = NOW + timedelta(seconds=20)
        for slot in SLOTS[:2]:
            nights.ends[slot] = [failed(outcome="capacity", next_attempt_at=planned)]
            world.after(10, partial(self._plan, world, slot, planned))
            world.after(20, partial(nights.run, slot, 2))
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert nights.started[:4] == [(slot, number) for number in (1, 2) for slot in SLOTS[:2]]
        assert nights.most == 2
        assert [each["attempts"] for each in document["slots"]] == [2, 2, 1, 1]

    @staticmethod
    def _plan(world: World, slot: str, at: datetime) -> None:
        world.conclude(2, slot, planned_for=at, concluded_at=None, outcome=None, status=None)

    def test_a_slot_beyond_the_stacks_limit_waits_like_one_beyond_a_quota(
        self, world: World, nights: Nights
    ) -> None:
        def refuse(event: Json) -> Json:
            planned = world.now + timedelta(seconds=40)
            limit = {"outcome": "quota", "status": "Refused", "reason": "InstanceLimit: 1"}
            world.after(5, lambda: world.conclude(1, SLOTS[0], next_attempt_at=planned, **limit))
            world.after(40, lambda: nights.run(SLOTS[0], 2))
            return {**event, "job_name": name(SLOTS[0]), "result": "refused", **limit}

        nights.answers = [refuse]
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 0
        assert "daily attempt 1: refused" in err
        assert (SLOTS[0], 2) in nights.started
        assert nights.most == 1

    @pytest.mark.parametrize("seconds", [5, 15])
    def test_after_ctrl_c_the_same_command_goes_on_and_runs_nothing_twice(
        self, world: World, nights: Nights, seconds: int
    ) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        world.after(seconds, interrupt)
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 130
        assert f"To continue: .venv/bin/python -m ops {LINE} --stack prod" in err
        before = len(nights.started)
        assert nights.running
        world.sleep(5)
        assert len(nights.started) == before
        assert world.ops(f"{LINE} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS]
        assert nights.most == 2

    @pytest.mark.parametrize("attempt", [1, 2])
    def test_what_runs_or_is_planned_already_counts_and_is_not_started_again(
        self, world: World, nights: Nights, attempt: int
    ) -> None:
        if attempt == 2:
            world.conclude(1, SLOTS[2], **failed(outcome="capacity"))
        nights.run(SLOTS[2], attempt)
        planned = NOW + timedelta(seconds=40)
        self._plan(world, SLOTS[3], planned)
        world.after(40, lambda: nights.run(SLOTS[3], 2))
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 0
        assert len(document["plan"]["under_way"]) == 2
        assert sorted(nights.started) == sorted(
            [*((slot, 1) for slot in SLOTS[:2]), (SLOTS[2], attempt), (SLOTS[3], 2)]
        )
        assert nights.most == 1

    def test_a_slot_that_waits_is_followed_and_not_started(
        self, world: World, nights: Nights
    ) -> None:
        waiting = Attempt("daily", parse_slot(SLOTS[0]), 1)
        known = {"planned_for": NOW, "waiting_for": "object under s3://a/b/, until 09:00"}
        world.journal.write(Entry.of(waiting, name(SLOTS[0], 1), **known))
        world.after(60, lambda: nights.run(SLOTS[0], 1))
        status, _, err = world.ops(f"{SHORT} --yes")
        assert status == 0
        assert "daily attempt 1: waits for object under s3://a/b/, until 09:00" in err
        assert sorted(nights.started) == [(SLOTS[0], 1), (SLOTS[1], 1)]

    @pytest.mark.parametrize("end", [failed(), {"outcome": "skipped", "status": "Skipped"}])
    def test_a_slot_that_ended_without_a_marker_gets_its_next_attempt(
        self, world: World, nights: Nights, end: Json
    ) -> None:
        world.conclude(1, SLOTS[0], **end)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started[0] == (SLOTS[0], 2)

    def test_a_marker_that_is_there_when_its_turn_comes_is_taken(
        self, world: World, nights: Nights
    ) -> None:
        world.after(8, lambda: nights.mark(SLOTS[3]))
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 0
        assert [slot for slot, _ in nights.started] == SLOTS[:3]
        assert "successful meanwhile" in err


class TestErrors:
    def test_a_throttled_launcher_is_asked_again_later(self, world: World, nights: Nights) -> None:
        world.errors["Invoke"] = ("TooManyRequestsException", "Rate exceeded")
        world.after(15, world.errors.clear)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]

    def test_a_throttled_look_is_taken_again_later(self, world: World, nights: Nights) -> None:
        throttled = {"DescribeProcessingJob": ("ThrottlingException", "Rate exceeded")}
        world.after(5, lambda: world.errors.update(throttled))
        world.after(15, world.errors.clear)
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]
        assert nights.most == 2

    def test_what_is_throttled_for_good_is_not_waited_for_for_ever(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.backfill.GRACE", timedelta(seconds=20))
        world.errors["Invoke"] = ("TooManyRequestsException", "Rate exceeded")
        status, _, err = world.ops(f"{LINE} --yes")
        assert status == 1
        assert "TooManyRequestsException" in err
        assert timedelta(seconds=20) < world.now - NOW < timedelta(seconds=30)
        assert not nights.started

    def test_an_error_of_the_launcher_costs_its_slot_and_no_other(
        self, world: World, nights: Nights
    ) -> None:
        nights.answers = [lambda _: {"errorType": "NoticeError", "errorMessage": "no bus"}]
        status, out, _ = world.ops(f"{LINE} --yes")
        assert status == 1
        assert "processing-prod-launcher failed: NoticeError: no bus" in out
        assert nights.started == [(slot, 1) for slot in SLOTS[1:]]

    def test_a_launcher_that_died_after_it_started_the_job_is_no_reason_for_one_more(
        self, world: World, nights: Nights
    ) -> None:
        def die(event: Json) -> Json:
            nights.run(event["slot"], event["attempt"])
            return {"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out"}

        nights.answers = [die]
        assert world.ops(f"{SHORT} --yes")[0] == 0
        assert nights.started == [(slot, 1) for slot in SLOTS[:2]]
        assert nights.most == 2

    def test_a_dead_observer_costs_a_slot_its_patience_and_no_other_its_run(
        self, world: World, nights: Nights, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("ops.attempts.GRACE", timedelta(seconds=20))
        end = nights.end

        def lose(slot: str, attempt: int) -> None:
            if slot == SLOTS[0]:
                world.end(name(slot, attempt), "Completed")
            else:
                end(slot, attempt)

        monkeypatch.setattr(nights, "end", lose)
        status, document = world.ops_json(f"{LINE} --yes")
        assert status == 1
        first, *others = document["slots"]
        assert (first["slot"], first["outcome"]) == (SLOTS[0], None)
        assert "not yet concluded by the observer" in first["reason"]
        assert [each["outcome"] for each in others] == ["completed"] * 3
