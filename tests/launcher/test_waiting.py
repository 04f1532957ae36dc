"""A slot that waits for its input or its predecessor, until it has it or is late."""

from datetime import timedelta
from typing import Any

import pytest

from pipeline.attempt import Attempt, job_name
from tests.lambda_world import PREFIX, SLOT, World

DAILY: dict[str, Any] = {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin"}
NEXT = Attempt("daily", SLOT + timedelta(days=1), 1)
NAME = job_name(PREFIX, NEXT)
PLACE = "input/2026/01/06/"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def waits(world: World) -> None:
    configure(world)


def configure(world: World, **given: Any) -> None:
    world.configure(schedules={"daily": DAILY}, input={"when_empty": "wait", **given})


def late(world: World, by: timedelta = 6 * HOUR) -> None:
    world.now = max(world.now, NEXT.slot + by)


class TestASlotWithoutInput:
    def test_waits_and_tells_nobody(self, world: World) -> None:
        answer = world.launch(NEXT)
        assert answer["result"] == "waiting"
        assert answer["reason"] == (
            f"waits for object under s3://in-bucket/{PLACE}, until 2026-01-06T08:00:00Z"
        )
        assert world.notices() == world.asked("CreateProcessingJob") == []

    def test_starts_as_the_same_attempt_once_the_input_is_there(self, world: World) -> None:
        world.launch(NEXT)
        world.upload(f"{PLACE}a.csv")
        assert world.launch(NEXT, "retry")["result"] == "started"
        assert list(world.sagemaker.jobs) == [NAME]

    def test_starts_with_input_after_its_wait_too(self, world: World) -> None:
        world.upload(f"{PLACE}a.csv")
        late(world)
        assert world.launch(NEXT, "retry")["result"] == "started"

    def test_fails_after_its_wait_and_says_for_what_and_how_long(self, world: World) -> None:
        world.launch(NEXT)
        late(world)
        assert world.launch(NEXT, "retry")["result"] == "refused"
        assert world.deliver() == ["empty_input"]
        [(_, text)] = world.messages()
        assert (
            f"EmptyInput: there is no object under s3://in-bucket/{PLACE}, after 6h 00m of waiting"
        ) in text

    def test_is_skipped_after_its_wait_where_it_is_to_be_and_nobody_is_told(
        self, world: World
    ) -> None:
        configure(world, when_late="skip", wait_seconds=600)
        late(world, timedelta(minutes=10))
        assert world.launch(NEXT)["result"] == "skipped"
        assert world.deliver() == ["skipped"]
        assert world.messages() == []

    def test_does_not_wait_for_an_operator(self, world: World) -> None:
        answer = world.launch(NEXT, "operator")
        assert answer["result"] == "refused"
        assert answer["reason"] == f"EmptyInput: there is no object under s3://in-bucket/{PLACE}"

    def test_is_not_late_for_its_start(self, world: World) -> None:
        schedule = {**DAILY, "start_deadline_seconds": 60}
        world.configure(schedules={"daily": schedule}, input={"when_empty": "wait"})
        world.launch(NEXT)
        late(world, HOUR)
        assert world.launch(NEXT, "retry")["result"] == "waiting"
        assert world.launch(NEXT)["result"] == "waiting"  # delivered once more

    def test_keeps_others_away_however_many_have_been_due_since(self, world: World) -> None:
        expression = {"expression": "cron(* * * * ? *)", "overlap": "Forbid"}
        world.configure(schedules={"daily": expression}, input={"when_empty": "wait"})
        world.launch(NEXT)
        since = [Attempt("daily", NEXT.slot + timedelta(minutes=by), 1) for by in range(1, 102)]
        for each in since[:-1]:
            world.journal.refuse(each, job_name(PREFIX, each), "Skipped", "Overlap: …", world.now)
        late(world, HOUR)
        world.launch(NEXT, "retry")
        assert world.launch(since[-1])["result"] == "skipped"

    @pytest.mark.parametrize(("overlap", "others"), [("Forbid", "Waiting"), ("Replace", "Skipped")])
    def test_counts_as_not_ended(self, world: World, overlap: str, others: str) -> None:
        expression = {"expression": "cron(0 * * * ? *)", "overlap": overlap}
        world.configure(schedules={"daily": expression}, input={"when_empty": "wait"})
        world.launch(NEXT)
        later = Attempt("daily", NEXT.slot + HOUR, 1)
        late(world, HOUR * 0.9)
        world.launch(NEXT, "retry")
        assert world.launch(later)["result"] == ("skipped" if overlap == "Forbid" else "waiting")
        assert world.launch(NEXT, "retry")["status"] == others


class TestReady:
    @pytest.fixture(autouse=True)
    def ready(self, world: World) -> None:
        configure(world, ready="_done/all.json")
        world.upload(f"{PLACE}a.csv")

    def test_is_waited_for_though_there_is_input(self, world: World) -> None:
        assert f"object s3://in-bucket/{PLACE}_done/all.json" in world.launch(NEXT)["reason"]
        world.upload(f"{PLACE}_done/all.json")
        assert world.launch(NEXT, "retry")["result"] == "started"

    def test_is_no_other_object_that_begins_like_it(self, world: World) -> None:
        world.upload(f"{PLACE}_done/all.json.part")
        assert world.launch(NEXT)["result"] == "waiting"

    def test_ends_as_not_ready_after_the_wait(self, world: World) -> None:
        late(world)
        world.launch(NEXT)
        assert world.deliver() == ["input_not_ready"]

    @pytest.mark.parametrize(("when_empty", "result"), [("fail", "refused"), ("skip", "skipped")])
    def test_is_missed_at_once_where_nothing_is_waited_for(
        self, world: World, when_empty: str, result: str
    ) -> None:
        configure(world, ready="_done/all.json", when_empty=when_empty)
        assert world.launch(NEXT)["result"] == result

    def test_is_no_input_and_alone_there_is_nothing_to_wait_for(self, world: World) -> None:
        world.client("s3").delete_object(Bucket="in-bucket", Key=f"{PLACE}a.csv")
        world.upload(f"{PLACE}_done/all.json")
        assert world.launch(NEXT)["reason"].startswith("EmptyInput")


class TestAFollower:
    OTHER = Attempt("extract", NEXT.slot, 1)
    MARKER = "output/extract/2026/01/06/020000/_SUCCESS"

    @pytest.fixture(autouse=True)
    def follows(self, world: World) -> None:
        self.configure(world, {"output_of": "extract"})

    @staticmethod
    def configure(world: World, of_input: dict[str, Any], **of_schedule: Any) -> None:
        own = {**DAILY, **of_schedule, "input": of_input}
        world.configure(schedules={"extract": DAILY, "daily": own}, input={"prefix": "input/"})

    def run_other(self, world: World, reason: str | None = None) -> None:
        world.launch(self.OTHER)
        world.write("output/extract/2026/01/06/020000/part-1")
        world.observe(world.fail(self.OTHER, reason) if reason else world.run(self.OTHER))

    def test_waits_until_the_same_slot_has_its_marker_and_reads_its_output(
        self, world: World
    ) -> None:
        assert "for success of extract in the same slot, until" in world.launch(NEXT)["reason"]
        self.run_other(world)
        assert world.launch(NEXT, "retry")["result"] == "started"
        [read] = world.asked("CreateProcessingJob")[-1]["ProcessingInputs"]
        assert read["S3Input"]["S3Uri"] == "s3://out-bucket/output/extract/2026/01/06/020000/"

    def test_is_not_kept_by_what_says_that_others_inputs_are_ready(self, world: World) -> None:
        schedules = {"extract": DAILY, "daily": {**DAILY, "input": {"output_of": "extract"}}}
        world.configure(schedules=schedules, input={"prefix": "input/", "ready": "done.json"})
        world.write("output/extract/2026/01/06/020000/part-1")
        world.write(self.MARKER)
        assert world.launch(NEXT)["result"] == "started"

    def test_does_not_count_the_marker_as_input(self, world: World) -> None:
        world.write(self.MARKER)
        assert world.launch(NEXT)["reason"].startswith("EmptyInput: there is no object under s3://")

    def test_may_read_something_else(self, world: World) -> None:
        self.configure(world, {}, after="extract")
        assert world.launch(NEXT)["result"] == "waiting"
        world.write(self.MARKER)
        world.launch(NEXT, "retry")
        [read] = world.asked("CreateProcessingJob")[-1]["ProcessingInputs"]
        assert read["S3Input"]["S3Uri"] == "s3://in-bucket/input/"

    def test_heals_by_a_replay_of_the_other_within_its_wait(self, world: World) -> None:
        self.run_other(world, "AlgorithmError: , exit code: 1")
        assert world.launch(NEXT)["result"] == "waiting"
        again = Attempt("extract", NEXT.slot, 2)
        world.launch(again, "operator")
        world.observe(world.run(again))
        assert world.launch(NEXT, "retry")["result"] == "started"

    @pytest.mark.parametrize("reason", ["AlgorithmError: , exit code: 1", None])
    def test_is_skipped_quietly_after_its_wait_if_the_other_failed_or_was_skipped(
        self, world: World, reason: str | None
    ) -> None:
        if reason:
            self.run_other(world, reason)
        else:
            name = job_name(PREFIX, self.OTHER)
            world.journal.refuse(self.OTHER, name, "Skipped", "Overlap: …", world.now)
        told = len(world.messages())
        late(world)
        answer = world.launch(NEXT, "retry")
        assert answer["result"] == "skipped"
        assert answer["reason"].startswith("Predecessor: there is no success of extract")
        assert world.deliver() == ["skipped"]
        assert len(world.messages()) == told
        assert world.failing_since() is None
        assert sum("JobsFailed" in each for each in world.metrics()) == told

    @pytest.mark.parametrize("runs", [True, False])
    def test_fails_after_its_wait_if_the_other_may_still_succeed(
        self, world: World, *, runs: bool
    ) -> None:
        if runs:
            world.launch(self.OTHER)
        late(world)
        assert world.launch(NEXT, "retry")["result"] == "refused"
        assert world.deliver() == ["predecessor_late"]

    def test_is_late_while_the_other_has_an_attempt_to_come(self, world: World) -> None:
        self.run_other(world, "CapacityError: no")
        late(world)
        assert world.launch(NEXT, "retry")["reason"].startswith("PredecessorLate")

    def test_is_named_with_its_replay_where_the_other_fails(self, world: World) -> None:
        weekly = {**DAILY, "expression": "cron(0 3 ? * MON *)", "after": "extract"}
        resting = {**DAILY, "suspend": True, "after": "extract"}
        own = {**DAILY, "after": "extract"}
        schedules = {"extract": DAILY, "daily": own, "weekly": weekly, "resting": resting}
        world.configure(schedules=schedules, input={"prefix": "input/"})
        self.run_other(world, "AlgorithmError: , exit code: 1")
        [(_, text)] = world.messages()
        assert (
            "daily waits for that until Tue 06 Jan 2026 09:00; later replay it, too:\n"
            ".venv/bin/python -m ops replay --stack test --schedule daily "
            "--slot 2026-01-06T02:00:00Z\n"
        ) in text
        assert "weekly" not in text
        assert "resting" not in text
