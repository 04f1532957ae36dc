"""One of two regions runs the schedules; an attempt that is the other's is skipped here."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from pipeline.attempt import Attempt, job_name
from tests.lambda_clients import REGION
from tests.lambda_world import ATTEMPT, NOW, PREFIX, SLOT, World
from tests.second_region import OTHER, decide, pair

SECOND = replace(ATTEMPT, number=2)
MARKER = "output/daily/2026/01/05/020000/_SUCCESS"
UNASKED = pytest.mark.parametrize("trigger", ["schedule", "retry"])


class TestWithoutASecondRegion:
    def test_nothing_is_asked_more_than_before(self, world: World) -> None:
        assert world.launch()["result"] == "started"
        assert world.asked("GetItem") == []

    def test_a_marker_keeps_no_slot_from_its_run(self, world: World) -> None:
        world.write(MARKER)
        assert world.launch()["result"] == "started"


class TestTheRegionThatRuns:
    def test_is_the_home_region_before_anybody_has_decided(self, world: World) -> None:
        pair(world)
        assert world.launch()["result"] == "started"

    def test_is_the_one_of_the_newer_record_wherever_that_is(self, world: World) -> None:
        pair(world)
        decide(world, OTHER)
        decide(world, REGION, 2, OTHER)
        assert world.launch()["result"] == "started"

    @UNASKED
    def test_leaves_what_was_due_before_it_took_over_to_the_failover(
        self, world: World, trigger: str
    ) -> None:
        pair(world)
        since = decide(world, REGION).since
        late = Attempt("daily", since - timedelta(seconds=1), 1)
        answer = world.launch(late, trigger)
        assert answer["result"] == "skipped"
        assert answer["reason"].startswith("Standby: it was due before eu-central-1 runs")
        assert world.launch(replace(late, slot=since), trigger)["result"] != "skipped"
        assert world.launch(replace(late, number=2), "operator")["result"] != "skipped"

    def test_asks_two_records_and_one_marker_more_and_no_more(self, world: World) -> None:
        world.launch()
        before = Counter(name for name, _ in world.requests)
        pair(world)
        world.upload("input/2026/01/04/a.csv")
        world.launch(Attempt("daily", SLOT - timedelta(days=1), 1))
        more = Counter(name for name, _ in world.requests) - before
        assert more == {"GetItem": 2, "ListObjectsV2": 1}


class TestTheOtherRegion:
    @UNASKED
    @pytest.mark.parametrize("told", [[REGION], [OTHER], [REGION, OTHER]])
    def test_skips_what_nobody_asked_for_and_says_who_runs_it(
        self, world: World, trigger: str, told: list[str]
    ) -> None:
        pair(world)
        decide(world, OTHER, 1, *told)
        answer = world.launch(trigger=trigger)
        assert (answer["result"], answer["reason"]) == (
            "skipped",
            "Standby: eu-west-1 runs the schedules since 2026-01-04T14:00:30Z",
        )
        assert world.asked("CreateProcessingJob") == []

    @UNASKED
    def test_is_the_pilot_light_before_anybody_has_decided(
        self, world: World, trigger: str
    ) -> None:
        pair(world, home=False)
        assert world.launch(trigger=trigger)["reason"] == "Standby: eu-west-1 runs the schedules"

    def test_runs_what_an_operator_asks_for(self, world: World) -> None:
        pair(world, home=False)
        assert world.launch(trigger="operator")["result"] == "started"
        assert world.asked("GetItem") == [], "nor does it ask anybody"

    def test_runs_a_slot_that_it_has_skipped_as_the_next_attempt(self, world: World) -> None:
        pair(world, home=False)
        world.launch()
        world.deliver()
        decide(world, REGION)
        assert world.launch()["result"] == "skipped", "the first decision stays"
        assert world.launch(SECOND, "operator")["result"] == "started"

    def test_skips_before_it_looks_at_anything_else(self, world: World) -> None:
        pair(world, home=False)
        world.errors["ListObjectsV2"] = [("AccessDenied", "no")]
        world.configure(
            recovery={"region": OTHER, "of": "home"},
            schedules={
                "daily": {"expression": "rate(1 hour)", "start_deadline_seconds": 60},
            },
        )
        world.now += timedelta(hours=1)
        assert world.launch()["reason"].startswith("Standby: ")

    def test_tells_nobody_what_it_skips_each_night_and_counts_it(self, world: World) -> None:
        pair(world, home=False)
        world.launch()
        assert world.deliver() == ["skipped"]
        assert world.messages() == []
        assert world.metrics() == [{"schedule": "daily", "SlotsSkipped": 1, "EstimatedCost": 0.0}]

    def test_lets_end_what_was_under_way_and_skips_and_tells_its_next_attempt(
        self, world: World
    ) -> None:
        pair(world)
        world.launch()
        decide(world, OTHER)
        assert world.observe(world.fail(reason="CapacityError: no")) == "capacity"
        assert world.fire()["reason"].startswith("Standby: eu-west-1")
        assert world.deliver() == ["skipped"]
        [(subject, text)] = world.messages()
        assert "skipped" in subject
        assert "Standby: eu-west-1 runs the schedules since" in text


class TestARegionThatDoesNotAnswer:
    @pytest.mark.parametrize("home", [True, False])
    def test_leaves_the_own_record_standing_and_the_log_says_so(
        self, world: World, caplog: pytest.LogCaptureFixture, *, home: bool
    ) -> None:
        pair(world, home=home)
        world.lost_regions.add(OTHER)
        assert world.launch()["result"] == ("started" if home else "skipped")
        [said] = [each for each in caplog.records if each.name == "pipeline.switch"]
        assert said.levelno == logging.WARNING
        assert "the other region's switch cannot be read, the own stands: " in said.message
        assert "eu-west-1" in said.message

    def test_does_not_take_back_what_was_decided(self, world: World) -> None:
        pair(world, home=False)
        decide(world, REGION, 1, REGION)
        world.lost_regions.add(OTHER)
        assert world.launch()["result"] == "started"

    def test_is_one_that_refuses_or_has_no_journal_too(self, world: World) -> None:
        pair(world)
        world.client("dynamodb", OTHER).delete_table(TableName=f"{PREFIX}-journal")
        assert world.launch()["result"] == "started"

    @pytest.mark.parametrize(
        "record",
        [
            {"term": {"N": "7"}},
            {"region": {"S": OTHER}, "term": {"S": "7"}, "since": {"S": "2026-01-04T14:00:30Z"}},
            {"region": {"S": OTHER}, "term": {"N": "7"}, "since": {"S": "yesterday"}},
            {"region": {"S": OTHER}, "term": {"N": "7"}, "since": {"S": "2026-01-04T14:00:30"}},
            {"region": {"S": OTHER}, "term": {"N": "7.5"}, "since": {"S": "2026-01-04T14:00:30Z"}},
        ],
        ids=range(5),
    )
    def test_is_one_whose_record_is_no_decision_too(
        self, world: World, record: dict[str, Any]
    ) -> None:
        pair(world)
        key = {"schedule": {"S": "-"}, "attempt": {"S": "switch"}}
        table = f"{PREFIX}-journal"
        world.client("dynamodb", OTHER).put_item(TableName=table, Item={**key, **record})
        assert world.launch()["result"] == "started"

    def test_is_no_excuse_where_it_is_the_own(self, world: World) -> None:
        pair(world)
        world.lost_regions.add(REGION)
        with pytest.raises(Exception, match="Connect timeout"):
            world.launch()
        world.lost_regions.clear()
        world.errors["GetItem"] = [("ProvisionedThroughputExceededException", "slow")]
        with pytest.raises(ClientError, match="slow"):
            world.launch()
        assert world.launch()["result"] == "started", "whose event Lambda delivers again"


class TestASlotWithItsMarker:
    @pytest.fixture(autouse=True)
    def marked(self, world: World) -> None:
        pair(world)
        world.write(MARKER)

    @UNASKED
    def test_is_not_paid_again_unasked_and_nobody_is_told(self, world: World, trigger: str) -> None:
        answer = world.launch(trigger=trigger)
        assert answer["result"] == "skipped"
        assert answer["reason"] == f"Successful: there is s3://out-bucket/{MARKER}"
        assert world.deliver() == ["skipped"]
        assert world.messages() == []
        assert MARKER in world.output()

    def test_is_run_again_for_an_operator(self, world: World) -> None:
        assert world.launch(SECOND, "operator")["result"] == "started"

    def test_of_another_slot_says_nothing(self, world: World) -> None:
        world.configure(recovery={"region": OTHER}, input={"when_empty": "run"})
        assert world.launch(Attempt("daily", SLOT + timedelta(days=1), 1))["result"] == "started"


class TestAFollower:
    NEXT = Attempt("load", SLOT, 1)
    FOLLOWED = Attempt("daily", SLOT, 1)

    @pytest.fixture(autouse=True)
    def follows(self, world: World) -> None:
        pair(world)
        self.configure(world)

    @staticmethod
    def configure(world: World, **recovery: Any) -> None:
        when = {"expression": "cron(0 3 * * ? *)", "timezone": "Europe/Berlin"}
        followed = {**when, "input": {"output_of": "daily"}}
        world.configure(
            schedules={"daily": when, "load": followed}, recovery={"region": OTHER, **recovery}
        )

    def run_followed(self, world: World, *names: str) -> None:
        """Let the followed slot be run by the other region, and replicated as it is."""
        world.sagemaker.add(job_name(PREFIX, self.FOLLOWED))
        world.now += timedelta(minutes=11)
        for name in names:
            world.write(f"output/daily/2026/01/05/020000/{name}")
        world.observe(world.sagemaker.end(job_name(PREFIX, self.FOLLOWED), "Completed"))

    def test_starts_once_the_whole_of_the_followed_slot_is_here(self, world: World) -> None:
        assert world.launch(self.NEXT)["reason"].startswith("waits for success of daily in the")
        self.run_followed(world, "a", "b")
        assert world.launch(self.NEXT, "retry")["result"] == "started"

    def test_waits_for_what_the_marker_lists_and_says_how_much(self, world: World) -> None:
        self.run_followed(world, "a", "b", "c")
        for name in ("a", "b"):
            key = f"output/daily/2026/01/05/020000/{name}"
            world.client("s3").delete_object(Bucket="out-bucket", Key=key)
        answer = world.launch(self.NEXT)
        assert answer["result"] == "waiting"
        assert (
            "success of daily in the same slot with all of its objects, of which 2 lack"
            in (answer["reason"])
        )

    def test_takes_a_marker_from_before_there_was_another_region_at_home_only(
        self, world: World
    ) -> None:
        world.write(MARKER, b'{"object_count": 1}')
        world.write("output/daily/2026/01/05/020000/a")
        self.configure(world, of="home")
        assert world.launch(self.NEXT, "operator")["reason"].startswith("PredecessorLate: ")
        self.configure(world)
        second = replace(self.NEXT, number=2)
        assert world.launch(second, "operator")["result"] == "started"

    def test_takes_no_marker_that_is_not_the_observers(self, world: World) -> None:
        world.write(MARKER, b"")
        world.write("output/daily/2026/01/05/020000/a")
        assert "of which some lack" in world.launch(self.NEXT)["reason"]

    def test_is_late_and_not_skipped_quietly_where_the_other_was_left_to_the_other_region(
        self, world: World
    ) -> None:
        decide(world, OTHER)
        world.launch(self.FOLLOWED)
        world.deliver()
        decide(world, REGION, 2)
        world.now = NOW + timedelta(hours=7)
        assert world.launch(self.NEXT)["reason"].startswith("PredecessorLate: ")
