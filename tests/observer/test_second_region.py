"""What the observer writes and watches where there are two regions."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

import pytest

from observer import success_marker
from pipeline import replica, switch
from pipeline.attempt import Attempt, job_name
from pipeline.prefix import Prefix
from pipeline.switch import Switch
from tests.lambda_clients import REGION
from tests.lambda_world import ATTEMPT, NAME, NOW, PREFIX, SLOT, World
from tests.second_region import OTHER, decide, pair

PLACE = Prefix("out-bucket", "output/daily/2026/01/05/020000/")
DAY = timedelta(days=1)


def version_of(world: World, name: str) -> str:
    head = world.client("s3").head_object(Bucket=PLACE.bucket, Key=PLACE.key + name)
    return head["VersionId"]


def completes(world: World, *names: str) -> dict[str, Any]:
    """Let the attempt write these twice and complete; return its marker."""
    world.sagemaker.add(NAME)
    world.now += timedelta(minutes=11)
    for name in names:
        world.write(PLACE.key + name, b"first")
        world.now += timedelta(seconds=1)
        world.write(PLACE.key + name, b"at last")
    world.observe(world.sagemaker.end(NAME, "Completed"))
    return world.marker()


class TestMarker:
    @pytest.fixture(autouse=True)
    def versioned(self, world: World) -> None:
        pair(world)
        enabled: Any = {"Status": "Enabled"}
        world.client("s3").put_bucket_versioning(
            Bucket=PLACE.bucket, VersioningConfiguration=enabled
        )
        world.requests.clear()

    def test_names_the_current_version_of_each_object_and_their_hash(self, world: World) -> None:
        marker = completes(world, "b", "a")
        versions = {PLACE.key + name: version_of(world, name) for name in "ab"}
        assert {each["key"]: each["version"] for each in marker["objects"]} == versions
        assert [each["size"] for each in marker["objects"]] == [7, 7]
        lines = "".join(f"{key}\0{version}\n" for key, version in versions.items())
        assert marker["versions_sha256"] == hashlib.sha256(lines.encode()).hexdigest()

    @pytest.mark.parametrize("most", [1, 2, 9])
    def test_is_whole_where_it_was_written_until_an_object_of_it_changes(
        self, world: World, monkeypatch: pytest.MonkeyPatch, most: int
    ) -> None:
        monkeypatch.setattr(success_marker, "LISTED", most)
        world.now -= DAY
        world.write(f"{PLACE.key}stale")
        world.now += DAY
        assert completes(world, "a", "b")["truncated"] == (most < 2)
        assert replica.look(PLACE, world.client("s3")).state == "whole"
        world.now += timedelta(hours=1)
        world.write(f"{PLACE.key}b", b"other")
        assert replica.look(PLACE, world.client("s3")).state == "incomplete"

    def test_leaves_out_what_was_deleted(self, world: World) -> None:
        world.sagemaker.add(NAME)
        world.now += timedelta(minutes=11)
        for name in "ab":
            world.write(PLACE.key + name)
        world.client("s3").delete_object(Bucket=PLACE.bucket, Key=f"{PLACE.key}a")
        world.observe(world.sagemaker.end(NAME, "Completed"))
        assert [each["key"] for each in world.marker()["objects"]] == [f"{PLACE.key}b"]

    def test_without_any_object_has_their_hash_too(self, world: World) -> None:
        assert completes(world)["versions_sha256"] == hashlib.sha256().hexdigest()
        assert replica.look(PLACE, world.client("s3")).state == "whole"

    def test_takes_as_many_calls_as_without_a_second_region(self, world: World) -> None:
        completes(world, "a")
        asked = [name for name, _ in world.requests if name.startswith("List")]
        assert sorted(asked) == ["ListObjectVersions", "ListObjectsV2", "ListProcessingJobs"]
        assert len(world.asked("GetItem")) == 3, "of the attempt, and who runs by both records"

    def test_is_not_written_or_taken_away_for_a_job_that_was_given_up_with_its_region(
        self, world: World
    ) -> None:
        world.write(PLACE.marker, b"of the other region")
        world.sagemaker.add(NAME)
        world.now += timedelta(minutes=11)
        world.write(f"{PLACE.key}a")
        table = world.observer_config.journal_table
        switch.write(world.client("dynamodb", OTHER), table, Switch(OTHER, 1, world.now, lost=True))
        world.observe(world.sagemaker.end(NAME, "Completed"))
        entry = world.journal.entry(ATTEMPT)
        assert entry
        assert (entry.outcome, entry.success_marker) == ("completed", None)
        assert entry.reason == "GivenUp: its region was said to be lost"
        found = world.client("s3").get_object(Bucket=PLACE.bucket, Key=PLACE.marker)
        assert found["Body"].read() == b"of the other region"

    def test_of_a_stack_without_a_second_region_takes_no_right_to_versions(
        self, world: World
    ) -> None:
        world.configure()
        marker = completes(world, "a")
        assert world.asked("ListObjectVersions") == []
        assert "version" not in marker["objects"][0]
        assert "versions_sha256" not in marker


def since_success(world: World) -> list[float]:
    return [each["SecondsSinceSuccess"] for each in world.metrics() if "SecondsRunning" in each]


class TestWatchWhereTheOtherRegionRuns:
    @pytest.fixture(autouse=True)
    def standby(self, world: World) -> None:
        pair(world)
        decide(world, OTHER)
        world.schedule()
        world.now = NOW + 3 * DAY

    def test_misses_no_slot_and_no_success(self, world: World) -> None:
        assert world.reconcile() == {}
        assert since_success(world) == [0.0]

    def test_still_hears_of_what_was_under_way(self, world: World) -> None:
        world.run()
        world.now += timedelta(minutes=5)
        assert world.reconcile() == {NAME: "completed"}

    def test_asks_for_what_waits_so_that_it_ends_as_skipped(self, world: World) -> None:
        waits = {"input": {"when_empty": "wait"}, "recovery": {"region": OTHER}}
        world.configure(**waits)
        decide(world, REGION, 2)
        attempt = Attempt("daily", SLOT + 3 * DAY, 1)
        assert world.launch(attempt)["result"] == "waiting"
        decide(world, OTHER, 3)
        world.now += timedelta(minutes=5)
        assert world.reconcile() == {job_name(PREFIX, attempt): "waiting"}
        assert world.fire()["reason"].startswith("Standby: ")
        world.deliver()
        assert world.planned() == {}
        assert world.reconcile() == {}

    def test_concludes_what_was_skipped_if_its_notice_was_lost(self, world: World) -> None:
        attempt = Attempt("daily", SLOT + 3 * DAY, 1)
        world.launch(attempt)
        world.notices()
        world.now += timedelta(minutes=5)
        assert world.reconcile() == {job_name(PREFIX, attempt): "skipped"}
        assert world.messages() == []


class TestWatchWhereThisRegionRuns:
    """Since 14:00 UTC on the day before the slot of 02:00."""

    @pytest.fixture(autouse=True)
    def schedule(self, world: World) -> None:
        pair(world, home=False)
        world.schedule()

    def since(self, world: World, *told: str) -> datetime:
        return decide(world, REGION, 1, *told).since

    def test_misses_what_is_due_since_it_does(self, world: World) -> None:
        self.since(world)
        world.now = NOW + timedelta(hours=2)
        assert world.reconcile() == {NAME: "missed"}

    def test_misses_nothing_that_was_due_before(self, world: World) -> None:
        self.since(world)
        world.now = SLOT - timedelta(hours=11)  # an hour after
        assert world.reconcile() == {}
        assert since_success(world) == [0.0], "its first slot is yet to come"

    def test_counts_the_time_without_success_from_its_first_slot_on(self, world: World) -> None:
        self.since(world)
        world.journal.record_success("daily", "a-job", NOW - 20 * DAY)
        world.now = SLOT + timedelta(minutes=30)
        world.reconcile()
        assert since_success(world) == [1800.0]

    def test_goes_on_while_the_other_region_does_not_answer(self, world: World) -> None:
        self.since(world, REGION)
        world.lost_regions.add(OTHER)
        world.now = NOW + timedelta(hours=2)
        assert world.reconcile() == {NAME: "missed"}


def test_the_home_region_watches_as_ever_before_anybody_has_decided(world: World) -> None:
    pair(world)
    world.schedule()
    world.now = NOW + timedelta(hours=2)
    assert world.reconcile() == {job_name(PREFIX, ATTEMPT): "missed"}
