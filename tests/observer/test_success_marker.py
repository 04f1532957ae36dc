import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from observer import success_marker
from pipeline.attempt import Attempt, job_name
from tests.lambda_world import ATTEMPT, ENVIRONMENT, NAME, NOW, PREFIX, World, set_last_modified

PLACE = "output/daily/2026/01/05/020000/"
MARKER = f"{PLACE}_SUCCESS"
SECOND = replace(ATTEMPT, number=2)


def completes(world: World, attempt: Attempt = ATTEMPT, *names: str, body: bytes = b"x") -> str:
    """Let an attempt write these, complete and be observed; return its outcome."""
    world.now += timedelta(minutes=1)
    world.sagemaker.add(job_name(PREFIX, attempt))
    world.now += timedelta(minutes=11)
    for name in names:
        world.write(PLACE + name, body)
    return world.observe(world.sagemaker.end(job_name(PREFIX, attempt), "Completed"))


def keys(world: World) -> list[str]:
    return [each["key"].removeprefix(PLACE) for each in world.marker()["objects"]]


class TestMarker:
    def test_names_job_times_image_and_every_object(self, world: World) -> None:
        completes(world, ATTEMPT, "a.parquet", "b/c.parquet", body=b"abc")
        document = world.marker()
        assert document.pop("input")["prefix"] == "s3://in-bucket/input/2026/01/05/"
        etag = hashlib.md5(b"abc", usedforsecurity=False).hexdigest()
        assert document == {
            "job_name": NAME,
            "schedule": "daily",
            "slot": "2026-01-05T02:00:00Z",
            "attempt": 1,
            "image": f"image@sha256:{'ab' * 32}",
            "created": (NOW + timedelta(minutes=1)).isoformat(),
            "started": (NOW + timedelta(minutes=2)).isoformat(),
            "ended": (NOW + timedelta(minutes=12)).isoformat(),
            "object_count": 2,
            "total_size": 6,
            "objects": [
                {"key": f"{PLACE}a.parquet", "size": 3, "etag": etag},
                {"key": f"{PLACE}b/c.parquet", "size": 3, "etag": etag},
            ],
            "truncated": False,
            "stale": {"count": 0, "keys": []},
        }

    def test_names_the_reference_data_as_it_does_the_input(self, world: World) -> None:
        world.configure(reference={"prefix": "models/"})
        world.upload("models/a.bin")
        set_last_modified("in-bucket", "models/a.bin", NOW)
        completes(world)
        found = world.marker()["reference"]
        assert (found["prefix"], found["objects"]) == ("s3://in-bucket/models/", 1)

    def test_leaves_out_other_slots_and_names_that_begin_alike(self, world: World) -> None:
        world.write("output/daily/2026/01/06/020000/a.parquet")
        completes(world, ATTEMPT, "_SUCCESS.parquet")
        assert keys(world) == ["_SUCCESS.parquet"]

    def test_is_encrypted_with_the_stacks_key(self, world: World) -> None:
        completes(world)
        (request,) = [each for each in world.asked("PutObject") if each["Key"] == MARKER]
        assert request["ServerSideEncryption"] == "aws:kms"
        assert request["SSEKMSKeyId"] == ENVIRONMENT["KMS_KEY_ARN"]

    def test_lists_more_objects_than_one_page_holds(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
        completes(world, ATTEMPT, *"abcde")
        assert keys(world) == list("abcde")

    @pytest.mark.parametrize(("most", "listed"), [(4, "abcd"), (5, "abcde")])
    def test_lists_the_first_of_very_many_counts_all_and_says_so(
        self, world: World, monkeypatch: pytest.MonkeyPatch, most: int, listed: str
    ) -> None:
        monkeypatch.setattr(success_marker, "LISTED", most)
        completes(world, ATTEMPT, *"abcde", body=b"xy")
        assert keys(world) == list(listed)
        assert (world.marker()["object_count"], world.marker()["total_size"]) == (5, 10)
        assert world.marker()["truncated"] == (most < 5)


class TestThePlace:
    def test_is_the_jobs_own_whatever_its_prefix_names_of_the_slot(self, world: World) -> None:
        world.configure(output={"prefix": "out/{previous_local:%F}/"})
        world.launch()
        world.write("out/2026-01-04/a.parquet")
        assert world.observe(world.sagemaker.end(NAME, "Completed")) == "completed"
        assert "out/2026-01-04/_SUCCESS" in world.output()

    def test_is_there_for_a_job_that_ends_after_its_schedule(self, world: World) -> None:
        world.launch()
        world.configure(schedules={"other": {"expression": "rate(1 day)"}})
        world.write(f"{PLACE}a.parquet")
        assert world.observe(world.sagemaker.end(NAME, "Completed")) == "completed"
        assert MARKER in world.output()


class TestAttempts:
    def test_a_later_one_lists_only_what_it_wrote_and_names_the_rest(self, world: World) -> None:
        completes(world, ATTEMPT, "1", "2", "3")
        completes(world, SECOND, "1", "2")
        assert (world.marker()["attempt"], keys(world)) == (2, ["1", "2"])
        assert world.marker()["stale"] == {"count": 1, "keys": [f"{PLACE}3"]}

    def test_names_the_first_of_very_many_stale_objects_and_counts_all(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(success_marker, "STALE_NAMED", 2)
        completes(world, ATTEMPT, "1", "2", "3")
        completes(world, SECOND, "4")
        assert world.marker()["stale"] == {"count": 3, "keys": [f"{PLACE}1", f"{PLACE}2"]}

    def test_calls_nothing_stale_of_the_second_in_which_its_job_was_created(
        self, world: World
    ) -> None:
        # S3 cuts its times off: this may have been written after the job's creation.
        world.now = NOW.replace(microsecond=700_000)
        world.sagemaker.add(NAME)
        world.now = NOW
        world.write(f"{PLACE}a")
        world.now += timedelta(minutes=11)
        world.observe(world.sagemaker.end(NAME, "Completed"))
        assert (keys(world), world.marker()["stale"]["count"]) == (["a"], 0)

    def test_before_a_later_one_starts_the_earlier_marker_is_gone(self, world: World) -> None:
        completes(world, ATTEMPT, "1")
        assert world.launch(SECOND, "operator")["result"] == "started"
        assert world.output() == [f"{PLACE}1"]
        names = [name for name, _ in world.requests]
        assert names.index("DeleteObject") < names.index("CreateProcessingJob")

    def test_a_first_one_and_one_without_a_marker_delete_nothing(self, world: World) -> None:
        world.launch()
        world.write(f"{PLACE}_SUCCESS.parquet")
        world.launch(SECOND, "operator")
        assert world.asked("DeleteObject") == []

    def test_a_refused_one_takes_no_success_back(self, world: World) -> None:
        completes(world, ATTEMPT, "1")
        world.client("s3").delete_object(Bucket="in-bucket", Key="input/2026/01/05/a.csv")
        assert world.launch(SECOND, "operator")["result"] == "refused"
        assert world.marker()["attempt"] == 1

    def test_one_whose_marker_may_not_be_withdrawn_is_refused_and_told(self, world: World) -> None:
        completes(world, ATTEMPT, "1")
        world.errors["DeleteObject"] = [("AccessDenied", "Access Denied")]
        assert world.launch(SECOND, "operator")["result"] == "refused"
        assert world.deliver() == ["access_denied"]

    def test_an_end_that_is_heard_of_late_leaves_the_place_to_the_later_one(
        self, world: World
    ) -> None:
        event = world.run()
        assert completes(world, SECOND, "1") == "completed"
        assert world.observe(event) == "completed"
        assert world.marker()["attempt"] == 2
        entry = world.journal.entry(ATTEMPT)
        assert entry
        assert entry.success_marker is None

    def test_the_later_one_is_the_one_that_was_started_later_whatever_its_number(
        self, world: World
    ) -> None:
        completes(world, replace(ATTEMPT, number=3), "1")
        assert completes(world, SECOND, "1") == "completed"
        assert world.marker()["attempt"] == 2

    def test_one_that_was_started_with_a_number_left_out_is_later_too(self, world: World) -> None:
        event = world.fail()
        completes(world, replace(ATTEMPT, number=3), "1")
        assert world.observe(event) == "script_failed"
        assert world.marker()["attempt"] == 3

    def test_are_looked_for_among_the_slots_own_jobs_only(self, world: World) -> None:
        world.observe(world.run())
        (asked,) = world.asked("ListProcessingJobs")
        own = NAME.removesuffix("1")
        assert asked == {"NameContains": own, "MaxResults": 100}

    def test_a_failure_that_is_heard_of_late_leaves_it_too(self, world: World) -> None:
        event = world.fail()
        completes(world, SECOND, "1")
        assert world.observe(event) == "script_failed"
        assert world.marker()["attempt"] == 2


class TestForeignMarker:
    """A script's own _SUCCESS, or anybody's: Spark writes one."""

    def test_of_a_job_that_failed_does_not_stay(self, world: World) -> None:
        event = world.fail()
        world.write(MARKER, b"")
        world.write(f"{PLACE}table/_SUCCESS", b"")
        world.observe(event)
        assert world.output() == [f"{PLACE}table/_SUCCESS"]

    def test_of_a_job_that_completed_is_overwritten(self, world: World) -> None:
        completes(world, ATTEMPT, "a", "_SUCCESS")
        assert keys(world) == ["a"]

    def test_makes_no_success_of_a_slot_for_anybody_here(self, world: World) -> None:
        world.schedule()
        world.write(MARKER, b"")
        world.now = NOW + timedelta(hours=2)
        assert world.reconcile() == {NAME: "missed"}
        assert world.journal.last_success("daily") is None


class TestEmptyOutput:
    @pytest.fixture(autouse=True)
    def fail(self, world: World) -> None:
        world.configure(output={"when_empty": "fail"})

    def test_is_a_failure_and_told_without_a_marker(self, world: World) -> None:
        assert completes(world) == "empty_output"
        assert world.output() == []
        ((subject, text),) = world.messages()
        assert "failed: empty output" in subject
        assert f"Reason: EmptyOutput: the job wrote no object under s3://out-bucket/{PLACE}" in text
        assert world.metrics()[0]["JobsFailed"] == 1
        assert world.planned() == {}

    def test_is_that_of_an_attempt_which_left_an_earlier_ones_objects_alone(
        self, world: World
    ) -> None:
        completes(world, ATTEMPT, "a")
        world.now += timedelta(minutes=1)
        world.launch(SECOND, "operator")
        assert world.observe(world.run(SECOND)) == "empty_output"
        assert world.output() == [f"{PLACE}a"]

    def test_with_a_folder_of_the_console_is_empty_all_the_same(self, world: World) -> None:
        assert completes(world, ATTEMPT, "folder/") == "empty_output"

    def test_with_a_scripts_own_marker_is_empty_all_the_same(self, world: World) -> None:
        assert completes(world, ATTEMPT, "_SUCCESS") == "empty_output"
        assert world.output() == []

    def test_is_a_success_where_the_settings_allow_it(self, world: World) -> None:
        world.configure(output={"when_empty": "allow"})
        assert completes(world) == "completed"
        assert (world.marker()["object_count"], world.marker()["objects"]) == (0, [])


class TestInput:
    def test_is_hashed_by_key_size_and_etag(self, world: World) -> None:
        set_last_modified("in-bucket", "input/2026/01/05/a.csv", NOW)
        completes(world)
        etag = hashlib.md5(b"1,2\n", usedforsecurity=False).hexdigest()
        line = f'input/2026/01/05/a.csv\x004\x00"{etag}"\n'
        assert world.marker()["input"] == {
            "prefix": "s3://in-bucket/input/2026/01/05/",
            "objects": 1,
            "listing_sha256": hashlib.sha256(line.encode()).hexdigest(),
            "changed_since": 0,
        }

    def test_that_came_after_the_job_was_created_is_counted_apart(self, world: World) -> None:
        completes(world)  # moto's objects have the real time, which is later
        found = world.marker()["input"]
        assert (found["objects"], found["changed_since"]) == (0, 1)
        assert found["listing_sha256"] == hashlib.sha256().hexdigest()
